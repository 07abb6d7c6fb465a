"""The generator makes what it promises: every finding, in cases that are the same for the same seed."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from . import damage, messages, zone
from .clearing import run_case
from .output import Outcome, balance_rows, compare, declaration_rows
from .parcels import again, parcel
from .random_case import KINDS, Generator, write_random_case
from .situations import answers, new, outcome_of
from .zone import AGENT

README = Path(__file__).with_name("README.md")
SEEDS, PARCELS = range(8), 70
GROUPS = {
    "format": "xml unknown schema size",
    "message": "guid_reused",
    "sign": "missing invalid certificate",
    "party": "unknown sender role",
    "document": "items in_use unknown stale",
    "duplicate": "order payment waybill declaration",
    "field": "mode amount",
    "mode": "unsupported",
    "buyer": "id",
    "waiting": "order payment waybill",
    "match": "ebc buyer items order_sum amount payer payment_no consignee waybill_order freight",
    "goods": "unknown unlisted prohibited",
    "limit": "single annual",
    "book": "unknown mismatch insufficient",
    "guarantee": "insufficient",
    "declaration": "unknown state",
    "return": "late quantity",
}
FINDINGS = {f"{group}.{name}" for group, names in GROUPS.items() for name in names.split()}
STATUSES = {"1", "2", "100", "-10101", "-10102", "-621005", "-621018", "300", "500", "800"} | {
    "cancelled",
    "part_returned",
    "returned",
}


@pytest.fixture(scope="module")
def generators(tmp_path_factory: pytest.TempPathFactory) -> list[Generator]:
    """What has written the cases of all seeds, with what came up on the way."""
    folder = tmp_path_factory.mktemp("random")
    found = [Generator(folder / str(seed), seed, PARCELS, KINDS) for seed in SEEDS]
    for generator in found:
        generator.run(PARCELS)
    return found


@pytest.fixture(scope="module")
def outcomes(generators: list[Generator]) -> list[Outcome]:
    return [run_case(generator.writer.folder) for generator in generators]


def test_everything_comes_up_and_nothing_else(generators: list[Generator]) -> None:
    seen = set().union(*(generator.seen for generator in generators)) - {""}
    assert seen == FINDINGS | STATUSES | {"accepted", "rejected", "duplicate"}


def test_what_the_generator_saw_is_what_the_case_says(generators: list[Generator], outcomes: list[Outcome]) -> None:
    for generator, outcome in zip(generators, outcomes, strict=True):
        assert declaration_rows(generator.world) == outcome.declarations
        assert balance_rows(generator.world) == outcome.balances


def test_nothing_scarce_falls_below_zero(outcomes: list[Outcome]) -> None:
    assert min(Decimal(row["balance"]) for outcome in outcomes for row in outcome.balances) >= 0


def test_numbers_are_given_once(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        numbers = [int(row["invt_no"][-9:]) for row in outcome.declarations if row["invt_no"]]
        assert len(numbers) == len(set(numbers))


def test_the_same_seed_gives_the_same_case(tmp_path: Path, outcomes: list[Outcome]) -> None:
    again_written = run_case(write_random_case(tmp_path / "case", SEEDS[3], PARCELS))
    assert compare(outcomes[3], again_written) == []
    assert compare(outcomes[2], again_written) != []


def test_without_troubles_everything_agrees(tmp_path: Path) -> None:
    outcome = run_case(write_random_case(tmp_path / "case", 1, 40, kinds=frozenset()))
    assert {row["outcome"] for row in outcome.messages} == {"accepted"}
    assert {row["reasons"] for row in outcome.declarations} <= {"", "limit.single", "limit.annual", "book.insufficient"}


def test_unknown_kinds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such kinds"):
        write_random_case(tmp_path / "case", 1, 1, kinds=KINDS | {"weather"})


@cache
def order_and_declaration() -> tuple[bytes, bytes]:
    writer_parcel = parcel(1)
    guid = "0A000000-0000-4000-8000-00000000000A"
    found = []
    for kind, sender in (("311", zone.PLATFORM), ("621", AGENT)):
        document = writer_parcel[kind]
        text = messages.document_xml(kind, document["head"], document["items"])
        found.append(messages.message_xml(kind, [text], sender=sender, dxp_id=zone.dxp_id_of(sender), guid=guid))
    return found[0], found[1]


@pytest.mark.parametrize("style", sorted(damage.STYLES))
def test_a_style_changes_nothing_but_the_writing(tmp_path: Path, style: str) -> None:
    writer = new(tmp_path)
    order, declaration = (damage.STYLES[style](message) for message in order_and_declaration())
    key = zone.key_of(AGENT)
    assert key is not None
    assert style == "plain" or order != order_and_declaration()[0]
    writer.put(order)
    writer.put(messages.signed(declaration, key))
    for kind in ("411", "511"):
        writer.send(again(parcel(1)[kind]))
    outcome = outcome_of(writer)
    assert answers(outcome) == ["accepted"] * 4
    assert [row["status"] for row in outcome.declarations] == ["800"]


@pytest.mark.parametrize("fault", sorted(damage.BROKEN))
def test_what_is_broken_is_refused_at_the_door(tmp_path: Path, fault: str) -> None:
    writer = new(tmp_path)
    writer.put(damage.BROKEN[fault](order_and_declaration()[0]))
    (answer,) = answers(outcome_of(writer))
    assert answer in {"rejected format.xml", "rejected format.unknown", "rejected format.schema"}


@pytest.mark.parametrize("fault", sorted(damage.TAMPERED))
def test_what_is_tampered_with_does_not_verify(tmp_path: Path, fault: str) -> None:
    key = zone.key_of(AGENT)
    assert key is not None
    writer = new(tmp_path)
    good = messages.signed(order_and_declaration()[1], key)
    bad = damage.TAMPERED[fault](good)
    assert bad != good
    writer.put(bad)
    assert answers(outcome_of(writer)) == ["rejected sign.invalid"]


def test_the_page_names_every_module() -> None:
    text = README.read_text(encoding="utf-8")
    modules = {path.stem for path in README.parent.glob("*.py")} - {"__init__", "__main__"}
    assert {name for name in modules if not name.startswith("test_") and not re.search(rf"`{name}`", text)} == set()
