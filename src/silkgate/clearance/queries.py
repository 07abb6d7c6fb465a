"""Reads of clearance for pages and machines. Nothing here decides or writes.

Lists are cut by keyset over a bounded window of numbers: whatever the filter and however many declarations there are,
a page costs the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec
from django.db import connection
from django.db.models import BigIntegerField, F, Func, Max, Q, Value

from silkgate.clearance import models
from silkgate.clearance.directions import DIRECTIONS, KINDS, direction_of
from silkgate.clearance.domain import EXPORT, IMPORT, Assessment
from silkgate.kernel.findings import Finding
from silkgate.kernel.text import Text

# --- For pages: lists ----------------------------------------------------------------------------------------------

WINDOW = 20_000
"""How many declarations one page of a filtered list looks at."""
COUNTED = 10_000
"""Standing numbers are counted up to here; more is shown as more."""

GROUPS: dict[str, tuple[str, ...]] = {
    "waiting": ("1", "2"),
    "released": ("800", "399", "899"),
    "held": ("300", "500", "501", "502", "503", "599"),
    "returned": ("cancelled", "part_returned", "returned", "700"),
}
"""States behind a filter; `refused` is every other state, 100 and the negative codes."""


GROUP_NAMES = {
    "": Text("全部", "All"),
    "waiting": Text("待齐单", "Waiting"),
    "released": Text("放行、结关", "Released, closed"),
    "held": Text("待查验、审核", "Held"),
    "refused": Text("退单", "Refused"),
    "returned": Text("撤销、退货", "Cancelled, returned"),
}
"""Filters of lists in words; "" is no filter."""


class Line(NamedTuple):
    """A declaration as a row of a list. Amounts in cents, None before acceptance and for exports."""

    id: int
    ebp_code: str
    order_no: str
    logistics_no: str
    invt_no: str | None
    state: str
    reasons: tuple[str, ...]
    dutiable_cents: int | None
    tax_cents: int | None
    at: datetime
    """When it was last decided, or stored where it never was."""
    direction: str
    """`import` or `export`."""

    @property
    def direction_words(self) -> Text:
        """The direction, as people read it."""
        return DIRECTIONS[self.direction]


class Page(NamedTuple):
    """One page of a list, newest first; `older` continues it (None: nothing older)."""

    lines: tuple[Line, ...]
    older: int | None


_LINE_FIELDS = (
    "id", "ebp_code", "order_no", "logistics_no", "invt_no", "state", "reasons", "dutiable_cents", "duty_cents",
    "value_added_tax_cents", "consumption_tax_cents", "stored_at", "decided_at", "kind",
)  # fmt: skip


def _line(row: Sequence[Any]) -> Line:
    number, ebp_code, order_no, logistics_no, invt_no, state, reasons, dutiable, *taxes, stored, decided, kind = row
    return Line(
        number,
        ebp_code,
        order_no,
        logistics_no,
        invt_no,
        state,
        tuple(reason for reason in reasons.split(";") if reason),
        dutiable,
        None if dutiable is None else sum(tax or 0 for tax in taxes),
        decided or stored,
        direction_of(kind),
    )


def _in_group(group: str) -> Q:
    if group == "refused":
        return Q(state="100") | Q(state__startswith="-")
    return Q(state__in=GROUPS[group])


def _filtered(group: str, reason: str, direction: str) -> Q:
    wanted = _in_group(group) if group else Q()
    if direction:
        wanted &= Q(kind=KINDS[direction])
    return wanted & Q(reasons__regex=f"(^|;){reason.replace('.', '[.]')}(;|$)") if reason else wanted


def newest(
    *, group: str = "", reason: str = "", direction: str = "", before: int | None = None, limit: int = 50
) -> Page:
    """Declarations below number `before` (None: from the newest), filtered by a group of states, a reason, a direction.

    Looks at no more than WINDOW numbers, so a page may hold fewer than `limit` lines and still have an older one.
    KeyError for a group or a direction that does not exist.
    """
    top = before if before is not None else (models.Declaration.objects.aggregate(top=Max("id"))["top"] or 0) + 1
    bottom = max(top - WINDOW, 0)
    rows = models.Declaration.objects.filter(_filtered(group, reason, direction), id__lt=top, id__gte=bottom)
    lines = tuple(_line(row) for row in rows.order_by("-id").values_list(*_LINE_FIELDS)[: limit + 1])
    if len(lines) > limit:
        return Page(lines[:limit], lines[limit - 1].id)
    return Page(lines, bottom if bottom > 0 else None)


def of_parties(
    codes: Sequence[str] | None,
    *,
    states: Sequence[str] = (),
    group: str = "",
    direction: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Page:
    """Declarations that name any of `codes` (None: all) as platform, merchant, agent or logistics firm, newest first.

    `since`, `until`: stored at that time or later, and before that time. `group`, `direction`: as `newest` has them.
    Looks at no more than WINDOW numbers, as `newest` does. KeyError for a group or a direction that does not exist.
    """
    top = before if before is not None else (models.Declaration.objects.aggregate(top=Max("id"))["top"] or 0) + 1
    if until is not None:
        top = min(top, _first_since(until, top))
    lowest = _first_since(since, top) if since is not None else 0
    bottom = max(top - WINDOW, lowest)
    rows = models.Declaration.objects.filter(_filtered(group, "", direction), id__lt=top, id__gte=bottom)
    if codes is not None:
        named = [Q(**{f"{role}__in": codes}) for role in ("ebc_code", "ebp_code", "agent_code", "logistics_code")]
        rows = rows.filter(named[0] | named[1] | named[2] | named[3])
    if states:
        rows = rows.filter(state__in=states)
    lines = tuple(_line(row) for row in rows.order_by("-id").values_list(*_LINE_FIELDS)[: limit + 1])
    if len(lines) > limit:
        return Page(lines[:limit], lines[limit - 1].id)
    return Page(lines, bottom if bottom > lowest else None)


def _first_since(moment: datetime, top: int) -> int:
    """The smallest number from which on everything below `top` was stored at `moment` or later.

    Numbers grow with time, so it is found by halving: as many looks at the primary key as `top` has bits.
    """
    low, high = 0, top
    while low < high:
        middle = (low + high) // 2
        # Numbers have gaps: the nearest one at or above the middle stands for it.
        rows = models.Declaration.objects.filter(id__gte=middle, id__lt=high).order_by("id")
        found = rows.values_list("id", "stored_at").first()
        if found is None or found[1] >= moment:
            high = middle
        else:
            low = found[0] + 1
    return low


EVENTS = 1_000
"""How many entries of the journal the live list looks back."""


def latest(*, group: str = "", reason: str = "", direction: str = "", limit: int = 20) -> tuple[Line, ...]:
    """Declarations that something happened to last, newest first: stored, decided, cancelled, returned.

    Not by number alone: what an officer releases today may have been declared weeks ago. Looks at the newest WINDOW
    numbers and the last EVENTS entries of the journal.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LATELY, [EVENTS])
        happened: dict[int, datetime] = dict(cursor.fetchall())
    lines = {line.id: line for line in newest(group=group, reason=reason, direction=direction, limit=limit).lines}
    wanted = _filtered(group, reason, direction)
    others = models.Declaration.objects.filter(wanted, id__in=happened.keys() - lines.keys())
    for row in others.values_list(*_LINE_FIELDS):
        line = _line(row)
        lines[line.id] = line
    moved = (line._replace(at=max(line.at, happened.get(line.id, line.at))) for line in lines.values())
    return tuple(sorted(moved, key=lambda line: (line.at, line.id), reverse=True)[:limit])


_LATELY = """
select subject_id, max(at) from (
    select subject_id, subject_kind, at from journal_event order by id desc limit %s
) as lately where subject_kind = 'declaration' group by subject_id
"""


class HeldLine(NamedTuple):
    """A held declaration as a row of the officer's list."""

    id: int
    ebp_code: str
    order_no: str
    invt_no: str
    state: str
    selected_by: tuple[str, ...]
    """Selection rules as `kind:value`, or `random`."""
    dutiable_cents: int | None
    """None for an export, on which nothing is due."""
    decided_at: datetime
    direction: str
    """`import` or `export`."""

    @property
    def direction_words(self) -> Text:
        """The direction, as people read it."""
        return DIRECTIONS[self.direction]


class HeldPage(NamedTuple):
    """One page of the officer's list, oldest first; `older` is where it goes on (None: it ends)."""

    lines: tuple[HeldLine, ...]
    older: int | None


def held(*, states: Sequence[str] = ("300", "500"), direction: str = "", after: int = 0, limit: int = 50) -> HeldPage:
    """Declarations in the hands of officers, oldest first: whoever waits longest is served first."""
    wanted = models.Declaration.objects.filter(_filtered("", "", direction), state__in=states, id__gt=after)
    rows = wanted.order_by("id")[: limit + 1]
    lines = tuple(
        HeldLine(
            row.id,
            row.ebp_code,
            row.order_no,
            row.invt_no or "",
            row.state,
            tuple(_assessment(row.assessment).selected_by) if row.assessment else (),
            row.dutiable_cents,
            row.decided_at or row.stored_at,
            direction_of(row.kind),
        )
        for row in rows
    )
    return HeldPage(lines[:limit], lines[limit - 1].id if len(lines) > limit else None)


def _assessment(stored: str) -> Assessment:
    return msgspec.json.decode(stored, type=Assessment)


def matching(text: str, *, limit: int = 20) -> tuple[Line, ...]:
    """Declarations with exactly this order, waybill or declaration number, newest first, former ones too."""
    # Each number by its own index: all three together would be looked for in every row.
    number = BigIntegerField()
    same_hash = Func(Value(text), Value(0), function="hashtextextended", output_field=number)
    parcel = Func(F("logistics_no"), Value(0), function="hashtextextended", output_field=number)
    all_rows = models.Declaration.objects.all()
    places = (
        all_rows.filter(order_no=text, current=True),
        all_rows.filter(order_no=text, current=False),
        all_rows.filter(invt_no=text),
        all_rows.alias(parcel=parcel).filter(parcel=same_hash, logistics_no=text),
    )
    numbers = {found for rows in places for found in rows.order_by("-id").values_list("id", flat=True)[:limit]}
    rows = all_rows.filter(id__in=numbers).order_by("-id")
    return tuple(_line(row) for row in rows.values_list(*_LINE_FIELDS)[:limit])


# --- For pages: numbers --------------------------------------------------------------------------------------------


class Today(NamedTuple):
    """Numbers of the live page: of the day, and standing now (counted up to COUNTED)."""

    documents: int
    released: int
    refused: int
    held: int
    waiting_now: int
    held_now: int
    engine_at: datetime | None


def today(day: date) -> Today:
    """Tallies of `day` in UTC+8, as the engine keeps them, with what waits at this moment."""
    tally = dict(models.Tally.objects.filter(day=day).values_list("measure", "amount"))
    waiting = models.Declaration.objects.filter(state="2").values("id")[: COUNTED + 1].count()
    held_now = models.Declaration.objects.filter(state__in=("300", "500")).values("id")[: COUNTED + 1].count()
    return Today(
        documents=sum(amount for measure, amount in tally.items() if measure.startswith("documents.")),
        released=tally.get("state.800", 0),
        refused=tally.get("state.refused", 0),
        held=tally.get("state.300", 0) + tally.get("state.500", 0),
        waiting_now=waiting,
        held_now=held_now,
        engine_at=models.EngineCursor.objects.values_list("at", flat=True).first(),
    )


def reasons_lately(*, limit: int = 8) -> tuple[tuple[str, int], ...]:
    """The most frequent reasons of refusal among the newest WINDOW declarations, with how often each was given."""
    with connection.cursor() as cursor:
        cursor.execute(_REASONS, [WINDOW, limit])
        return tuple(cursor.fetchall())


_REASONS = """
select reason, count(*) from (
    select unnest(string_to_array(reasons, ';')) as reason from clearance_declaration
    where id > (select coalesce(max(id), 0) from clearance_declaration) - %s
      and (state = '100' or state like '-%%') and reasons <> ''
) as given group by reason order by count(*) desc, reason limit %s
"""


# --- For pages: one declaration ------------------------------------------------------------------------------------


class Place(NamedTuple):
    """Where a document lies in the inbox."""

    code: str
    message_id: int
    position: int


class Full(NamedTuple):
    """A declaration with everything that explains it."""

    line: Line
    row: models.Declaration
    findings: tuple[Finding, ...]
    assessment: Assessment | None
    places: tuple[Place | None, ...]
    """Of declaration, order, payment and waybill, as `COMPANIONS` has them; None: not arrived."""
    payments: tuple[Place, ...]
    """All payments for the order, of an export all receipts of money, in order of acceptance."""
    instructions: tuple[models.Instruction, ...]
    """Officers' decisions about it, oldest first."""

    @property
    def open_instruction(self) -> models.Instruction | None:
        """The officer's decision that the engine has yet to carry out."""
        return next((made for made in self.instructions if made.batch_no is None), None)


COMPANIONS = {IMPORT: ("311", "411", "511"), EXPORT: ("303", "403", "505")}
"""Messages of order, payment (of an export: receipt of money) and waybill, by the message that declares."""


def kind_of(number: int) -> str | None:
    """The message that declares, `IMPORT` or `EXPORT`; None: there is no such declaration."""
    return models.Declaration.objects.filter(id=number).values_list("kind", flat=True).first()


def parties(number: int) -> tuple[str, ...]:
    """Codes of the enterprises that a declaration names, the merchant first; none: there is no such declaration."""
    named = models.Declaration.objects.filter(id=number).values_list(
        "ebc_code", "ebp_code", "agent_code", "logistics_code"
    )
    return tuple(dict.fromkeys(code for row in named for code in row if code))


def declaration(number: int) -> Full | None:
    """The declaration with this number; None where there is none."""
    row = models.Declaration.objects.filter(id=number).first()
    if row is None:
        return None
    order_code, payment_code, waybill_code = COMPANIONS[row.kind]
    order = _place(order_code, models.Order.objects.filter(ebp_code=row.ebp_code, order_no=row.order_no, draft=False))
    waybill = _place(
        waybill_code,
        models.Waybill.objects.filter(logistics_code=row.logistics_code, logistics_no=row.logistics_no, draft=False),
    )
    paid = models.Payment.objects.filter(ebp_code=row.ebp_code, order_no=row.order_no, draft=False).order_by(
        "message_id", "position"
    )
    payments = tuple(Place(payment_code, *place) for place in paid.values_list("message_id", "position"))
    return Full(
        line=_line(tuple(getattr(row, name) for name in _LINE_FIELDS)),
        row=row,
        findings=tuple(Finding(*found) for found in msgspec.json.decode(row.findings or b"[]")),
        assessment=_assessment(row.assessment) if row.assessment else None,
        places=(Place(row.kind, row.message_id, row.position), order, payments[0] if payments else None, waybill),
        payments=payments,
        instructions=tuple(models.Instruction.objects.filter(declaration_id=number).order_by("id")),
    )


def _place(code: str, rows: models.models.QuerySet) -> Place | None:
    found: Sequence[tuple[int, int]] = rows.values_list("message_id", "position")[:1]
    return Place(code, *found[0]) if found else None
