"""What `check`, `clear` and `case run` print."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from silkgate.kernel.findings import Finding
from silkgate.kernel.text import Text
from silkgate.site.language import language
from silkgate.site.problem import Problem

if TYPE_CHECKING:
    from silkgate.clearance.api import CaseResult, Cleared

_ACCEPTED = Text("接受", "accepted")
_REJECTED = Text("拒绝", "rejected")
_HELP = Text("帮助：", "Help:")
_NOT_TAKEN = Text(
    "此类报文此处只校验，本区的服务暂不受理。",
    "Messages of this kind are checked here only, this zone's service does not take them yet.",
)


def check(files: Sequence[Path], as_json: bool) -> int:
    """Print what intake finds in each file; returns 0 where it finds nothing wrong in any, else 1."""
    results = [_checked(file) for file in files]
    if as_json:
        typer.echo(json.dumps(results, ensure_ascii=False, indent=2))
    else:
        for result in results:
            verdict = _ACCEPTED if result["outcome"] == _ACCEPTED.en else _REJECTED
            typer.echo(f"{result['file']}: {result['message_type']} {_said(verdict)}")
            for finding in result["findings"]:
                sentence = Text(finding["zh"], finding["en"])
                typer.echo(f"  {finding['code']}: {_said(sentence)}")
                typer.echo(f"    {_said(_HELP)} {finding['help']}")
            if not result["taken"]:
                typer.echo(f"  {_said(_NOT_TAKEN)}")
    return 0 if all(result["outcome"] == _ACCEPTED.en for result in results) else 1


def _checked(file: Path) -> dict[str, Any]:
    from silkgate.clearance.api import check_message

    try:
        raw = file.read_bytes()
    except OSError as error:
        raise Problem(f"无法读取{file}：{error.strerror}。", f"{file} cannot be read: {error.strerror}.") from error
    found = check_message(raw)
    return {
        "file": str(file),
        "message_type": found.message_type,
        "guid": found.guid,
        "outcome": found.outcome,
        "taken": found.taken,
        "reasons": sorted({finding.code for finding in found.findings}),
        "findings": [_told(finding) for finding in found.findings],
    }


def _told(finding: Finding) -> dict[str, Any]:
    from silkgate.tariff.api import tell

    return {**finding._asdict(), **tell(finding)._asdict(), "help": f"/help/{finding.code}"}


def clear(folder: Path, receipts: Path) -> int:
    """Clear a folder of messages under a progress bar and print how many came to which state; returns 0."""
    from silkgate.clearance.api import clear_folder

    if not folder.is_dir():
        raise Problem(f"{folder}不是目录。", f"{folder} is not a directory.")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        tasks = {stage: bar.add_task(_said(words), total=None, start=False) for stage, words in _STAGES.items()}

        def progress(stage: str, done: int, total: int) -> None:
            bar.start_task(tasks[stage])
            bar.update(tasks[stage], completed=done, total=total)

        cleared = clear_folder(folder, receipts, progress=progress)
    _print_summary(cleared, receipts)
    return 0


_STAGES = {
    "take": Text("接收", "Taking in"),
    "decide": Text("裁决", "Deciding"),
    "receipts": Text("写回执", "Writing receipts"),
}


def _print_summary(cleared: Cleared, receipts: Path) -> None:
    """What came in, what became of it, and why not."""
    table = Table(_said(Text("项目", "What")), _said(Text("数量", "Count")))
    table.columns[1].justify = "right"
    table.add_row(_said(Text("报文", "messages")), f"{cleared.messages:,}")
    table.add_row(_said(Text("单证", "documents")), f"{cleared.documents:,}")
    for outcome, words in _OUTCOMES.items():
        if cleared.outcomes[outcome]:
            table.add_row("  " + _said(words), f"{cleared.outcomes[outcome]:,}")
    table.add_section()
    for state, count in sorted(cleared.states.items()):
        table.add_row(f"{_said(Text('清单状态', 'declarations in state'))} {state}", f"{count:,}")
    table.add_section()
    for reason, count in cleared.reasons.most_common():
        table.add_row(reason, f"{count:,}")
    table.add_section()
    table.add_row(f"{_said(Text('回执报文', 'receipt messages'))} → {receipts}", f"{cleared.receipts:,}")
    table.add_row(_said(Text("用时（秒）", "seconds")), f"{cleared.seconds:.1f}")
    Console().print(table)


_OUTCOMES = {
    "accepted": Text("报文接受", "messages accepted"),
    "rejected": Text("报文拒绝", "messages rejected"),
    "duplicate": Text("报文重复", "messages repeated"),
}


def run_case(case_dir: Path, out: Path, as_json: bool) -> int:
    """Run a case in a private database; returns 0 where it agrees with `expected/`, 1 where it differs."""
    from silkgate.site.database import database
    from silkgate.site.home import current_home
    from silkgate.site.scratch import private_database

    if not (case_dir / "case.toml").is_file():
        raise Problem(
            f"{case_dir}不是案例目录：其中没有可读的case.toml。",
            f"{case_dir} is no case folder: there is no readable case.toml in it.",
        )
    with ExitStack() as stack:
        server = stack.enter_context(database(current_home().prepare()))
        url = stack.enter_context(private_database(server))
        result = _run(case_dir, out, url)
    agrees = not result.differences
    if as_json:
        typer.echo(json.dumps({"agrees": agrees, "out": str(out), **result._asdict()}, ensure_ascii=False, indent=2))
        return 0 if agrees else 1
    for difference in result.differences:
        typer.echo(difference)
    words = (
        Text(
            "与expected/一致，或没有expected/。结果在{out}。",
            "Agrees with expected/, or there is none. Results: {out}.",
        )
        if agrees
        else Text("与expected/不一致。结果在{out}。", "Differs from expected/. Results: {out}.")
    )
    typer.echo(_said(words.format(out=out)), file=sys.stderr)
    return 0 if agrees else 1


def _run(case_dir: Path, out: Path, url: str) -> CaseResult:
    import psycopg
    from django.db import DatabaseError

    from silkgate.clearance.api import FolderError
    from silkgate.clearance.api import run_case as run
    from silkgate.tariff.api import TariffError

    try:
        return run(case_dir, out, lambda: psycopg.connect(url))
    except (FolderError, TariffError) as error:
        raise Problem(error.text.zh, error.text.en) from error
    except (OSError, UnicodeDecodeError, DatabaseError) as error:
        raise Problem(
            f"案例目录{case_dir}无法读写：{error}", f"The case folder {case_dir} cannot be read or written: {error}"
        ) from error


def _said(text: Text) -> str:
    return text.in_language(language())
