"""Numbers beyond 64 bits are valid in the schema: they go all the way, accepted or refused, like any other."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from silkgate.clearance.api import run_case
from silkgate.clearance.domain import AssessedLine, Assessment
from silkgate.clearance.engine.rows import read_assessment, write_assessment
from silkgate.site.traffic import samples
from silkgate.site.traffic.zone import Zone

WIDE = "12345678901234.12345"
"""19 digits, 5 of them decimals: in units of 0.00001 about 1.2e18; times a price it is far beyond 64 bits."""
WIDER = "1234567890123456789"
"""19 digits without decimals: in units of 0.00001 beyond 64 bits by itself."""


@pytest.mark.parametrize("qty", [WIDE, WIDER])
@pytest.mark.parametrize("total", ["0", "100.00"])
def test_a_huge_quantity_is_matched_taxed_and_given_back(database: str, tmp_path: Path, qty: str, total: str) -> None:
    zone = Zone()
    parcel = samples.parcel(1, bonded=False)
    price = "0" if total == "0" else "0.00000"
    order = parcel.order._replace(
        goods_value=total,
        actural_paid=total,
        items=(parcel.order.items[0]._replace(qty=qty, price=price, total_price="0"),),
    )
    declaration = parcel.declaration._replace(
        items=(parcel.declaration.items[0]._replace(qty=qty, price=price, total_price="0"),)
    )
    payment = parcel.payment._replace(amount_paid=total)
    cancel = samples.cancel("46122026I000000001", of=declaration)
    zone.write(tmp_path / "case")
    inbox = tmp_path / "case" / "inbox"
    inbox.mkdir()
    sent = (
        ("311", order.ebp_code, order),
        ("411", payment.pay_code, payment),
        ("511", parcel.waybill.logistics_code, parcel.waybill),
        ("621", declaration.agent_code, declaration),
        ("623", declaration.agent_code, cancel),
    )
    for number, (code, sender, document) in enumerate(sent):
        (inbox / f"{number}-{code}.xml").write_bytes(samples.message(code, sender, [document], of=zone))

    result = run_case(tmp_path / "case", tmp_path / "out", lambda: psycopg.connect(database))

    [row] = result.declarations
    if total == "0":
        assert [message["outcome"] for message in result.messages] == ["accepted"] * 5
        assert (row["status"], row["invt_no"]) == ("cancelled", "46122026I000000001")
    else:
        assert (row["status"], row["reasons"]) == ("100", "match.order_sum")


def test_an_assessment_is_read_back_as_it_was_written() -> None:
    line = AssessedLine(1, "3304990029", 123_456_789_012_345_678_900_000, 1, 10, 0, 0, 1, 0, 0, 130_000, 0, "")
    assessment = Assessment([line], False, "0.70", "1/2026", "", "", "P", "T", "", "4612", [])
    assert read_assessment(write_assessment(assessment)) == assessment
