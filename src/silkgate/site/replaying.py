"""What `replay` prints."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from silkgate.kernel.fixed import format_cents
from silkgate.kernel.text import Text
from silkgate.site.language import language
from silkgate.site.problem import Problem

if TYPE_CHECKING:
    from silkgate.clearance.api import Replayed
    from silkgate.tariff.api import Trial

EXAMPLES = 20


def replay(first: datetime | None, last: datetime | None, law: Path | None, as_json: bool) -> int:
    """Replay and print; returns 1 where the law of their day came to anything else than was recorded, otherwise 0."""
    trial = _trial(law) if law else None
    days = (first.date() if first else None, last.date() if last else None)
    if days[0] and days[1] and days[0] > days[1]:
        raise Problem(
            f"起始日{days[0]}晚于终止日{days[1]}。", f"The first day, {days[0]}, is after the last, {days[1]}."
        )
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=as_json) as bar:
        task = bar.add_task(_said(Text("重放报文", "Replaying messages")), total=None)
        replayed = _replayed(days, trial, lambda done, total: bar.update(task, completed=done, total=total))
    if as_json:
        typer.echo(json.dumps(_plain(replayed, trial), ensure_ascii=False, indent=2))
    else:
        _print(replayed, trial, Console())
    return 1 if replayed.compared.difference_count else 0


def _trial(law: Path) -> Trial:
    from silkgate.tariff.api import TariffError, read_trial

    if not law.is_file():
        raise Problem(f"没有文件{law}。", f"There is no file {law}.")
    try:
        return read_trial(law)
    except TariffError as error:
        raise Problem(error.text.zh, error.text.en) from error


def _replayed(days: tuple[date | None, date | None], trial: Trial | None, progress: Any) -> Replayed:
    from silkgate.clearance.api import NothingToReplayError, replay
    from silkgate.exchange.api import connect

    try:
        return replay(connect, first=days[0], last=days[1], trial=trial, progress=progress, examples=EXAMPLES)
    except NothingToReplayError as error:
        if error.days is None:
            raise Problem(
                "尚无已裁决的报文可以重放。", "Nothing has been decided yet that could be replayed."
            ) from None
        begin, end = error.days
        raise Problem(
            f"这些日子没有裁决；有裁决的是{begin}至{end}。",
            f"Nothing was decided on these days; there are decisions from {begin} to {end}.",
        ) from None


def _plain(replayed: Replayed, trial: Trial | None) -> dict[str, Any]:
    """The result as JSON has it: names of the fields, days as text."""
    compared = replayed.compared
    told: dict[str, Any] = {**replayed._asdict(), "first": str(replayed.first), "last": str(replayed.last)}
    told["seconds"] = round(replayed.seconds, 3)
    told["compared"] = {**compared._asdict()}
    for name in ("differences", "changes", "message_changes"):
        told["compared"][name] = [row._asdict() for row in getattr(compared, name)]
    told["compared"]["changed"] = [
        {**row._asdict(), "recorded": row.recorded._asdict(), "replayed": row.replayed._asdict()}
        for row in compared.changed
    ]
    told["law"] = {"title": trial.title._asdict(), "version": trial.version} if trial else None
    return told


def _print(replayed: Replayed, trial: Trial | None, console: Console) -> None:
    compared = replayed.compared
    table = _table(Text("项目", "What"), Text("数量", "Count"))
    _row(table, Text("日期", "days"), f"{replayed.first} – {replayed.last}")
    _row(table, Text("批次", "batches"), f"{replayed.batches:,}")
    _row(table, Text("报文", "messages"), f"{replayed.messages:,}")
    _row(table, Text("清单（含此前）", "declarations (with those before)"), f"{replayed.declarations:,}")
    _row(table, Text("用时（秒）", "seconds"), f"{replayed.seconds:.1f}")
    if replayed.other_law:
        _row(
            table, Text("当时法规版本不同的批次", "batches under another version of the law"), f"{replayed.other_law:,}"
        )
    if trial is None:
        _row(table, Text("不一致", "differences"), f"{compared.difference_count:,}")
    console.print(table)
    if trial is None:
        _print_differences(replayed, console)
    else:
        _print_changes(replayed, trial, console)


def _print_differences(replayed: Replayed, console: Console) -> None:
    compared = replayed.compared
    for one in compared.differences:
        where = f"{one.batch_no} " if one.batch_no else ""
        console.print(f"{where}{one.what} {one.subject}", style="bold", markup=False, highlight=False)
        console.print(f"  - {one.recorded}\n  + {one.replayed}", markup=False, highlight=False)
    if compared.difference_count:
        console.print(_said(Text("与记录不一致。", "Differs from what was recorded.")))
    elif replayed.to_the_present:
        console.print(
            _said(
                Text(
                    "与记录逐字节一致，现存清单与余额也一致。",
                    "The same as recorded, byte for byte; declarations and balances as they stand, too.",
                )
            )
        )
    else:
        console.print(_said(Text("与记录逐字节一致。", "The same as recorded, byte for byte.")))


def _print_changes(replayed: Replayed, trial: Trial, console: Console) -> None:
    compared = replayed.compared
    table = _table(
        Text("原结果", "Then"), Text("试算结果", "Now"), Text("清单", "Declarations"), Text("原税款", "Tax then"),
        Text("试算税款", "Tax now"), title=trial.title,
    )  # fmt: skip
    for column in table.columns[2:]:
        column.justify = "right"
    for change in compared.changes:
        table.add_row(
            _outcome(change.state_recorded, change.reasons_recorded),
            _outcome(change.state_replayed, change.reasons_replayed),
            f"{change.declarations:,}",
            format_cents(change.tax_recorded_cents),
            format_cents(change.tax_replayed_cents),
        )
    table.add_section()
    changed = sum(change.declarations for change in compared.changes)
    _row(table, Text("不变", "unchanged"), "", f"{compared.decided - changed:,}")
    _row(
        table, Text("合计", "in all"), "", f"{compared.decided:,}", format_cents(compared.tax_recorded_cents),
        format_cents(compared.tax_replayed_cents),
    )  # fmt: skip
    console.print(table)
    for message in compared.message_changes:
        then = _outcome(message.outcome_recorded, message.reasons_recorded)
        now = _outcome(message.outcome_replayed, message.reasons_replayed)
        console.print(_said(Text("报文", "messages")), f"{then} → {now}: {message.messages:,}", highlight=False)
    for one in compared.changed:
        console.print(
            f"{one.ebp_code} {one.order_no}: {_outcome(one.recorded.state, one.recorded.reasons)}"
            f" {format_cents(one.recorded.tax_cents)} → {_outcome(one.replayed.state, one.replayed.reasons)}"
            f" {format_cents(one.replayed.tax_cents)}",
            markup=False,
            highlight=False,
        )


def _outcome(state: str, reasons: str) -> str:
    return f"{state or '–'} {reasons}".strip()


def _table(*headings: Text, title: Text | None = None) -> Table:
    table = Table(*[_said(heading) for heading in headings], title=_said(title) if title else None)
    table.columns[1].justify = "right" if len(headings) == 2 else "left"
    return table


def _row(table: Table, name: Text, *cells: str) -> None:
    table.add_row(_said(name), *cells)


def _said(text: Text) -> str:
    return text.in_language(language())
