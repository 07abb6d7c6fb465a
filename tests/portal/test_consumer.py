"""A person's own allowance: who may look, what is counted, objecting; nothing to be learnt by trying."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings

from casework.files import pdf
from clearance.rig import CASES, connector
from silkgate.casework import api as casework
from silkgate.clearance.api import run_case
from silkgate.clearance.consumer import objections, pages, proof, uses
from silkgate.clearance.consumer.proof import Claim, Person
from silkgate.clearance.models import Declaration
from silkgate.identity.api import Actor
from silkgate.identity.models import AccessRecord
from silkgate.kernel.clock import CHINA
from silkgate.ledger import api as ledger
from silkgate.site import moment

LI = {"id_number": "410105198803129810", "name": "李明华", "parcel": "D202606180001"}
WANG = {"id_number": "110105197905219862", "name": "王秀英", "parcel": "KG20260618000002"}
NOW = datetime(2026, 6, 22, 10, tzinfo=CHINA)
DAY = NOW.date()
OFFICER = Actor("zhao", "person", 1, agency="customs", duties=frozenset({"declarations"}))
OTHER_OFFICER = OFFICER._replace(name="qian", user_id=2)


class Watch:
    """The clock of the site, set by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now.astimezone(UTC)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    made = Watch()

    def told(self: moment.Moment, request: HttpRequest) -> HttpResponse:
        request.moment = made()  # type: ignore[attr-defined]
        return self.get_response(request)

    monkeypatch.setattr(moment.Moment, "__call__", told)
    return made


@pytest.fixture
def site(database: str, tmp_path: Path, watch: Watch) -> Iterator[Client]:
    """A consumer's browser; five parcels are cleared: one released, two in inspection, two in review."""
    run_case(CASES / "10-selection", tmp_path / "case", connector(database))
    with override_settings(EVIDENCE_FOLDER=tmp_path / "evidence", VIRUS_SCANNER=""):
        yield Client(headers={"accept-language": "zh-CN"})


def proved(client: Client, claim: dict[str, str] = LI) -> Client:
    response = client.post("/allowance", claim)
    assert (response.status_code, response.headers.get("Location")) == (302, "/allowance"), response.content.decode()
    return client


def number_of(order_no: str) -> int:
    return Declaration.objects.get(order_no=order_no).id


def shown(response: HttpResponse) -> str:
    return response.content.decode()


# --- Who it is --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parcel", ["D202606180001", "KG20260618000001"])
def test_one_parcel_is_known_by_either_number(site: Client, parcel: str) -> None:
    assert proof.knows_a_parcel(Claim(LI["id_number"], LI["name"], parcel))


WRONG = {
    "wrong name": {"name": "李明"},
    "somebody else's name": {"name": WANG["name"]},
    "wrong number": {"id_number": WANG["id_number"]},
    "somebody else's parcel": {"parcel": WANG["parcel"]},
    "no such parcel": {"parcel": "D999999999999"},
    "nobody known at all": {"id_number": "11010519491231002X", "name": "无名氏", "parcel": "KG00000000000000"},
    "pattern": {"parcel": "D20260618000%"},
}


def _anonymous(response: HttpResponse, typed: dict[str, str]) -> str:
    """A page without what differs by itself: the token of the form, and what was typed."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", shown(response))
    for value in typed.values():
        text = text.replace(f'value="{value}"', "")
    return text


def test_whatever_is_wrong_the_answer_is_the_same(site: Client) -> None:
    answers = set()
    for change in WRONG.values():
        site = Client(headers={"accept-language": "zh-CN"})
        typed = LI | change
        response = site.post("/allowance", typed)
        assert all(f'value="{value}"' in shown(response) for value in typed.values()), "what was typed is kept"
        assert "silkgate_allowance" not in response.cookies
        answers.add((response.status_code, _anonymous(response, typed)))
    assert len(answers) == 1
    assert "不说明是哪一项不符" in answers.pop()[1]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("id_number", "", "请填写公民身份号码"),
        ("id_number", "410105198803129811", "身份号码应为18位"),
        ("id_number", "123", "身份号码应为18位"),
        ("id_number", "410105198813129810", "身份号码应为18位"),
        ("name", "", "请填写姓名"),
        ("name", "李" * 61, "姓名最多60个字"),
        ("parcel", " ", "请填写一个订单号或运单号"),
    ],
)
def test_what_is_no_number_or_name_is_said_beside_the_field(site: Client, field: str, value: str, said: str) -> None:
    text = shown(site.post("/allowance", LI | {field: value}))
    beside = text.split(f'id="id_{field}_error"')[1].split("</div>")[0]
    assert said in beside
    assert all(f'value="{kept}"' in text for name, kept in LI.items() if name != field)


def test_spaces_and_a_small_x_are_understood(site: Client) -> None:
    assert site.post("/allowance", LI | {"id_number": "410105 19880312 9810", "name": " 李明华 "}).status_code == 302


def test_many_tries_wait_and_learn_nothing_more(site: Client, watch: Watch) -> None:
    for _ in range(proof.MOST_TRIES["person"]):
        assert site.post("/allowance", LI | {"name": "李四"}).status_code == 200
    # Right or wrong: neither is looked at any more, from wherever it comes.
    right, wrong = (Client(REMOTE_ADDR="203.0.113.9").post("/allowance", LI | {"name": n}) for n in ("李明华", "李四"))
    assert right.status_code == wrong.status_code == 429
    assert _anonymous(right, {"name": "李明华"}) == _anonymous(wrong, {"name": "李四"})
    watch.now += proof.LASTS
    proved(site)


@pytest.mark.parametrize(
    ("what", "claim"),
    [
        ("parcel", lambda n: LI | {"id_number": someone(n)}),
        ("address", lambda n: LI | {"id_number": someone(n), "parcel": f"P{n}"}),
    ],
)
def test_tries_are_counted_by_parcel_and_by_address(
    site: Client, what: str, claim: Callable[[int], dict[str, str]]
) -> None:
    answers = [site.post("/allowance", claim(n)).status_code for n in range(proof.MOST_TRIES[what] + 1)]
    assert answers == [200] * proof.MOST_TRIES[what] + [429]


def someone(serial: int) -> str:
    """A valid identity number for each serial."""
    body = f"41010519880312{serial:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(w * int(c) for w, c in zip(weights, body, strict=True)) % 11]


def test_tries_are_counted_without_keeping_who_it_was(site: Client) -> None:
    site.post("/allowance", LI | {"name": "李四"})
    with connection.cursor() as cursor:
        cursor.execute("select cache_key || ' ' || value from identity_cache")
        kept = "\n".join(row[0] for row in cursor.fetchall())
    assert "clearance.consumer.person" in kept
    assert not any(value in kept for value in LI.values())


def nobody_is(claim: Claim) -> bool:
    """A check that knows nobody."""
    return False


def everybody_is(claim: Claim) -> bool:
    """A check that believes everybody."""
    return True


def silent(claim: Claim) -> bool:
    """A check whose service does not answer."""
    raise proof.CheckUnavailable


@pytest.mark.parametrize(
    ("check", "claim", "status"),
    [(nobody_is, LI, 200), (everybody_is, LI | {"parcel": "any"}, 302), (silent, LI, 503)],
)
def test_the_check_is_an_adapter(site: Client, check: Any, claim: dict[str, str], status: int) -> None:
    with override_settings(IDENTITY_CHECK=f"{__name__}.{check.__name__}"):
        response = site.post("/allowance", claim)
    assert response.status_code == status
    assert ("silkgate_allowance" in response.cookies) == (status == 302)


# --- Fifteen minutes --------------------------------------------------------------------------------------------------


def test_the_cookie_says_nothing_to_others(site: Client) -> None:
    proved(site)
    cookie = site.cookies["silkgate_allowance"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (
        "/allowance",
        True,
        "Strict",
        900,
    )
    assert LI["id_number"] not in cookie.value
    assert proof.opened(cookie.value, NOW) == Person(LI["id_number"], LI["name"])


@pytest.mark.parametrize(
    ("value", "after"),
    [
        (lambda good: good, timedelta(minutes=15, seconds=1)),
        (lambda good: good[:-4] + "AAA=", timedelta()),
        (lambda good: "", timedelta()),
        (lambda good: "号码", timedelta()),
        (lambda good: proof.sealed(Person("x", "y"), NOW)[:40], timedelta()),
    ],
)
def test_a_proof_that_is_over_or_changed_is_none(database: str, value: Callable[[str], str], after: timedelta) -> None:
    good = proof.sealed(Person(LI["id_number"], LI["name"]), NOW)
    assert proof.opened(good, NOW + timedelta(minutes=14, seconds=59)) is not None
    assert proof.opened(value(good), NOW + after) is None


def test_after_fifteen_minutes_one_is_asked_again(site: Client, watch: Watch) -> None:
    proved(site)
    watch.now += timedelta(minutes=15, seconds=1)
    assert "公民身份号码" in shown(site.get("/allowance"))
    response = site.get(f"/allowance/uses/{number_of(LI['parcel'])}", follow=True)
    assert "查询时间已过" in shown(response)


def test_finishing_forgets_at_once(site: Client) -> None:
    proved(site).post("/allowance/end")
    assert "身份使用记录" not in shown(site.get("/allowance"))


def test_nothing_of_it_stays_in_caches_or_addresses(site: Client) -> None:
    for response in (site.get("/allowance"), proved(site).get("/allowance")):
        assert {"private", "no-store"} <= set(response["Cache-Control"].split(", "))
    assert not re.search(rf'(href|action)="[^"]*({LI["id_number"]}|李明华)', shown(site.get("/allowance")))


def test_every_look_is_recorded_without_the_number(site: Client) -> None:
    proved(site).get("/allowance")
    site.get(f"/allowance/uses/{number_of(LI['parcel'])}")
    records = list(AccessRecord.objects.filter(action="clearance.own_uses").order_by("id"))
    assert [record.subject.partition("/allowance")[1:] for record in records] == [
        ("/allowance", ""),
        ("/allowance", f"/uses/{number_of(LI['parcel'])}"),
    ]
    assert all(record.allowed and record.purpose == pages.PURPOSE for record in records)
    assert not any(LI["id_number"] in record.subject for record in records)


# --- What is counted --------------------------------------------------------------------------------------------------


def test_the_year_is_the_ledgers(site: Client) -> None:
    for claim, used, reserved in ((LI, 15_000, 0), (WANG, 0, 19_800)):
        held = uses.allowance(uses.statement(claim["id_number"], 2026), DAY)
        assert (held.balance.used, held.balance.reserved, held.balance.free) == (
            used,
            reserved,
            2_600_000 - used - reserved,
        )
        with connection.cursor() as cursor:
            key = ("allowance", f"{claim['id_number']}/2026")
            assert ledger.balances(cursor, [key])[key].used == used + reserved
    text = shown(proved(site).get("/allowance"))
    for told in ("¥26,000", "¥5,000", "¥150.00", "¥25,850.00", "财关税〔2018〕49号", "46122026I000000001", "放行"):
        assert told in text
    assert "46122026I000000002" not in text, "that is somebody else's"


def test_the_limits_are_those_of_the_day(database: str) -> None:
    days = (DAY, DAY.replace(year=2017))
    told = [uses.allowance(uses.statement("nobody", day.year), day).annual.value for day in days]
    assert told == [26_000, 20_000]


def test_somebody_without_uses_has_all_of_it(database: str) -> None:
    stated = uses.statement("nobody", 2026)
    held = uses.allowance(stated, DAY)
    assert (held.uses, held.balance.free, uses.uses(stated).lines) == (0, 2_600_000, ())


def test_uses_are_told_page_by_page(site: Client) -> None:
    """All of one account's declarations, in pages of any size, are the same ones once each, newest first."""
    with connection.cursor() as cursor:
        key = ("allowance", f"{LI['id_number']}/2026")
        account = ledger.balances(cursor, [key])[key].id
        numbers = sorted(Declaration.objects.exclude(state="2").values_list("id", flat=True), reverse=True)
        moves = [ledger.Move(account, "reserve", 100, n) for n in numbers if n != number_of(LI["parcel"])]
        back = [ledger.Move(account, "void", -100, numbers[0])]
        ledger.post(cursor, [*moves, *back], reference_kind="declaration", at=NOW)
    for limit in (1, 2, 3, 10):
        seen: list[uses.Use] = []
        before: int | None = None
        while True:
            page = uses.uses(uses.statement(LI["id_number"], 2026), before=before, limit=limit)
            assert len(page.lines) <= limit
            seen += page.lines
            before = page.older
            if before is None:
                break
        assert [one.number for one in seen] == numbers
    assert seen[0].counted_cents == 0
    assert (seen[0].taken_cents, seen[0].returned_cents) == (100, 100)


@pytest.mark.parametrize("number", ["other", "none", "huge"])
def test_a_use_of_somebody_else_is_not_there(site: Client, number: str) -> None:
    at = {"other": number_of("D202606180002"), "none": 999_999, "huge": 10**30}[number]
    proved(site)
    assert site.get(f"/allowance/uses/{at}").status_code == 404
    assert site.post(f"/allowance/uses/{at}", {"statement": "不是我买的"}).status_code == 404
    assert not casework.worklist(OFFICER).lines


# --- Objecting --------------------------------------------------------------------------------------------------------


def objected(site: Client, statement: str = "我没有在该平台购物") -> casework.Case:
    number = number_of(LI["parcel"])
    response = proved(site).post(f"/allowance/uses/{number}", {"statement": statement})
    assert response.status_code == 302, shown(response)
    case = objections.newest(number)
    assert case is not None
    return case


def test_an_objection_is_a_case_with_a_deadline(site: Client) -> None:
    case = objected(site)
    assert (case.state, case.due_on) == ("submitted", casework.working_day_after(DAY, 15))
    (line,) = casework.worklist(OFFICER, at=NOW).lines
    assert (line.case.id, {move.name for move in line.moves}) == (case.id, {"confirm", "reject", "ask"})
    assert LI["id_number"] not in f"{case}{casework.history(case.id)}"
    assert LI["name"] not in f"{case}{casework.history(case.id)}"
    text = shown(site.get(f"/allowance/uses/{case.data['declaration']}"))
    assert "我没有在该平台购物" in text
    assert "待核查" in text


@pytest.mark.parametrize(
    ("move", "reason", "state"),
    [("confirm", "收货地址和电话均非本人", "认定非本人使用"), ("reject", "运单由本人签收", "认定为本人使用")],
)
def test_the_answer_is_read_where_it_was_asked(site: Client, move: str, reason: str, state: str) -> None:
    case = objected(site)
    casework.move(OFFICER, case.id, move, reason=reason, at=NOW + timedelta(hours=1))
    text = shown(site.get(f"/allowance/uses/{case.data['declaration']}"))
    assert reason in text
    assert state in text
    assert "zhao" not in text, "the office answers, not a name"
    assert state in shown(site.get("/allowance"))


def test_more_is_asked_brought_refused_and_looked_at_again(site: Client, watch: Watch) -> None:
    case = objected(site)
    here = f"/allowance/uses/{case.data['declaration']}"
    casework.move(OFFICER, case.id, "ask", reason="请提供当日行踪说明", at=NOW)
    assert "请提供当日行踪说明" in shown(site.get(here))

    def act(move: str, **more: Any) -> HttpResponse:
        now = casework.case(case.id)
        assert now is not None
        return site.post(here, {"move": move, "version": now.version, "reason": "", **more})

    short = act("answer", reason="无")
    assert "请至少写4个字" in shown(short)
    assert "checked" in shown(short), "what was chosen is kept"
    refused = act("answer", reason="当日在外地出差", paper=SimpleUploadedFile("行程.exe", b"MZ" + b"\0" * 99))
    assert 'id="id_paper_error"' in shown(refused)
    assert casework.evidence(case.id) == []
    assert act("answer", reason="当日在外地出差", paper=SimpleUploadedFile("行程.pdf", pdf())).status_code == 302
    assert [one.name for one in casework.evidence(case.id)] == ["行程.pdf"]
    casework.move(OFFICER, case.id, "reject", reason="付款账户为本人", at=NOW)
    assert act("appeal", reason="账户已被盗用，有报警回执").status_code == 302
    with pytest.raises(casework.MoveRefused):
        casework.move(OFFICER, case.id, "uphold", reason="维持原来的认定", at=NOW)
    casework.move(OTHER_OFFICER, case.id, "grant", reason="报警回执属实", at=NOW)
    text = shown(site.get(here))
    assert "报警回执属实" in text
    assert "提交" not in text.split("<h2")[-1], "nothing is left to do"


def test_an_answer_after_new_year_is_read_too(site: Client, watch: Watch) -> None:
    case = objected(site)
    watch.now = datetime(2027, 1, 5, 10, tzinfo=CHINA)
    casework.move(OFFICER, case.id, "confirm", reason="收货地址和电话均非本人", at=watch.now)
    text = shown(proved(site).get("/allowance"))
    assert "2027年个人年度限值" in text
    assert "46122026I000000001" not in text
    last = shown(site.get("/allowance?year=2026"))
    assert "46122026I000000001" in last
    assert "认定非本人使用" in last
    assert "收货地址和电话均非本人" in shown(site.get(f"/allowance/uses/{case.data['declaration']}"))


@pytest.mark.parametrize("query", ["year=1999", "year=x", "year=9999999999", "before=0", "before=x"])
def test_a_mistyped_address_still_shows_a_year(site: Client, query: str) -> None:
    assert "2026年个人年度限值" in shown(proved(site).get(f"/allowance?{query}"))


def test_while_one_is_open_there_is_no_second(site: Client) -> None:
    case = objected(site)
    person = Person(LI["id_number"], LI["name"])
    found = uses.use(uses.statement(person.id_number, 2026), case.data["declaration"])
    assert found is not None
    with pytest.raises(casework.MoveRefused):
        objections.object_to(person, found, "又一次说明", [], NOW)
    assert len(casework.cases_about(objections.OBJECTION, [objections.subject(found.number)])) == 1


def test_a_paper_that_is_refused_leaves_no_case(site: Client) -> None:
    number = number_of(LI["parcel"])
    bad = SimpleUploadedFile("证据.pdf", b"not a pdf")
    text = shown(proved(site).post(f"/allowance/uses/{number}", {"statement": "不是我买的东西", "paper": bad}))
    assert 'id="id_paper_error"' in text
    assert "不是我买的东西" in text, "what was typed is kept"
    assert objections.newest(number) is None


@pytest.mark.parametrize(
    "actor", [Actor(""), Actor("li", "person", 5, roles={"4101960P01": frozenset({"representative"})})]
)
def test_others_do_not_see_it(site: Client, actor: Actor) -> None:
    case = objected(site)
    assert casework.seen(actor, case.id) is None
    assert not casework.of_applicant(actor).lines


def test_an_objection_outlives_a_change_of_the_key(site: Client) -> None:
    case = objected(site)
    person = Person(LI["id_number"], LI["name"])
    with override_settings(SECRET_KEY="another key, as long as it has to be for Django's own checks"):
        assert objections.applicant(person).name != objections.applicant(person, case).name
        objections.go_on(person, case, "withdraw", "", [], case.version, NOW)
    held = casework.case(case.id)
    assert held is not None
    assert held.state == "withdrawn"
