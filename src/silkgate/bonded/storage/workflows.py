"""What is overdue in storage lies before an officer as a case: months not declared in time, lots that stay too long."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction

from silkgate.bonded.storage import policy, queries
from silkgate.bonded.storage.models import StorageLate, StorageLot
from silkgate.bonded.storage.told import reasons
from silkgate.casework import api as casework
from silkgate.casework.api import APPLICANT, OFFICER, Case, Move, State, Workflow
from silkgate.identity.api import Actor
from silkgate.kernel.clock import china_day
from silkgate.kernel.findings import Finding
from silkgate.kernel.text import Text
from silkgate.tariff.api import parameters

LATE, OVERSTAY = "bonded.late", "bonded.overstay"
WATCH = Actor("storage-watch", agency="customs", duties=frozenset({"declarations"}))
"""Who opens the cases: the watch, in the place of the officers who decide them."""
_AT_ONCE = 500


def _newest(name: str) -> int:
    """A policy value as it stands last; deadlines are counted from the day on which a state is entered."""
    return int(str(parameters()[f"storage.{name}"].values[-1].value))


def _overdue(name: str, words: Text, settled: Text, *more: tuple[str, State, Move]) -> Workflow:
    """An officer asks the firm to make it good, finds that it has, or hands it over to those who punish."""
    review, answer = _newest("review_working_days"), _newest("answer_working_days")

    def officers(move: str, zh: str, en: str, target: str, sources: str = "open") -> Move:
        return Move(move, Text(zh, en), frozenset(sources.split()), target, OFFICER, duty="declarations")

    return Workflow(
        name=name,
        words=words,
        first="open",
        states={
            "open": State(Text("待处理", "To be decided"), waits_for=OFFICER, working_days=review),
            "ordered": State(Text("待企业补办", "To be made good"), waits_for=APPLICANT, working_days=answer),
            "settled": State(settled, open=False, mark="released"),
            "referred": State(Text("已移交处置", "Handed over for a penalty"), open=False, mark="refused"),
            **{target: state for target, state, _ in more},
        },
        moves=(
            officers("order", "责令限期补办", "Have it made good", "ordered"),
            Move(
                "answer",
                Text("已补办，说明原因", "It is made good; the reason"),
                frozenset({"ordered"}),
                "open",
                APPLICANT,
            ),
            officers("settle", "已补办，结案", "Close: it is made good", "settled", "open ordered"),
            officers("refer", "移交处置", "Hand it over for a penalty", "referred", "open ordered"),
            *(move for _, _, move in more),
        ),
        roles=frozenset({"declarant"}),
        scopes=frozenset({"declarations"}),
    )


def declare() -> None:
    """Make both known to casework. Called when Django starts."""
    days = _newest("extension_days")
    casework.declare(
        _overdue(LATE, Text("分送逾期未集中申报", "Drawn and not declared"), Text("已补报", "Declared since")),
        on_enter={"settled": _declared_since},
        template="bonded/case.html",
        context=_context,
    )
    casework.declare(
        _overdue(
            OVERSTAY,
            Text("暂存超期", "In storage for too long"),
            Text("货物已提完", "The goods have left"),
            (
                "extended",
                State(Text("已同意延期", "More time given"), open=False, mark="released"),
                Move(
                    "extend",
                    Text(f"同意延期{days}天", f"Give {days} more days"),
                    frozenset({"open", "ordered"}),
                    "extended",
                    OFFICER,
                    duty="declarations",
                ),
            ),
        ),
        on_enter={"settled": _left_since, "extended": _extend},
        template="bonded/case.html",
        context=_context,
    )


# --- What takes effect ------------------------------------------------------------------------------------------------


def _declared_since(case: Case, actor: Actor, at: datetime) -> None:
    late = StorageLate.objects.get(case_id=case.id)
    left = [one for one in queries.open_periods(late.owner_code, ems_no=late.ems_no) if one.month == late.month]
    if left:
        raise casework.MoveRefused(
            Text(
                f"{late.month:%Y-%m}仍有{sum(one.draws for one in left)}笔分送没有集中申报，不能结案。",
                f"Draws of {late.month:%Y-%m} still wait to be declared ({sum(one.draws for one in left)}): it cannot"
                " be closed.",
            )
        )


def _left_since(case: Case, actor: Actor, at: datetime) -> None:
    if not queries.is_empty(case.data["lot"]):
        raise casework.MoveRefused(
            Text("批次仍有库存，不能结案；可以延期。", "Goods of the lot are still there: give more time instead.")
        )


def _extend(case: Case, actor: Actor, at: datetime) -> None:
    today = china_day(at)
    lot = StorageLot.objects.select_for_update().get(id=case.data["lot"])
    lot.limit_on = max(today, lot.limit_on) + timedelta(days=policy.whole("extension_days", today))
    lot.save(update_fields=["limit_on"])


def _context(case: Case, actor: Actor) -> dict[str, Any]:
    """What a case's page shows of its matter, as it is now."""
    found = {"reasons": reasons((Finding(*case.data["finding"]),))}
    if case.workflow == OVERSTAY:
        lot = StorageLot.objects.get(id=case.data["lot"])
        return found | {"lot": lot, "left": [line for line in queries.lines_of(lot.pk) if line.left_e5]}
    late = StorageLate.objects.get(case_id=case.id)
    periods = queries.open_periods(late.owner_code, ems_no=late.ems_no)
    return found | {"late": late, "periods": [one for one in periods if one.month == late.month]}


# --- The watch --------------------------------------------------------------------------------------------------------


class Raised(NamedTuple):
    """Cases that were opened now."""

    late: tuple[int, ...]
    overstay: tuple[int, ...]


def raise_cases(at: datetime) -> Raised:
    """Open a case for each month of a book that was not declared in time and for each lot that stays too long, once.

    A lot that was given more time gets another case when that has passed. At most 500 of each at a call; of two
    callers at once one opens a case.
    """
    today = china_day(at)
    return Raised(_late_months(today, at), _late_lots(today, at))


def _late_months(today: date, at: datetime) -> tuple[int, ...]:
    told = set(StorageLate.objects.values_list("owner_code", "ems_no", "month"))
    months = {
        (one.owner_code, one.ems_no, one.month)
        for one in queries.open_periods(before=today.replace(day=1), limit=10 * _AT_ONCE)
    }
    opened = []
    for owner_code, ems_no, month in sorted(months - told)[:_AT_ONCE]:
        due_on = policy.due_on(month)
        if due_on < today:
            opened.append(_open_late(owner_code, ems_no, month, due_on, at))
    return tuple(number for number in opened if number)


def _open_late(owner_code: str, ems_no: str, month: date, due_on: date, at: datetime) -> int:
    title = Text(f"账册{ems_no}{month:%Y-%m}分送逾期未申报", f"Book {ems_no}: {month:%Y-%m} drawn and not declared")
    with transaction.atomic():
        case = casework.open_case(
            WATCH,
            LATE,
            organisation_code=owner_code,
            subject=f"{ems_no}/{month:%Y-%m}",
            title=title,
            data={"finding": Finding("storage.late", "month", f"{month:%Y-%m}", due_on.isoformat()).to_list()},
            at=at,
        )
        _, made = StorageLate.objects.get_or_create(
            owner_code=owner_code, ems_no=ems_no, month=month, defaults={"case_id": case.id}
        )
        if not made:
            # Somebody else was quicker: theirs is the case.
            transaction.set_rollback(True)
            return 0
    return case.id


def _late_lots(today: date, at: datetime) -> tuple[int, ...]:
    page = queries.lots(overdue_on=today, untold=True, limit=_AT_ONCE)
    return tuple(number for line in page.lines if (number := _open_overstay(line.id, today, at)))


def _open_overstay(lot_id: int, today: date, at: datetime) -> int:
    with transaction.atomic():
        lot = StorageLot.objects.select_for_update(skip_locked=True).filter(id=lot_id).first()
        if lot is None or lot.late_told_on == lot.limit_on or lot.limit_on >= today:
            return 0
        finding = Finding("storage.overstay", "number", lot.number, lot.limit_on.isoformat())
        case = casework.open_case(
            WATCH,
            OVERSTAY,
            organisation_code=lot.owner_code,
            subject=f"storage/{lot.pk}",
            title=Text(f"批次{lot.number}暂存超期", f"Lot {lot.number} in storage for too long"),
            data={"lot": lot.pk, "finding": finding.to_list()},
            at=at,
        )
        lot.late_told_on = lot.limit_on
        lot.save(update_fields=["late_told_on"])
    return case.id
