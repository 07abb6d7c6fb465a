"""What a made parcel or message says of itself is what the oracle, which knows nothing of it, finds."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import islice
from pathlib import Path
from random import Random

from oracles.clearing import run_case
from silkgate.kernel.clock import CHINA
from silkgate.site.traffic.case import write_case, write_inbox
from silkgate.site.traffic.faults import FAULTS
from silkgate.site.traffic.hostile import HOSTILE, disturbed, hostile
from silkgate.site.traffic.messages import messages
from silkgate.site.traffic.parcels import Parcels
from silkgate.site.traffic.player import Mix, day
from silkgate.site.traffic.zone import Zone

ROUNDS = 4
"""Each way of going wrong has variants that take turns with the parcel's number."""


def test_each_fault_has_its_reason_and_no_other_and_the_rest_is_released_or_held(tmp_path: Path) -> None:
    zone = Zone(seed=11)
    stream = Parcels(zone, 5, faults=0.5, late=0.1, dear=0.05)
    parcels = list(islice(stream, len(FAULTS) * ROUNDS * 2))
    write_case(tmp_path, zone, parcels, per_message=10)
    found = run_case(tmp_path)
    rows = {row["order_no"]: (row["status"], row["reasons"]) for row in found.declarations}
    expected = {parcel.order.order_no: (parcel.status, parcel.fault) for parcel in parcels}
    assert rows == expected
    assert {parcel.fault for parcel in parcels} == {"", *FAULTS}
    assert {status for status, reasons in rows.values() if not reasons} == {"800", "300", "500"}
    assert {message["outcome"] for message in found.messages} == {"accepted"}


def test_scarce_goods_go_to_as_many_as_there_are(tmp_path: Path) -> None:
    zone = Zone(scarce_stock=1)
    write_case(tmp_path, zone, islice(Parcels(zone, faults=0, late=0, dear=0, scarce=1), 40), per_message=10)
    found = run_case(tmp_path)
    outcomes = Counter(row["reasons"] for row in found.declarations)
    left = [row["balance"] for row in found.balances if row["kind"] == "book_qty" and row["balance"] in ("0", "1")]
    assert outcomes[""] == left.count("0") > 0
    assert outcomes["book.insufficient"] == 40 - outcomes[""]


def test_nobody_is_over_the_yearly_limit_by_chance(tmp_path: Path) -> None:
    zone = Zone()
    parcels = list(islice(Parcels(zone, faults=0, late=0, dear=0.3, buyers=3), 150))
    write_case(tmp_path, zone, parcels, per_message=50)
    assert {row["reasons"] for row in run_case(tmp_path).declarations} == {""}


def test_what_must_not_get_in_does_not_and_disturbs_nobody(tmp_path: Path) -> None:
    zone = Zone(seed=2)
    parcels = list(islice(Parcels(zone, late=0.1), 60))
    honest = messages(parcels, zone, per_message=5, enveloped=0.3)
    traffic = list(disturbed(honest, zone, tampering=0.5, duplicates=0.2, reuse=0.2))
    random = Random(1)
    traffic += [hostile(zone, name, random) for name in HOSTILE]
    zone.write(tmp_path)
    write_inbox(tmp_path, traffic)
    found = run_case(tmp_path)
    assert [(m["message_type"], m["outcome"], m["reasons"]) for m in found.messages] == [
        (item.kind, item.outcome, item.reason) for item in traffic
    ]
    assert {item.outcome for item in traffic} == {"accepted", "duplicate", "rejected"}
    rows = {row["order_no"]: (row["status"], row["reasons"]) for row in found.declarations}
    assert rows == {parcel.order.order_no: (parcel.status, parcel.fault) for parcel in parcels}


def test_a_played_day_has_everything_in_it(tmp_path: Path) -> None:
    start = datetime(2026, 11, 23, 9, tzinfo=CHINA)
    zone = Zone(as_of=start)
    asked: list[tuple[str, str]] = []

    def find_invt_no(ebp_code: str, order_no: str) -> str:
        asked.append((ebp_code, order_no))
        return "46122026I999999999"

    mix = Mix(hostile=0.1, cancels=0.2, returns=0.3, late=0.2)
    played = day(zone, start, rate_per_second=3, seed=1, mix=mix, find_invt_no=find_invt_no)
    traffic = [item for bundle in islice(played, 160) for item in bundle]
    zone.write(tmp_path)
    write_inbox(tmp_path, traffic)
    found = run_case(tmp_path)
    kinds = Counter(item.kind for item in traffic)
    assert {f"CEB{code}Message" for code in (311, 411, 511, 513, 621, 623, 625, 711)} <= set(kinds)
    for item, message in zip(traffic, found.messages, strict=True):
        if item.kind in ("CEB623Message", "CEB625Message"):
            # The oracle starts anew and numbers from 1: no declaration has the number that was made up here.
            assert message["reasons"] == "declaration.unknown"
        else:
            assert (message["outcome"], message["reasons"]) == (item.outcome, item.reason)
    assert len(asked) == kinds["CEB623Message"] + kinds["CEB625Message"]
