"""What must hold in every random case of purchases and sales abroad, and that the generator shows what it promises."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from .checks import number
from .clearing import run_case
from .documents import key_of
from .output import balance_rows, declaration_rows
from .random_case import EXPORTS, KINDS, Generator

SEEDS, PARCELS = range(20, 28), 90
FINDINGS = {
    f"{group}.{name}"
    for group, names in {
        "party": "unknown role sender",
        "mode": "unsupported",
        "field": "mode amount",
        "simplified": "licence",
        "waiting": "order receipt waybill",
        "match": "ebc order_type items order_sum receipt parcel",
        "goods": "unknown",
        "book": "unknown mismatch insufficient",
        "declaration": "unknown state",
        "return": "late mode quantity untallied",
        "document": "items in_use unknown stale",
        "duplicate": "order payment waybill declaration",
        "sign": "missing invalid certificate",
    }.items()
    for name in names.split()
}
STATUSES = {"1", "2", "100", "-10101", "-10102", "300", "500", "800", "899", "cancelled", "part_returned", "returned"}
World = dict[str, Any]


@pytest.fixture(scope="module")
def generators(tmp_path_factory: pytest.TempPathFactory) -> list[Generator]:
    """What has written the cases of all seeds, with what came of them."""
    folder = tmp_path_factory.mktemp("random")
    found = [Generator(folder / str(seed), seed, PARCELS, KINDS | {EXPORTS}) for seed in SEEDS]
    for generator in found:
        generator.run(PARCELS)
    return found


def lists(world: World) -> list[dict[str, Any]]:
    """The export lists that were accepted, as they are now, cancelled ones with them."""
    return [known for known in world["known"].values() if known["kind"] == "603"]


def test_what_the_generator_saw_is_what_the_case_says(generators: list[Generator]) -> None:
    for generator in generators:
        outcome = run_case(generator.writer.folder)
        assert declaration_rows(generator.world) == outcome.declarations
        assert balance_rows(generator.world) == outcome.balances


def test_everything_about_exports_comes_up(generators: list[Generator]) -> None:
    exports: set[str] = set()
    for generator in generators:
        exports |= generator.seen_of_exports
        for row in run_case(generator.writer.folder).messages:
            if row["message_type"][3:6] in ("303", "403", "505", "603", "605", "607", "507", "509", "213", "215"):
                exports.update(row["reasons"].split(";"))
    assert (FINDINGS | STATUSES) - exports == set()


def test_what_went_out_is_missing_and_nothing_else(generators: list[Generator]) -> None:
    """In = out + stock, for every record of the books; and no stock is below nothing."""
    for generator in generators:
        world = generator.world
        out: Counter[tuple[str, str]] = Counter()
        for known in world["known"].values():
            if known["row"]["status"] == "cancelled":
                continue
            if known["kind"] == "603" and known["head"]["tradeMode"] == "1210":
                for line in known["lines"].values():
                    out[line["record"]] += line["left"] + line["untallied"]  # type: ignore[assignment]
            elif known["kind"] == "621" and known["bonded"]:
                for line in known["assessed"].values():
                    out[line["record"]] += line["taken"]["qty"] - line["back"]["qty"]
        for row in generator.writer.tables["books"] or []:
            record = (row["ems_no"], row["item_record_no"])
            stock = world["books"][record]["qty"]
            assert stock >= 0
            assert Decimal(row["qty"]) == out[record] + stock, record


def test_accepted_declarations_are_numbered_without_gaps(generators: list[Generator]) -> None:
    for generator in generators:
        numbers = list(generator.world["known"])
        assert [int(found[9:]) for found in numbers] == list(range(1, len(numbers) + 1))
        assert {found[8] for found in numbers} == {"I", "E"}
        for found, known in generator.world["known"].items():
            assert found[8] == ("E" if known["kind"] == "603" else "I")


def test_nothing_is_released_twice(generators: list[Generator]) -> None:
    for generator in generators:
        standing = [known for known in generator.world["known"].values() if known["row"]["status"] != "cancelled"]
        assert max(Counter(key_of(known) for known in standing).values()) == 1


def test_no_list_gives_back_more_than_went_out(generators: list[Generator]) -> None:
    for generator in generators:
        for known in lists(generator.world):
            listed = {int(item["gnum"]): number(item["qty"]) for item in known["items"]}
            for gnum, line in known["lines"].items():
                assert 0 <= line["left"] <= listed[gnum]
                assert 0 <= line["untallied"] <= listed[gnum] - line["left"]
            came_back = [listed[gnum] - line["left"] for gnum, line in known["lines"].items()]
            status = known["row"]["status"]
            assert any(came_back) == (status in ("part_returned", "returned"))
            assert all(line["left"] == 0 for line in known["lines"].values()) == (status == "returned")


def test_a_list_uses_what_was_sent_for_it(generators: list[Generator]) -> None:
    """An accepted list that stands holds its order and its waybill, which are of exports and not drafts."""
    for generator in generators:
        for known in lists(generator.world):
            if known["row"]["status"] == "cancelled":
                continue
            kinds = {name: companion["kind"] for name, companion in known["companions"].items()}
            assert {"order": "303", "waybill": "505"}.items() <= kinds.items()
            for companion in known["companions"].values():
                assert known["row"]["invt_no"] in companion["used_by"]
                assert not companion["draft"]
