"""Clearing, the second account: `run_case` takes a case folder from first message to last (contract §3, §5, §6;
for export lists, docs/exports.md §2 to §4).

The state is one dict, `world`: what the case says (`casefolder.read_case`), and what has happened since:
shelves (kind to stored documents), claimed (guids), known (invtNo to accepted declaration), and the counters
accepted and taken. A declaration is an import's 621 or an export's 603; both lie on the shelf "621".
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from . import afterwards, checks, documents, export_afterwards, export_clearing, intake, output, tax
from .casefolder import read_case

# In the order of contract §3: where several codes apply, the first named is the status.
STATUS_OF = {
    "party.unknown": "-10102",
    "party.role": "-10101",
    "limit.single": "-621005",
    "limit.annual": "-621018",
}


def run_case(case_dir: Path, schemas: Path | None = None) -> output.Outcome:
    """Run a case folder; `schemas` is the folder of the official schemas (default: among tests/specimens)."""
    world = new_world(case_dir)
    messages = [{"file": path.name, **receive(path.read_bytes(), world, schemas)} for path in world["inbox"]]
    return output.Outcome(output.declaration_rows(world), output.balance_rows(world), messages)


def compare_case(case_dir: Path, found: Path | output.Outcome, schemas: Path | None = None) -> list[str]:
    """How `found` (an output folder, or an outcome) differs from the case's `expected/`, else from this account."""
    expected = case_dir / "expected"
    wanted = output.read_outcome(expected) if expected.is_dir() else run_case(case_dir, schemas)
    return output.compare(wanted, output.read_outcome(found) if isinstance(found, Path) else found)


def new_world(case_dir: Path) -> dict[str, Any]:
    shelves: dict[str, dict[Any, Any]] = {kind: {} for kind in (*documents.KEYS, *documents.SHELVES.values())}
    return {**read_case(case_dir), "shelves": shelves, "claimed": {}, "known": {}, "accepted": 0, "taken": 0}


def receive(data: bytes, world: dict[str, Any], schemas: Path | None) -> dict[str, str]:
    """One received file: its row of messages.csv but for the file name."""
    message = intake.read_message(data, world["policy"], schemas)
    row = {"message_type": message["type"], "guid": message["guid"], "outcome": "rejected", "reasons": ""}
    if message["refused"]:
        return {**row, "reasons": message["refused"]}
    repeated = intake.repetition(message, world["claimed"])
    if repeated == "duplicate":
        return {**row, "outcome": "duplicate"}
    if repeated:
        return {**row, "reasons": repeated}
    try:
        intake.check_signature(message, world["enterprises"])
        intake.check_sender(message, world["enterprises"])
    except intake.RefusedError as refusal:
        return {**row, "reasons": refusal.reason}
    answers = [take_document(document, world) for document in message["documents"]]
    clear_what_is_complete(world)
    reasons = sorted({reason for reasons in answers for reason in reasons})
    outcome = "accepted" if any(not reasons for reasons in answers) else "rejected"
    return {**row, "outcome": outcome, "reasons": ";".join(reasons)}


def take_document(document: dict[str, Any], world: dict[str, Any]) -> list[str]:
    """Take one document in; the reasons where it is refused."""
    world["taken"] += 1
    if document["kind"] == "623":
        return afterwards.cancel(document, world)
    if document["kind"] == "625":
        return afterwards.give_back(document, world)
    if document["kind"] in export_afterwards.ACTIONS:
        return export_afterwards.ACTIONS[document["kind"]](document, world)
    reason = documents.take_in(document, world["shelves"], world["taken"])
    return [reason] if reason else []


# --- Waiting, and the order of granting ----------------------------------------------------------------------------


def waiting_declarations(world: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for declaration in list(world["shelves"]["621"].values()):
        if declaration["row"]["status"] == "2":
            yield declaration


def companions_of(declaration: dict[str, Any], world: dict[str, Any]) -> dict[str, Any]:
    """Order, payment and waybill of a declaration, None where one has not arrived."""
    if declaration["kind"] == "603":
        return export_clearing.companions_of(declaration, world)
    head, shelves = declaration["head"], world["shelves"]
    order = documents.arrived(shelves["311"], (head["ebpCode"], head["orderNo"]), "311")
    payments = documents.payments_of(shelves["411"], head["ebpCode"], head["orderNo"])
    wanted = order["head"].get("payTransactionId", "") if order else ""
    named = [payment for payment in payments if payment["head"]["payTransactionId"] == wanted]
    return {
        "order": order,
        "payment": next(iter([*named, *payments]), None),
        "waybill": documents.arrived(shelves["511"], (head["logisticsCode"], head["logisticsNo"]), "511"),
    }


def clear_what_is_complete(world: dict[str, Any]) -> None:
    """After a message: refuse what fails groups 1 and 2, hold what lacks companions, clear the rest in grant order."""
    complete = []
    for declaration in waiting_declarations(world):
        row = declaration["row"]
        if not row["judged"]:
            row["judged"] = True
            if refuse(declaration, first_failures_alone(declaration, world)):
                continue
        companions = companions_of(declaration, world)
        row["reasons"] = sorted(f"waiting.{name}" for name, companion in companions.items() if companion is None)
        if not row["reasons"]:
            last = max([declaration["taken"], *(companion["taken"] for companion in companions.values())])
            complete.append((last, declaration["taken"], declaration, companions))
    for _, _, declaration, companions in sorted(complete, key=lambda entry: entry[:2]):
        if declaration["kind"] == "603":
            clear_export(declaration, companions, world)
        else:
            clear(declaration, companions, world)


def first_failures_alone(declaration: dict[str, Any], world: dict[str, Any]) -> set[str]:
    """Groups 1 and 2, which need no other document."""
    head = declaration["head"]
    if declaration["kind"] == "603":
        return export_clearing.check_parties(head, world["enterprises"]) or export_clearing.check_fields(declaration)
    return checks.check_parties(head, world["enterprises"]) or checks.check_fields(
        declaration, checks.mode_of(head, world["policy"]), world["as_of"].date()
    )


def refuse(declaration: dict[str, Any], reasons: set[str]) -> bool:
    """Refuse a declaration for the reasons of one group, if there are any."""
    if not reasons:
        return False
    statuses = [status for reason, status in STATUS_OF.items() if reason in reasons]
    declaration["row"].update(status=statuses[0] if statuses else "100", reasons=sorted(reasons))
    return True


# --- Groups 4 to 8, acceptance and selection -----------------------------------------------------------------------


def clear(declaration: dict[str, Any], companions: dict[str, Any], world: dict[str, Any]) -> None:
    """Judge a complete declaration; it takes allowance, stock and guarantee only where every group passes."""
    head, items = declaration["head"], declaration["items"]
    mode = checks.mode_of(head, world["policy"])
    if refuse(declaration, checks.check_match(declaration, **companions)):
        return
    if refuse(declaration, checks.check_goods(items, mode, world["tariff"], world["prohibited"])):
        return
    values = dutiable_values(declaration)
    if refuse(declaration, check_limits(declaration, values, world)):
        return
    if mode == "1210" and refuse(declaration, check_stock(declaration, world)):
        return
    assessed = assess(declaration, values, world)
    if refuse(declaration, check_guarantee(head["assureCode"], assessed, world)):
        return
    accept(declaration, assessed, companions, world)


def clear_export(declaration: dict[str, Any], companions: dict[str, Any], world: dict[str, Any]) -> None:
    """Judge a complete export list; there is no tax, no allowance and no guarantee."""
    if refuse(declaration, export_clearing.check_match(declaration, **companions)):
        return
    if refuse(declaration, export_clearing.check_goods(declaration, world["tariff"])):
        return
    if refuse(declaration, export_clearing.check_stock(declaration, world["books"])):
        return
    export_clearing.take(declaration, companions, world)
    number_and_select(declaration, companions, world)


def dutiable_values(declaration: dict[str, Any]) -> dict[int, Decimal]:
    """Dutiable value by gnum."""
    items = {int(item["gnum"]): checks.number(item["totalPrice"]) for item in declaration["items"]}
    charges = checks.number(declaration["head"]["freight"]) + checks.number(declaration["head"]["insuredFee"])
    numbers = sorted(items)
    parts = tax.shares([items[gnum] for gnum in numbers], charges)
    return {gnum: items[gnum] + part for gnum, part in zip(numbers, parts, strict=True)}


def used_by(declaration: dict[str, Any], world: dict[str, Any]) -> tuple[tuple[str, str], Decimal]:
    """The buyer's allowance of this year: its key, and what is used of it."""
    key = (declaration["head"]["buyerIdNumber"], str(world["as_of"].year))
    return key, world["allowances"].get(key, Decimal(0))


def check_limits(declaration: dict[str, Any], values: dict[int, Decimal], world: dict[str, Any]) -> set[str]:
    """Group 6."""
    total = sum(values.values())
    _, used = used_by(declaration, world)
    items = declaration["items"]
    over_the_year = used + total > world["annual_limit"]
    indivisible = len(items) == 1 and checks.number(items[0]["qty"]) == 1
    reasons = set()
    if total > world["single_limit"] and not (indivisible and not over_the_year):
        reasons.add("limit.single")
    if over_the_year:
        reasons.add("limit.annual")
    return reasons


def stock_wanted(declaration: dict[str, Any]) -> dict[tuple[str, str], Decimal]:
    """Quantity by book record, all items of one record together."""
    wanted: dict[tuple[str, str], Decimal] = {}
    for item in declaration["items"]:
        record = (declaration["head"]["emsNo"], item["itemRecordNo"])
        wanted[record] = wanted.get(record, Decimal(0)) + checks.number(item["qty"])
    return wanted


def check_stock(declaration: dict[str, Any], world: dict[str, Any]) -> set[str]:
    """Group 7."""
    head, books = declaration["head"], world["books"]
    reasons = set()
    for item in declaration["items"]:
        book = books.get((head["emsNo"], item["itemRecordNo"]))
        if book is None:
            reasons.add("book.unknown")
        elif (item["gcode"], item["unit"], head["areaCode"]) != (book["gcode"], book["unit"], book["area_code"]):
            reasons.add("book.mismatch")
    for record, qty in stock_wanted(declaration).items():
        if record in books and qty > books[record]["qty"]:
            reasons.add("book.insufficient")
    return reasons


def assess(declaration: dict[str, Any], values: dict[int, Decimal], world: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """By gnum: value, taxes and quantity as assessed, and how much of each has come back (nothing yet)."""
    full_rates = sum(values.values()) > world["single_limit"]
    assessed = {}
    for item in declaration["items"]:
        gnum, rates = int(item["gnum"]), world["tariff"][item["gcode"]]
        duty, vat, consumption = tax.item_taxes(values[gnum], checks.number(item["qty1"]), rates, full_rates=full_rates)
        taken = {"value": values[gnum], "duty": duty, "vat": vat, "consumption": consumption}
        qty = checks.number(item["qty"])
        record = (declaration["head"].get("emsNo", ""), item.get("itemRecordNo", ""))
        assessed[gnum] = {
            "taken": {**taken, "qty": qty},
            "back": dict.fromkeys([*taken, "qty"], Decimal(0)),
            "gcode": item["gcode"],
            "record": record,
        }
    return assessed


def tax_due(assessed: dict[int, dict[str, Any]]) -> Decimal:
    return sum((line["taken"][name] for line in assessed.values() for name in afterwards.TAXES), Decimal(0))


def check_guarantee(assure_code: str, assessed: dict[int, dict[str, Any]], world: dict[str, Any]) -> set[str]:
    """Group 8."""
    if not world["guarantees_checked"]:
        return set()
    covered = world["guarantees"].get(assure_code, Decimal(0)) >= tax_due(assessed)
    return set() if covered else {"guarantee.insufficient"}


def accept(
    declaration: dict[str, Any], assessed: dict[int, Any], companions: dict[str, Any], world: dict[str, Any]
) -> None:
    """Give the declaration its number, take what it takes, and release or select it."""
    declaration.update(assessed=assessed, bonded=checks.mode_of(declaration["head"], world["policy"]) == "1210")
    number_and_select(declaration, companions, world)
    for line in assessed.values():
        afterwards.move(declaration, line, line["taken"], world, direction=-1)


def number_and_select(declaration: dict[str, Any], companions: dict[str, Any], world: dict[str, Any]) -> None:
    """The next number, of one count for imports and exports; released or selected."""
    world["accepted"] += 1
    direction = "E" if declaration["kind"] == "603" else "I"
    invt_no = f"{world['customs_code']}{world['as_of'].year:04d}{direction}{world['accepted']:09d}"
    declaration["companions"] = companions
    declaration["row"].update(invt_no=invt_no, reasons=[], status=selected(declaration, world))
    world["known"][invt_no] = declaration
    for companion in companions.values():
        companion["used_by"].add(invt_no)


def selected(declaration: dict[str, Any], world: dict[str, Any]) -> str:
    """500, 300 or 800. The zone's key is secret, so only the rates 0 and 1 can be followed from outside."""
    rate = world["policy"]["random_inspection_rate"]
    if rate not in (0, 1):
        raise ValueError(f"a random inspection rate of {rate} needs the zone's secret key")
    actions = ["inspect"] if rate == 1 else []
    for rule in world["selection"]:
        if rule["kind"] == "ebc_code":
            meets = declaration["head"]["ebcCode"] == rule["value"]
        elif rule["kind"] == "credit_class":
            meets = world["enterprises"][declaration["head"]["ebcCode"]]["credit_class"] == rule["value"]
        elif rule["kind"] == "country":
            meets = any(item["country"] == rule["value"] for item in declaration["items"])
        else:
            meets = any(item["gcode"].startswith(rule["value"]) for item in declaration["items"])
        if meets:
            actions.append(rule["action"])
    return "500" if "inspect" in actions else "300" if actions else "800"
