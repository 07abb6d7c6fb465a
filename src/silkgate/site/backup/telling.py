"""What `backup`, `restore` and `drill` print."""

from __future__ import annotations

import json

from rich.console import Console
from rich.table import Table

from silkgate.kernel.text import Text
from silkgate.site.backup.drill import Drill
from silkgate.site.backup.restoring import Restored
from silkgate.site.backup.saving import Saved

_BACKUP = Text("备份", "Backup")
_RESTORE = Text("恢复到临时数据库", "Restore into a scratch database")
_COMPARE = Text("逐项比较", "Comparison")
_CHECK = Text("检查项", "Check")
_EXPECTED = Text("备份时", "As saved")
_FOUND = Text("恢复后", "As restored")
_VERDICT = Text("结论", "Verdict")
_EQUAL = Text("一致", "equal")
_DIFFERENT = Text("不一致", "different")
_SECONDS = Text("{name}：{seconds:.1f}秒", "{name}: {seconds:.1f} s")
_PROVED = Text(
    "演练通过：{tables}张表、{rows:,}行、余额与日志全部一致。",
    "The drill has passed: {tables} tables, {rows:,} rows, balances and journal are all equal.",
)
_FAILED = Text("演练未通过：{count}项不一致。", "The drill has failed: {count} checks differ.")


def as_json(result: Drill) -> str:
    """A drill for a machine."""
    seconds = {"backup": result.backup_seconds, "restore": result.restore_seconds, "compare": result.compare_seconds}
    checks = [{"check": one.name, "saved": one.expected, "restored": one.found, "agrees": one.agrees}
              for one in result.lines]  # fmt: skip
    report = {"passed": result.passed, "made_at": result.manifest.made_at, "seconds": seconds, "checks": checks}
    return json.dumps(report, ensure_ascii=False, indent=2)


def show(result: Drill, console: Console, language: str) -> None:
    """A drill for a person: every check, the times, the verdict."""
    table = Table(_CHECK.in_language(language), _EXPECTED.in_language(language), _FOUND.in_language(language),
                  _VERDICT.in_language(language))  # fmt: skip
    for line in result.lines:
        verdict = (_EQUAL if line.agrees else _DIFFERENT).in_language(language)
        mark = "[green]✓[/]" if line.agrees else "[bold red]✗[/]"
        table.add_row(line.words.in_language(language), _short(line.expected), _short(line.found), f"{mark} {verdict}")
    console.print(table)
    for name, seconds in ((_BACKUP, result.backup_seconds), (_RESTORE, result.restore_seconds),
                          (_COMPARE, result.compare_seconds)):  # fmt: skip
        if seconds is not None:
            console.print(_SECONDS.in_language(language).format(name=name.in_language(language), seconds=seconds))
    wrong = sum(not line.agrees for line in result.lines)
    facts = result.manifest.facts
    outcome = _FAILED if wrong else _PROVED
    console.print(outcome.in_language(language).format(tables=len(facts.tables), rows=facts.rows, count=wrong))


def _short(value: str) -> str:
    """Digests by their beginning: what differs, differs there; all of it is in the JSON."""
    return " ".join(word if len(word) <= _SHOWN else f"{word[:_SHOWN]}…" for word in value.split())


_SHOWN = 12

_SAVED = Text(
    "已备份到{place}：{rows:,}行，{size:.1f} MiB，{seconds:.1f}秒。{secrets}",
    "Saved to {place}: {rows:,} rows, {size:.1f} MiB, {seconds:.1f} s. {secrets}",
)
_WITH_SECRETS = Text("其中有密钥和个人信息，请妥善保管。", "It holds keys and personal data: keep it safe.")
_WITHOUT_SECRETS = Text(
    "其中有个人信息但没有数据目录的密钥，请另行保管密钥。",
    "It holds personal data but not the keys of the home folder: keep those apart.",
)
_RESTORED = Text(
    "已恢复{made_at}的备份：{rows:,}行，与清单一致，{seconds:.1f}秒。",
    "The backup of {made_at} is restored: {rows:,} rows, equal to its manifest, {seconds:.1f} s.",
)
_KEPT = Text(
    "原有数据改名为数据库{name}，保留到下一次恢复。",
    "What was there before stays as database {name} until the next restore.",
)


def saved(result: Saved, language: str) -> str:
    """One sentence about a backup."""
    secrets = _WITH_SECRETS if result.manifest.with_secrets else _WITHOUT_SECRETS
    return _SAVED.in_language(language).format(
        place=result.place, rows=result.manifest.facts.rows, size=result.bytes / 2**20, seconds=result.seconds,
        secrets=secrets.in_language(language),
    )  # fmt: skip


def restored(result: Restored, language: str) -> str:
    """One or two sentences about a restore."""
    words = _RESTORED.in_language(language).format(
        made_at=result.manifest.made_at, rows=result.manifest.facts.rows, seconds=result.seconds
    )
    return words + (" " + _KEPT.in_language(language).format(name=result.kept_as) if result.kept_as else "")
