"""Front page and lists of one's own: all of what is one's organisations', nothing of anybody else's."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from clearance.rig import CASES, connector
from identity.made import FOREIGN, OWN, PRINCIPAL, delegated, member, officer, organisation, signed_in
from silkgate.clearance import models as clearance
from silkgate.clearance.api import of_parties, run_case
from silkgate.exchange import models as exchange
from silkgate.exchange.api import messages_of
from silkgate.identity import models
from silkgate.kernel.clock import CHINA
from silkgate.ledger import api as ledger

CODES = (OWN, PRINCIPAL, FOREIGN)


@pytest.fixture
def cleared(database: str, tmp_path: Path) -> dict[str, list[str]]:
    """A cleared case whose declarations and messages belong in turn to three organisations; order numbers by code."""
    run_case(CASES / "05-match-differences", tmp_path / "case", connector(database))
    orders: dict[str, list[str]] = {code: [] for code in CODES}
    for place, row in enumerate(clearance.Declaration.objects.order_by("id")):
        code = CODES[place % 3]
        parties = {"ebc_code": code, "ebp_code": f"P{place}", "agent_code": f"A{place}", "logistics_code": f"L{place}"}
        clearance.Declaration.objects.filter(id=row.id).update(**parties)
        orders[code].append(row.order_no)
    for place, number in enumerate(exchange.Message.objects.order_by("id").values_list("id", flat=True)):
        exchange.Message.objects.filter(id=number).update(sender=CODES[place % 3])
    for code in CODES:
        organisation(code)
    return orders


def text(client: Client, address: str, language: str = "zh-hans") -> str:
    answer = client.get(address, headers={"accept-language": language})
    assert answer.status_code == 200, f"{address}: {answer.status_code}"
    return answer.content.decode()


def test_whoever_has_not_signed_in_sees_the_live_page(cleared: dict[str, list[str]]) -> None:
    page = text(Client(), "/")
    assert "今日收到单证" in page
    assert 'hx-get="/live"' in page
    assert "今日收到单证" in text(Client(), "/live")
    assert "<html" not in Client(headers={"hx-request": "true"}).get("/live").content.decode()


def test_a_new_person_is_told_what_to_do(database: str) -> None:
    page = text(signed_in("new"), "/")
    assert "您还没有加入任何单位" in page
    assert "/account/organisations/new" in page


@pytest.mark.parametrize("address", ["/", "/mine/declarations"])
def test_declarations_of_ones_own_alone(cleared: dict[str, list[str]], address: str) -> None:
    page = text(member("chen", OWN, "declarant"), address)
    assert sum(order in page for order in cleared[OWN]) == min(len(cleared[OWN]), 5 if address == "/" else 50)
    assert not any(order in page for code in (PRINCIPAL, FOREIGN) for order in cleared[code])
    assert FOREIGN not in page


def test_what_was_delegated_is_there_as_far_as_its_scope_goes(cleared: dict[str, list[str]]) -> None:
    client = member("chen", OWN, "declarant")
    for scopes, there in ((["filings"], False), (["read"], True)):
        models.Delegation.objects.all().delete()
        delegated(PRINCIPAL, OWN, scopes)
        page = text(client, "/mine/declarations")
        assert any(order in page for order in cleared[PRINCIPAL]) is there
        assert (client.get(f"/mine/declarations?organisation={PRINCIPAL}").status_code == 200) is there
        front = text(client, f"/?organisation={PRINCIPAL}")
        assert any(order in front for order in cleared[PRINCIPAL]) is there
    assert client.get(f"/mine/declarations?organisation={FOREIGN}").status_code == 403
    denied = models.AccessRecord.objects.filter(allowed=False, organisation_code=FOREIGN)
    assert denied.count() == 1, "a denial is kept"
    assert FOREIGN not in text(client, f"/?organisation={FOREIGN}").split("<main")[1], "of it nothing is told"


@pytest.mark.parametrize(
    ("role", "open_to"),
    [
        ("representative", {"declarations", "messages", "balances"}),
        ("declarant", {"declarations", "messages", "balances"}),
        ("reader", {"declarations", "messages", "balances"}),
        ("filer", {"balances"}),
    ],
)
def test_each_role_sees_what_is_its(cleared: dict[str, list[str]], role: str, open_to: set[str]) -> None:
    client = member("chen", OWN, role)
    found = {
        name for name in ("declarations", "messages", "balances") if client.get(f"/mine/{name}").status_code == 200
    }
    assert found == open_to
    page = text(client, "/")
    assert any(order in page for order in cleared[OWN]) is ("declarations" in open_to)


def test_filters_stand_in_the_address(cleared: dict[str, list[str]]) -> None:
    client = member("chen", OWN, "declarant")
    rows = clearance.Declaration.objects.filter(ebc_code=OWN)
    refused = [row.order_no for row in rows if row.state == "100" or row.state.startswith("-")]
    page = text(client, "/mine/declarations?state=refused")
    assert [order for order in cleared[OWN] if order in page] == refused
    day = rows[0].stored_at.astimezone(CHINA).date()
    assert all(order in text(client, f"/mine/declarations?day={day}") for order in cleared[OWN])
    for other in (day - timedelta(days=1), day + timedelta(days=1)):
        assert "没有符合条件的清单" in text(client, f"/mine/declarations?day={other}")
        assert "没有符合条件的报文" in text(client, f"/mine/messages?day={other}")
    for odd in ("day=2026-13-40", "state=none", "before=x", "day=0001-01-01", "before=" + "9" * 30):
        assert all(order in text(client, f"/mine/declarations?{odd}") for order in cleared[OWN])
    assert "rejected" not in text(client, "/mine/messages?outcome=accepted").split("<main")[1].replace(
        "outcome=rejected", ""
    )


def test_pages_of_a_list_hold_each_line_once(cleared: dict[str, list[str]]) -> None:
    for query in (_declarations, _messages):
        whole, before, found = query(None, 1_000)[0], None, []
        while True:
            lines, older = query(before, 2)
            found += lines
            if older is None:
                break
            before = older
        assert found == whole
        assert len(set(whole)) == len(whole) > 2


def _declarations(before: int | None, limit: int) -> tuple[list[int], int | None]:
    page = of_parties([OWN, PRINCIPAL], before=before, limit=limit)
    return [line.id for line in page.lines], page.older


def _messages(before: int | None, limit: int) -> tuple[list[int], int | None]:
    lines, _, older = messages_of([OWN, PRINCIPAL], before=before, limit=limit)
    return [line.id for line in lines], older


def test_a_day_is_found_by_halving(cleared: dict[str, list[str]]) -> None:
    """Whatever the gaps between numbers: the days together hold every declaration, each once."""
    first = datetime(2026, 6, 1, tzinfo=UTC)
    for place, row in enumerate(clearance.Declaration.objects.order_by("-id")):
        at = first + timedelta(hours=100 - 7 * place)
        clearance.Declaration.objects.filter(id=row.id).update(stored_at=at, id=row.id * 13)
    times = list(clearance.Declaration.objects.order_by("id").values_list("id", "stored_at"))
    assert len(times) > 5
    for day in range(-3, 8):
        since, until = first + timedelta(days=day), first + timedelta(days=day + 1)
        expected = [number for number, at in reversed(times) if since <= at < until]
        assert [line.id for line in of_parties(None, since=since, until=until).lines] == expected


def test_balances_are_told_with_what_is_left(cleared: dict[str, list[str]]) -> None:
    client, now = member("chen", OWN, "declarant"), datetime.now(UTC)
    assert "没有以本单位名义备案的担保" in text(client, "/mine/balances")
    with connection.cursor() as cursor:
        (number,) = ledger.allot_ids(cursor, 1)
        ledger.open_accounts(cursor, [ledger.NewAccount(number, "guarantee", OWN, 1_000_000, 123_450)], at=now)
    for address in ("/mine/balances", "/"):
        page = text(client, address)
        assert "¥1,234.50" in page
        assert "¥8,765.50" in page


def test_stock_is_shown_to_the_warehouse_that_keeps_the_book(cleared: dict[str, list[str]]) -> None:
    from silkgate.bonded import api as bonded

    records = [
        (bonded.BookRecord("H46010000001", str(item), OWN, "1901101000", "011"), 500_000) for item in range(1, 24)
    ]
    with connection.cursor() as cursor:
        bonded.enter_records(cursor, records, at=datetime.now(UTC))
        assert bonded.records_of(cursor, FOREIGN) == []
    client = member("chen", OWN, "declarant")
    first = text(client, "/mine/balances", "en")
    assert first.count("Book H46010000001") == 20
    assert "Book H46010000001" not in text(member("deng", FOREIGN, "declarant"), "/mine/balances", "en")
    assert "item 1<" in first
    following = re.search(r'href="(/mine/balances[^"]*)" rel="next"', first)
    assert following, "there are more than a page holds"
    rest = text(client, following[1].replace("&amp;", "&"), "en")
    assert rest.count("Book H46010000001") == 3


@pytest.mark.parametrize(
    ("duties", "there", "absent"),
    [
        (["declarations"], ["待处理清单"], ["运行监测</a> →", "企业备案</dt>"]),
        (["filings"], ["企业备案", "/work?workflow=registry.filing"], ["待处理清单"]),
        (["operations"], ["运行监测", "等引擎裁决的单证"], ["待处理清单"]),
        (["audit"], ["您的职责内没有需要办理的事项"], ["待处理清单"]),
    ],
)
def test_an_office_shows_what_waits_for_its_duties(
    cleared: dict[str, list[str]], duties: list[str], there: list[str], absent: list[str]
) -> None:
    main = text(officer("zhao", duties), "/").split("<main")[1]
    assert all(words in main for words in there)
    assert not any(words in main for words in absent)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_case_that_waits_for_papers_stands_on_the_front_page(
    database: str, language: str, papers: Callable[[], int]
) -> None:
    number = papers()
    main = text(member("chen", OWN, "filer"), "/", language).split("<main")[1]
    assert f"/cases/{number}" in main
    assert ("待补正" if language == "zh-hans" else "More papers asked") in main
    assert f"/cases/{number}" not in text(member("deng", FOREIGN, "filer"), "/", language)


@pytest.fixture
def papers(database: str, tmp_path: Path) -> Callable[[], int]:
    """Makes a filing of one's own of which an officer has asked more; the case's number."""
    from django.test import override_settings

    from registry.made import REVIEWER, apply_and_submit
    from silkgate.casework import api as casework

    def made() -> int:
        at = datetime.now(UTC)
        with override_settings(EVIDENCE_FOLDER=tmp_path / "evidence", VIRUS_SCANNER=""):
            case = apply_and_submit(code=OWN, at=at)
            casework.move(REVIEWER, case.id, "take", at=at)
            casework.move(REVIEWER, case.id, "ask", reason="请补交章程", at=at)
        return case.id

    return made
