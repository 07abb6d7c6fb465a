"""Retail exports through intake and engine, as the demo zone's firms send them, seen from outside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from lxml import etree

from silkgate.clearance import actions
from silkgate.clearance.api import Engine, load_zone
from silkgate.exchange import api as exchange
from silkgate.identity import api as identity
from silkgate.kernel.clock import CHINA
from silkgate.site.traffic import samples
from silkgate.site.traffic.exports import ExportParcel, ExportParcels
from silkgate.site.traffic.messages import message
from silkgate.site.traffic.zone import Zone
from silkgate.standards.ceb.catalogue import kinds_of

CEB = "{http://www.chinaport.gov.cn/ceb}"
OFFICIAL = etree.XMLSchema(etree.parse(Path(__file__).parents[1] / "specimens" / "ceb" / "xsd" / "export-202205.xsd"))


CODES = ("311", "411", "511", "621")
EXPORTED = {kind.receipt for kind in kinds_of("export")}


class House:
    """A loaded zone whose inbox is filled by hand."""

    def __init__(self, url: str, zone: Zone) -> None:
        self.url, self.zone, self.at = url, zone, zone.as_of
        self.made = ExportParcels(zone)

    def send(self, *messages: bytes) -> list[tuple[str, str, str]]:
        """Take messages in and decide them; the receipts that came of it: kind, status, returnInfo."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            with connection.cursor() as cursor:
                filed = identity.certificates(cursor)
            received = [
                exchange.examine(raw, lambda code: filed.get(code, ()), max_message_bytes=1 << 22) for raw in messages
            ]
            exchange.store(connection, received, self.at)
            last = connection.execute("select coalesce(max(id), 0) from exchange_receipt").fetchone()[0]
            with Engine(lambda: psycopg.connect(self.url), lambda: self.at) as engine:
                engine.drain()
            told = []
            for receipt in exchange.all_receipts(connection, last):
                root = etree.fromstring(receipt.body)
                if receipt.kind[3:6] in EXPORTED:
                    OFFICIAL.assertValid(root)
                told += [
                    (receipt.kind[3:6], status, document.findtext(f"{CEB}returnInfo") or "")
                    for document in root
                    if (status := document.findtext(f"{CEB}returnStatus")) is not None
                ]
            return told

    def parcels(self, *parcels: ExportParcel) -> list[tuple[str, str, str]]:
        return self.send(*[message.raw for message in self.made.messages(parcels)])

    def lists(self) -> list[tuple[str, str, str]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(
                "select order_no, state, reasons from clearance_declaration where current order by order_no"
            ).fetchall()


@pytest.fixture
def house(database: str, tmp_path: Path) -> House:
    zone = Zone()
    zone.write(tmp_path)
    load_zone(tmp_path, selection_key=bytes(32))
    return House(database, zone)


def statuses(told: Sequence[tuple[str, str, str]], kind: str) -> list[str]:
    return [status for code, status, _ in told if code == kind]


def test_parcels_are_released_and_leave(house: House) -> None:
    parcels = [house.made.parcel(number) for number in range(1, 7)]
    told = house.parcels(*parcels)
    assert statuses(told, "304") == ["120"] * 6
    assert statuses(told, "506") == ["399"] * 6
    assert sorted(statuses(told, "604")) == ["120"] * 6 + ["800"] * 6, told
    assert {state for _, state, _ in house.lists()} == {"800"}
    numbers = [parcel.logistics_no for parcel in parcels]
    for code, receipt, status in (("607", "608", "120"), ("507", "508", "399")):
        assert [one[:2] for one in house.send(house.made.transport(code, "B1", numbers).raw)] == [(receipt, status)]
    told = house.send(house.made.transport("509", "B1", numbers).raw)
    assert statuses(told, "510") == ["399"]
    assert statuses(told, "604") == ["899"] * 6
    assert {state for _, state, _ in house.lists()} == {"899"}


def test_a_list_waits_for_what_is_missing_and_no_longer(house: House) -> None:
    parcel = house.made.parcel(1, bonded=False)
    order, waybill, declared = [message.raw for message in house.made.messages([parcel])]
    (told,) = [one for one in house.send(declared) if one[0] == "604"]
    assert told[1] == "2"
    assert "[waiting.order]" in told[2]
    assert "[waiting.waybill]" in told[2]
    assert "[waiting.receipt]" not in told[2], "since 2024-12-15 no receipt of money is needed"
    assert statuses(house.send(waybill), "604") == []
    assert statuses(house.send(order), "604") == ["120", "800"]


def test_until_december_2024_a_receipt_of_money_was_needed_too(database: str, tmp_path: Path) -> None:
    zone = Zone(as_of=datetime(2024, 6, 18, 10, tzinfo=CHINA))
    zone.write(tmp_path)
    load_zone(tmp_path, selection_key=bytes(32))
    house = House(database, zone)
    parcel = house.made.parcel(1, bonded=False)
    assert statuses(house.parcels(parcel), "604") == ["2"]
    assert statuses(house.send(house.made.money(parcel).raw), "604") == ["120", "800"]
    other = house.made.parcel(2, bonded=False)
    house.send(house.made.money(other, charge="0.01").raw)
    assert statuses(house.parcels(other), "604") == ["100"]
    assert house.lists()[1] == ("EX000000002", "100", "match.receipt")


WRONG: dict[str, tuple[str, str, str, str]] = {
    # part, element, value: what becomes of it
    "another seller than ordered": ("order", "ebcCode", "41019600E2", "match.ebc"),
    "another seller than shipped": ("waybill", "ebcCode", "41019600E2", "match.ebc"),
    "an order between firms": ("order", "orderType", "B", "match.order_type"),
    "an order that does not add up": ("order", "goodsValue", "1", "match.order_sum"),
    "a heavier parcel": ("waybill", "grossWeight", "99", "match.parcel"),
    "more parcels": ("waybill", "packNo", "2", "match.parcel"),
    "a net weight above the gross weight": ("declared", "netWeight", "99", "field.amount"),
    "a mode that is not retail": ("declared", "tradeMode", "9710", "mode.unsupported"),
    "1210 without a book": ("declared", "tradeMode", "1210", "field.mode"),
    "a carrier that is not filed": ("declared", "logisticsCode", "4101999999", "party.unknown"),
    "a seller as carrier": ("declared", "logisticsCode", "41019600E1", "party.role"),
    "a line of other goods": ("line", "gcode", "9999999999", "goods.unknown"),
    "a line with another quantity": ("line", "qty", "77", "match.items"),
    "a line in another currency": ("line", "currency", "142", "match.items"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_sent_back_with_its_reason(case: str, house: House) -> None:
    part, element, value, reason = WRONG[case]
    # The first parcel's seller is not one of those whose code is put in the place of another.
    parcel = house.made.parcel(5, bonded=False)
    head, lines = parcel.declared
    {"order": parcel.order[0], "waybill": parcel.waybill, "declared": head, "line": lines[0]}[part][element] = value
    told = house.parcels(parcel)
    assert house.lists()[0][1:] in {("100", reason), ("-10102", reason), ("-10101", reason)}
    (info,) = [info for code, status, info in told if code == "604" and status != "2"]
    assert f"[{reason}]" in info
    assert "依据：" in info


def test_a_simplified_list_is_classified_by_its_heading(house: House) -> None:
    for number, flag, state in ((1, "A", "800"), (2, "B", "100")):
        parcel = house.made.parcel(number, bonded=False)
        head, lines = parcel.declared
        head["statisticsFlag"] = flag
        for line in lines:
            line["gcode"] = f"{line['gcode'][:4]}000000"
        house.parcels(parcel)
        assert house.lists()[-1][1] == state


def test_sellers_on_foreign_platforms_without_a_code_do_not_meet(house: House) -> None:
    parcels = [house.made.parcel(number, bonded=False) for number in (1, 2)]
    for parcel in parcels:
        for part in (parcel.order[0], parcel.declared[0]):
            part.update({"ebpCode": "无", "orderNo": "AMZ-1"})
    house.parcels(*parcels)
    assert [(order_no, state) for order_no, state, _ in house.lists()] == [("AMZ-1", "800"), ("AMZ-1", "800")]


def invt_no(house: House, order_no: str) -> str:
    with psycopg.connect(house.url) as connection:
        query = "select invt_no from clearance_declaration where order_no = %s and current"
        return str(connection.execute(query, (order_no,)).fetchone()[0])  # type: ignore[index]


def stock_e5(house: House) -> int:
    with psycopg.connect(house.url) as connection:
        (used,) = connection.execute("select sum(used) from ledger_account where kind = 'stock'").fetchone()  # type: ignore[misc]
    return int(used)


def test_a_cancelled_list_gives_its_stock_back_until_it_has_arrived(house: House) -> None:
    one, two = house.made.parcel(3), house.made.parcel(6)
    house.parcels(one, two)
    taken = stock_e5(house)
    assert taken > 0
    number = invt_no(house, "EX000000003")
    (told,) = house.send(house.made.cancel(one, number).raw)
    assert told[:2] == ("606", "399")
    assert 0 < stock_e5(house) < taken
    (told,) = house.send(house.made.cancel(one, number).raw)
    assert "[declaration.state]" in told[2]
    house.send(house.made.transport("507", "B1", [two.logistics_no]).raw)
    (told,) = house.send(house.made.cancel(two, invt_no(house, "EX000000006")).raw)
    assert "[declaration.state]" in told[2]


def test_what_comes_back_is_stock_again_when_it_was_counted(house: House) -> None:
    parcel = house.made.parcel(3)
    house.parcels(parcel)
    taken, number = stock_e5(house), invt_no(house, "EX000000003")
    (told,) = house.send(house.made.tally(parcel, number).raw)
    assert "[return.untallied]" in told[2]
    assert [one[:2] for one in house.send(house.made.give_back(parcel, number).raw)] == [("214", "120"), ("214", "800")]
    assert (house.lists()[0][1], stock_e5(house)) == ("returned", taken), "announced, not yet here"
    (told,) = house.send(house.made.tally(parcel, number).raw)
    assert told[:2] == ("216", "399")
    assert stock_e5(house) == 0
    (told,) = house.send(house.made.give_back(parcel, number).raw)
    assert "[declaration.state]" in told[2]


def test_an_export_comes_back_within_its_window_only(house: House) -> None:
    parcel = house.made.parcel(1, bonded=False)
    house.parcels(parcel)
    number = invt_no(house, "EX000000001")
    on_the_last_day, too_late = ("20270618100000", "20270618100001")
    (late,) = house.send(house.made.give_back(parcel, number, appTime=too_late).raw)
    assert "[return.late]" in late[2]
    assert statuses(house.send(house.made.give_back(parcel, number, appTime=on_the_last_day).raw), "214") == [
        "120",
        "800",
    ]


def test_what_is_held_goes_on_when_an_officer_says_so(house: House) -> None:
    parcel = house.made.parcel(1, bonded=False)
    parcel.declared[1][0]["country"] = "136"  # a country that the demo zone looks at
    told = house.parcels(parcel)
    assert statuses(told, "604") == ["120", "300"]
    (refused,) = house.send(house.made.transport("509", "B1", [parcel.logistics_no]).raw)
    assert "[declaration.state]" in refused[2], "it cannot leave before it is released"
    with psycopg.connect(house.url) as connection:
        (number,) = connection.execute("select id from clearance_declaration").fetchone()  # type: ignore[misc]
    actions.instruct(number, actions.RELEASE, "800", "单证相符", officer="officer:1", at=house.at)
    assert statuses(house.send(), "604") == ["800"]


def test_the_first_of_an_import_and_an_export_under_one_order_stands(house: House) -> None:
    parcel = house.made.parcel(1, bonded=False)
    house.parcels(parcel)
    key = parcel.declared[0]
    draw = samples.order(1)._replace(ebp_code=key["ebpCode"], order_no=key["orderNo"])
    told = house.send(message(house.zone, [draw], guid="A" * 36))
    assert [one[0] for one in told] == ["312"]
    assert "[duplicate.order]" in told[0][2]


def test_who_waits_is_woken_by_a_companion_in_the_place_of_one_of_the_other_direction(house: House) -> None:
    imported = [samples.order(1), samples.payment(1), samples.waybill(1), samples.declaration(1)]
    order = imported[0]
    parcel = house.made.parcel(1, bonded=False)
    parcel.order[0].update({"orderNo": order.order_no, "ebpCode": order.ebp_code, "ebpName": order.ebp_name})
    abroad = house.made.message("303", house.zone.enterprise(order.ebp_code), [parcel.order]).raw
    house.send(abroad, *[samples.message(code, None, [one]) for code, one in zip(CODES[1:], imported[1:], strict=True)])
    assert house.lists()[0][1:] == ("2", "waiting.order")
    house.send(samples.message("311", None, [order._replace(app_type="2", app_time="20260618235959")]))
    assert house.lists()[0][1:] == ("800", "")


def test_a_receipt_of_money_is_no_payment(house: House) -> None:
    imported = [samples.order(1), samples.payment(1), samples.waybill(1), samples.declaration(1)]
    order = imported[0]
    parcel = house.made.parcel(1, bonded=False)
    parcel.order[0].update({"orderNo": order.order_no, "ebpCode": order.ebp_code, "ebpName": order.ebp_name})
    parts = dict(zip(CODES, imported, strict=True))
    house.send(house.made.money(parcel).raw)
    house.send(*[samples.message(code, None, [parts[code]]) for code in ("311", "511", "621")])
    assert house.lists()[0][1:] == ("2", "waiting.payment")
    house.send(samples.message("411", None, [parts["411"]]))
    assert house.lists()[0][1:] == ("800", "")
