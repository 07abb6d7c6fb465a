"""Whether what was measured is right: counts and balances after a run, and the oracle on a stream of its own."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg

from bench.prefill import last_segment
from bench.stream import FAULTS, LATE, Stream
from silkgate.exchange.api import MESSAGES_PER_SEGMENT
from silkgate.ledger import api as ledger
from silkgate.site.database import use_database
from silkgate.site.scratch import private_database
from silkgate.site.traffic.case import write_inbox
from silkgate.site.traffic.hostile import disturbed
from silkgate.site.traffic.messages import messages
from silkgate.site.traffic.parcels import Parcels
from silkgate.site.traffic.zone import Zone

ROOT = Path(__file__).resolve().parents[1]
RECEIPTS = {f"CEB{code}Message": f"CEB{code + 1}Message" for code in (311, 411, 511, 303, 505)}
ACCEPTED = ("800", "300", "500")


def after_run(connection: psycopg.Connection, stream: Stream, stored: int = 0) -> list[str]:
    """What is not as the generator knows it must be, a line each; empty: everything agrees.

    `stored` declarations were there before.
    """
    expected = stream.expected
    found: list[tuple[str, Any, Any]] = []
    messages_kept = _row(connection, "select count(*), sum(length), sum(documents) from exchange_message")
    found.append(
        (
            "messages, bytes and documents kept",
            messages_kept,
            (expected.messages, expected.size_bytes, expected.documents.total()),
        )
    )
    outcomes = _counts(
        connection,
        "select outcome, count(*) from exchange_answer"
        f" where message_id >= {(last_segment(stored) + 1) * MESSAGES_PER_SEGMENT} group by 1",
    )
    found.append(("answers", outcomes, {"accepted": expected.messages}))
    states = Counter(
        {
            (state, reasons): count
            for state, reasons, count in connection.execute(
                f"select state, reasons, count(*) from clearance_declaration where id > {stored} group by 1, 2"
            )
        }
    )
    found.append(("declarations by state and reason", states, expected.declarations))
    found.append(("receipts", _receipts(connection), _receipts_due(connection, stream)))
    with connection.cursor() as cursor:
        found.append(("accounts that are not the sum of their transfers", ledger.audit(cursor), []))
    return [f"{what}: {got}, expected {wanted}" for what, got, wanted in found if got != wanted]


def _receipts(connection: psycopg.Connection) -> dict[str, int]:
    return _counts(connection, "select kind, sum(documents)::bigint from exchange_receipt group by 1")


def _receipts_due(connection: psycopg.Connection, stream: Stream) -> dict[str, int]:
    """One for each companion; for each declaration one for each state that lasted; a tax bill for each released."""
    states: Counter[str] = Counter()
    for (state, _), count in stream.expected.declarations.items():
        states[state] += count
    accepted = sum(states[state] for state in ACCEPTED)
    refused = states.total() - accepted - states["2"]
    # How many had to wait for a companion hangs on who came first: the engine's own tally says.
    (waited,) = _row(connection, "select coalesce(sum(amount), 0) from clearance_tally where measure = 'state.2'")
    documents = stream.expected.documents
    due = {receipt: documents[kind] for kind, receipt in RECEIPTS.items() if kind in documents}
    if "CEB603Message" in documents:
        return due | {"CEB604Message": refused + 2 * accepted + waited}
    return due | {"CEB622Message": refused + 2 * accepted + waited, "CEB816Message": states["800"]}


def _row(connection: psycopg.Connection, query: str) -> tuple[int, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return tuple(int(value or 0) for value in row)


def _counts(connection: psycopg.Connection, query: str) -> dict[str, int]:
    return dict(connection.execute(query).fetchall())


def oracle_differences(server_url: str, parcels: int, seed: int) -> tuple[list[str], int]:
    """How the engine and the oracle differ on a stream with repeated, forged and hostile messages; and its messages."""
    sys.path.insert(0, str(ROOT))
    from tests.oracles import clearing, output

    from silkgate.clearance.api import run_case

    with tempfile.TemporaryDirectory(prefix="silkgate-bench-") as place:
        case = Path(place)
        zone = Zone(seed=seed, scarce_stock=5)
        drawn = islice(Parcels(zone, seed, faults=FAULTS, late=LATE, scarce=0.02), parcels)
        honest = messages(drawn, zone, per_message=20, seed=seed, enveloped=0.1)
        traffic = disturbed(honest, zone, seed=seed, tampering=0.05, duplicates=0.03, reuse=0.02, hostility=0.05)
        zone.write(case)
        count = write_inbox(case, traffic)
        with private_database(server_url) as url:
            use_database(url)
            run_case(case, case / "out", lambda: psycopg.connect(url))
        return output.compare(clearing.run_case(case), output.read_outcome(case / "out")), count
