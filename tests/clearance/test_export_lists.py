"""Retail exports through intake and engine, as the demo zone's firms send them, seen from outside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest
from lxml import etree

from silkgate.clearance.api import Engine, load_zone
from silkgate.exchange import api as exchange
from silkgate.identity import api as identity
from silkgate.site.traffic.exports import ExportParcel, ExportParcels
from silkgate.site.traffic.zone import Zone

CEB = "{http://www.chinaport.gov.cn/ceb}"
OFFICIAL = etree.XMLSchema(etree.parse(Path(__file__).parents[1] / "specimens" / "ceb" / "xsd" / "export-202205.xsd"))


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
                if receipt.kind != "CEB900Message":
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
