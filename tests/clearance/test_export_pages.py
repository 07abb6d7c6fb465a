"""What people see of export lists: one list explained, lists of them, the officer's desk."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client

from clearance.exported import STATES, invt_no, order_no, tell
from clearance.rig import connector
from identity.made import member, officer, organisation
from oracles.export_parcels import export_parcel
from oracles.export_situations import RECEIPT_DAY, send_export
from oracles.parcels import parcel
from oracles.zone import SHOP, CaseWriter
from silkgate.clearance import dossier, models, queries
from silkgate.clearance.api import run_case
from silkgate.exchange.models import Message
from silkgate.identity.models import AccessRecord
from silkgate.ui.shapes import Comparison

IMPORT = "D26060000009"


@pytest.fixture
def played(database: str, tmp_path: Path) -> str:
    """The story of all export lists, in the database."""
    run_case(tell(tmp_path / "case"), tmp_path / "out", connector(database))
    return database


def explained(name: str) -> dossier.Dossier:
    number = models.Declaration.objects.get(order_no=order_no(name)).id
    found = dossier.gather(number, in_full=False)
    assert found is not None
    return found


def marked(table: Comparison) -> list[str]:
    """Elements in which the documents differ."""
    return [row.element for group in (*table.groups, *table.goods) for row in group.rows if row.differs]


def happened(found: dossier.Dossier) -> list[str]:
    return [event.what.zh for event in found.history if not event.what.zh.startswith("收到")]


def page(name: str, language: str = "zh-hans", client: Client | None = None) -> str:
    number = models.Declaration.objects.get(order_no=order_no(name)).id
    answer = (client or Client()).get(f"/declarations/{number}", headers={"accept-language": language})
    assert answer.status_code == 200
    # As a reader sees it: without markup, with single spaces.
    main = answer.content.decode().partition("<main")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


# --- One list -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "state"), STATES.items())
def test_every_list_is_explained(played: str, name: str, state: str) -> None:
    found = explained(name)
    assert found.full.row.state == found.decision.status == state
    assert (found.exported, found.full.line.direction) == (True, "export")
    assert (found.tax, found.balances) == (None, ())
    assert found.terms is not None
    assert {given.code for given in found.decision.reasons} >= set(found.full.line.reasons)
    for given in found.decision.reasons:
        assert given.law
        assert given.nearest
    assert [event.when for event in found.history] == sorted(event.when for event in found.history)


@pytest.mark.parametrize(
    ("name", "way", "receipts"),
    [
        ("closed", ["放行", "列入清单总分单", "运抵监管场所", "离境，结关"], "120 800 899"),
        ("returned", ["放行", "部分退货", "退货理货", "部分退货"], "120 800"),
        ("waiting", [], "2"),
        ("refused", ["退单"], "100"),
        ("held", ["接受申报，选中布控"], "120 500"),
        ("cancelled", ["放行", "撤销"], "120 800"),
        ("arrived", ["放行", "运抵监管场所"], "120 800"),
    ],
)
def test_its_way_and_its_receipts(played: str, name: str, way: list[str], receipts: str) -> None:
    found = explained(name)
    assert happened(found) == way
    assert " ".join(one.status for one in found.receipts if one.code == "604") == receipts


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("closed", ["304", "506", "508", "510", "608"]),
        ("returned", ["214", "214", "214", "214", "216", "304", "506"]),
        ("cancelled", ["304", "506", "606"]),
        ("arrived", ["304", "404", "506", "508"]),
    ],
)
def test_receipts_of_everything_that_concerns_it(played: str, name: str, others: list[str]) -> None:
    """Of the arrival that names two parcels, both lists show the one receipt; of a departure only its own."""
    assert sorted(one.code for one in explained(name).receipts if one.code != "604") == others


@pytest.mark.parametrize(
    ("name", "columns", "differences"),
    [
        ("closed", "出口清单 订单 运单", []),
        ("returned", "出口清单 订单 运单", []),
        ("waiting", "出口清单 订单 运单", []),
        ("refused", "出口清单 订单 运单", ["packNo", "qty"]),
        ("arrived", "出口清单 订单 收款单 运单", []),
    ],
)
def test_documents_side_by_side(played: str, name: str, columns: str, differences: list[str]) -> None:
    table = explained(name).comparison
    assert " ".join(source.name.zh for source in table.sources) == columns
    assert [source.name.zh for source in table.sources if source.missing] == (["运单"] if name == "waiting" else [])
    assert marked(table) == differences
    for group in table.groups:
        assert {len(row.cells) for row in group.rows} == {len(table.sources)}


CHANGES = [
    # document, field, value, elements that are marked
    ("303", "ebcCode", "4101900Y01", ["ebcCode"]),
    ("505", "ebcCode", "4101900Y01", ["ebcCode"]),
    ("505", "ebcCode", "", []),
    ("303", "orderType", "B", ["orderType"]),
    ("303.1", "unit", "012", ["unit"]),
    ("603.1", "totalPrice", "101", ["totalPrice"]),
    ("603.1", "currency", "300", ["currency"]),
    ("603.1", "qty", "1.00000", []),
    ("403", "charge", "99.99", ["charge"]),
    ("403", "charge", "100.00", []),
    ("403", "currency", "300", ["currency"]),
    ("505", "packNo", "2", ["packNo"]),
    ("505", "grossWeight", "1.6", ["grossWeight"]),
    ("505", "grossWeight", "1.50", []),
]


@pytest.mark.parametrize(("place", "field", "value", "differences"), CHANGES)
def test_what_clearing_finds_is_marked(
    database: str, tmp_path: Path, place: str, field: str, value: str, differences: list[str]
) -> None:
    """On a day that asks for the receipt of money, so that all four documents are compared."""
    writer = CaseWriter(tmp_path / "case")
    writer.as_of = RECEIPT_DAY
    made = export_parcel(1)
    kind, _, gnum = place.partition(".")
    (made[kind]["items"][int(gnum) - 1] if gnum else made[kind]["head"])[field] = value
    send_export(writer, made, ("303", "403", "505"))
    run_case(writer.finish(), tmp_path / "out", connector(database))
    found = explained("closed")
    assert marked(found.comparison) == differences
    assert {given.element for given in found.decision.reasons if given.code.startswith("match.")} == set(differences)


def test_the_receipt_of_money_is_missing_only_where_one_is_needed(database: str, tmp_path: Path) -> None:
    writer = CaseWriter(tmp_path / "case")
    writer.as_of = RECEIPT_DAY
    send_export(writer, export_parcel(1))
    run_case(writer.finish(), tmp_path / "out", connector(database))
    found = explained("closed")
    assert found.full.line.reasons == ("waiting.receipt",)
    assert [source.name.zh for source in found.comparison.sources if source.missing] == ["收款单"]


def test_an_order_of_an_import_is_no_companion(database: str, tmp_path: Path) -> None:
    """Order numbers are unique whatever the direction, so an import's order may lie under a list's key."""
    writer = CaseWriter(tmp_path / "case")
    made = export_parcel(1, order_no=IMPORT)
    writer.send(parcel(9)["311"])
    writer.send(made["603"])
    run_case(writer.finish(), tmp_path / "out", connector(database))
    found = dossier.gather(models.Declaration.objects.get().id, in_full=False)
    assert found is not None
    assert [source.missing for source in found.comparison.sources] == [False, True, True]


@pytest.mark.parametrize(
    ("name", "zh", "en"),
    [
        (
            "closed",
            [
                "出口清单",
                "已结关",
                "方向 出口",
                "无（境外平台，没有代码）",
                "放行时不征税",
                "简化申报（A）",
                "三单对照",
            ],
            ["Export list", "Closed", "none (foreign platform without a code)", "without tax", "Simplified (A)"],
        ),
        (
            "returned",
            ["部分退货", "汇总申报（B）", "退回的商品 商品 申报 申请退回 其中已理货 第1项 cream 3件 2件 1件"],
            ["Partly returned", "For summary declaration (B)", "What came back", "Tallied"],
        ),
        ("waiting", ["待齐单", "的运单还没有到达", "未到"], ["Waiting", "not arrived"]),
        ("refused", ["退单", "2处不一致", "未占用库存"], ["Refused", "2 fields differ", "no stock was taken"]),
        ("arrived", ["放行", "四单对照", "运抵监管场所", "提运单999-00000001"], ["four documents", "Arrived at the"]),
    ],
)
def test_the_page(played: str, name: str, zh: list[str], en: list[str]) -> None:
    for language, wanted in (("zh-hans", zh), ("en", en)):
        shown = page(name, language)
        assert [words for words in wanted if words not in shown] == []
        assert "个人信息" not in shown
        assert "Personal" not in shown
        assert ("应缴税款" in shown, "Tax due" in shown) == (False, False)


def test_the_decision_says_when_the_state_was_reached_and_by_whom(played: str) -> None:
    """What happens on the way decides nothing: the list that has arrived was released when it was released."""
    for name in ("arrived", "closed", "returned"):
        found = explained(name)
        assert found.decision.who
        assert found.decision.who.zh == "通关引擎"
        assert found.decision.when == found.history[-1].when


def test_reading_a_list_is_no_reading_of_persons(played: str) -> None:
    client = officer("zhao", ["declarations"])
    before = AccessRecord.objects.count()
    for name in STATES:
        page(name, client=client)
    assert client.get(f"/officer/{explained('held').full.row.id}").status_code == 200
    assert AccessRecord.objects.count() == before
    client.get(f"/declarations/{models.Declaration.objects.get(order_no=IMPORT).id}")
    assert AccessRecord.objects.count() == before + 1


# --- Lists ----------------------------------------------------------------------------------------------------------

ADDRESSES = ("/declarations", "/live", "/officer/")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("direction", ["", "import", "export", "nothing"])
def test_lists_tell_and_part_directions(played: str, address: str, direction: str, language: str) -> None:
    client = officer("zhao", ["declarations"])
    answer = client.get(f"{address}?direction={direction}", headers={"accept-language": language})
    shown = answer.content.decode()
    exports = [name for name in STATES if order_no(name) in shown]
    wanted = [] if direction == "import" else [name for name in STATES if address != "/officer/" or name == "held"]
    assert exports == wanted
    assert (IMPORT in shown) is (direction != "export" and address != "/officer/")
    assert ("出口" if language.startswith("zh") else "Export") in shown


@pytest.mark.parametrize(("name", "state"), STATES.items())
def test_filters_stay_together(played: str, name: str, state: str) -> None:
    group = next((group for group, states in queries.GROUPS.items() if state in states), "refused")
    for direction, there in (("export", True), ("import", False), ("", True)):
        lines = queries.newest(group=group, direction=direction).lines
        assert (order_no(name) in [line.order_no for line in lines]) is there
        assert lines == queries.of_parties(None, group=group, direction=direction).lines
    answer = Client().get(f"/declarations?state={group}&direction=export").content.decode()
    assert f'href="/declarations?state={group}"' in answer, "the other directions of this group"
    assert 'href="/declarations?direction=export"' in answer, "the other groups of this direction"


def test_groups_part_all_declarations(played: str) -> None:
    parts = [line.id for group in queries.GROUP_NAMES if group for line in queries.newest(group=group).lines]
    assert sorted(parts) == sorted(line.id for line in queries.newest().lines)


@pytest.mark.parametrize("number", [order_no("closed"), "EX26060000001", invt_no(1)])
def test_a_number_finds_the_list(played: str, number: str) -> None:
    answer = Client().get("/search", {"q": number})
    assert answer["location"] == f"/declarations/{explained('closed').full.row.id}"


def test_the_seller_sees_its_own(played: str) -> None:
    organisation(SHOP)
    client = member("chen", SHOP, "declarant")
    for address in (
        "/",
        "/mine/declarations",
        "/mine/declarations?direction=export",
        "/mine/declarations?state=released",
    ):
        shown = client.get(address).content.decode()
        assert "出口" in shown, address
        assert "已结关" in shown or address == "/"
    assert IMPORT not in client.get("/mine/declarations?direction=export").content.decode()


def test_a_message_tells_its_parcels(played: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Manifest, arrival and departure name parcels, each a link to its list; of very many the first."""
    number = Message.objects.get(kind="CEB507Message").id
    for most, parcels in ((100, ["EX26060000001", "EX26060000007"]), (1, ["EX26060000001"])):
        monkeypatch.setattr(dossier, "MOST_PARCELS", most)
        shown = Client().get(f"/messages/{number}").content.decode()
        assert re.findall(r"/search\?q=(EX\d+)", shown) == parcels
        assert ("另有1个包裹" in shown) is (most == 1)
    (money,) = dossier.carried(Message.objects.get(kind="CEB403Message").id)
    assert (money.number, money.parcels, money.more) == ("REC2606000000007", (), 0)
