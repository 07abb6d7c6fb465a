"""Reads `reference/scenarios`: the zone of the bench, the purchases, the scenarios of each role."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from silkgate.clearance import api as clearance
from silkgate.client import SIGNED, Document
from silkgate.kernel.text import Text
from silkgate.tariff import api as tariff
from silkgate.testbench.domain import BENCH, PURCHASES, ROLES, YOU, End, Firm, Scenario, Step, filled

FOLDER = "scenarios"
_ORDERS = ("311", "303")
"""Kinds of the order of a purchase: of an import, of an export."""
_STEP = {"who", "send", "purchase", "n", "set", "lines", "sign", "outcome", "reasons", "receipts"}


class Published(NamedTuple):
    """Everything that is published for the bench."""

    version: str
    """Of the set of scenarios; a statement names it."""
    customs_code: str
    hour: int
    """Of the day of the law, China time: when a run is played."""
    firms: tuple[Firm, ...]
    items: tuple[clearance.Item, ...]
    left_cents: Mapping[str, int]
    """What buyers have left of this year's allowance, by identity number."""
    selection: tuple[tuple[str, str, str], ...]
    rates: Mapping[str, tariff.Rate]
    scenarios: Mapping[str, Scenario]

    def of_role(self, role: str, direction: str = "") -> list[Scenario]:
        """The scenarios of a role (of imports or of exports alone), in the order in which they are published."""
        own = [scenario for scenario in self.scenarios.values() if scenario.role == role]
        return [scenario for scenario in own if direction in ("", scenario.direction)]

    def firm(self, role: str) -> Firm:
        """The bench's own firm in a role."""
        return next(firm for firm in self.firms if role in firm.roles)


@functools.cache
def published() -> Published:
    """What the files say. Raises tariff.LawFileError where one of them cannot be used."""
    folder = tariff.REFERENCE / FOLDER
    zone = _read(folder / "zone.toml")
    purchases = _read(folder / "purchases.toml")
    scenarios: dict[str, Scenario] = {}
    for path in sorted(folder.glob("[0-9]*.toml")):
        told = _read(path)
        for raw in told["scenarios"]:
            made = _scenario(path, told["role"], raw, purchases)
            if scenarios.setdefault(made.id, made) is not made:
                raise _fault(path, made.id, "编号重复", "the id stands twice")
    return Published(
        version=zone["set"],
        customs_code=zone["customs_code"],
        hour=zone["as_of"],
        firms=tuple(
            Firm(
                raw["code"], raw["name"], frozenset(raw["roles"]), raw["dxp_id"], _scaled(raw.get("guarantee", "0"), 2)
            )
            for raw in zone["firms"]
        ),
        items=tuple(
            clearance.Item(
                raw["ems_no"],
                raw["item_record_no"],
                next(firm["code"] for firm in zone["firms"] if "area" in firm["roles"]),
                raw["gcode"],
                raw["unit"],
                _scaled(raw["qty"], 5),
            )
            for raw in zone["items"]
        ),
        left_cents={raw["id_number"]: _scaled(raw["left"], 2) for raw in zone["buyers"]},
        selection=tuple((raw["kind"], raw["value"], raw["action"]) for raw in zone["selection"]),
        rates={raw["gcode"]: _rate(raw) for raw in zone["rates"]},
        scenarios=scenarios,
    )


def words_for(role: str, code: str, name: str, *, day: date, customs_code: str) -> dict[str, str]:
    """What stands in the `{…}` of a scenario's data for the firm `code` in `role`, on the law of `day`."""
    known = published()
    words = {"customs": customs_code, "day": f"{day:%Y%m%d}", "year": f"{day:%Y}"}
    for other in (*ROLES, "area"):
        firm = known.firm(other)
        words[other], words[f"{other}_name"] = (code, name) if other == role else (firm.code, firm.name)
    # Who guarantees has to be a party, and has its guarantee on the bench.
    words["assure"] = words["ebc"] if role == "ebp" else words["ebp"]
    words["invt_no"] = f"{customs_code}{day:%Y}I{1:09d}"
    words["export_no"] = f"{customs_code}{day:%Y}E{1:09d}"
    return words


def document_of(step: Step, words: Mapping[str, str], place: int) -> Document:
    """The document of a step, filled in; its `place` in the scenario (from 0) makes its `appTime`, later ones later."""
    words = {**words, "n": step.number}
    head = {"appTime": f"{words['day']}09{place:02d}00", **filled(step.document.head, words)}
    return Document(head, [filled(line, words) for line in step.document.lines])


def order_no(end: End, words: Mapping[str, str]) -> str:
    """The order whose declaration an end is about."""
    return end.order_no.format_map({**words, "n": "1"})


def _scenario(path: Path, role: str, raw: Mapping[str, Any], purchases: Mapping[str, Any]) -> Scenario:
    if role not in ROLES:
        raise _fault(path, role, "没有这个角色", "no such role")
    steps = tuple(_step(path, raw["id"], step, purchases) for step in raw["steps"])
    ends = tuple(
        End(_order_no(purchases[end["purchase"]]), end["state"], tuple(end.get("reasons", ()))) for end in raw["ends"]
    )
    if not any(step.who == YOU for step in steps):
        raise _fault(path, raw["id"], "没有企业报送的报文", "the firm sends nothing in it")
    if len({PURCHASES[step.purchase].direction for step in steps}) > 1:
        raise _fault(
            path, raw["id"], "一个情景不能既有进口又有出口", "a scenario is of imports or of exports, not both"
        )
    return Scenario(
        raw["id"], role, raw["required"], Text(**raw["title"]), Text(**raw["about"]), steps, ends
    )  # fmt: skip


def _order_no(purchase: Mapping[str, Any]) -> str:
    """Number of the order of a purchase, with its fields to be filled in."""
    return str(next(purchase[kind]["head"]["orderNo"] for kind in _ORDERS if kind in purchase))


def _step(path: Path, scenario: str, raw: Mapping[str, Any], purchases: Mapping[str, Any]) -> Step:
    strange = sorted({*raw} - _STEP) or sorted({raw["purchase"]} - PURCHASES.keys())
    if strange or raw["who"] not in (YOU, BENCH) or raw["send"] not in purchases.get(raw["purchase"], {}):
        raise _fault(path, scenario, f"步骤不可用：{strange or raw}", f"a step cannot be used: {strange or raw}")
    base = purchases[raw["purchase"]][raw["send"]]
    document = Document(
        {"appType": "1", "appStatus": "2", **base["head"], **raw.get("set", {})},
        [{**line, **raw.get("lines", {})} for line in base.get("lines", ())],
    )
    return Step(
        raw["who"],
        raw["send"],
        raw["purchase"],
        raw.get("n", "1"),
        document,
        raw["send"] in SIGNED and raw.get("sign", True),
        raw.get("outcome", "accepted"),
        tuple(raw.get("reasons", ())),
        tuple(raw.get("receipts", ())),
    )


def _rate(raw: Mapping[str, str]) -> tariff.Rate:
    return tariff.Rate(
        raw["gcode"],
        raw["name"],
        _scaled(raw["duty"], 6),
        _scaled(raw["vat"], 6),
        0,
        0,
        0,
        raw["unit1"],
        "",
        frozenset(("1210", "9610")),
        "reference/scenarios/zone.toml",
        False,
    )


def _scaled(text: str, places: int) -> int:
    return int(Decimal(text).scaleb(places))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _fault(path, "", f"无法读取：{error}", f"cannot be read: {error}") from error


def _fault(path: Path, place: str, zh: str, en: str) -> tariff.LawFileError:
    mend = Text("请照旁边的文件改写", "Write it like the files beside it")
    return tariff.LawFileError(f"{path.parent.name}/{path.name} {place}".strip(), Text(zh, en), mend)
