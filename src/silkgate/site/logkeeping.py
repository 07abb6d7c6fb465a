"""The verifiable log of an installation: its name, its key, the process that seals it, its audit."""

from __future__ import annotations

import binascii
import json
import os
import re
import sys
import threading
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from silkgate.kernel.text import Text
from silkgate.site.home import Home, current_home
from silkgate.site.language import language
from silkgate.site.problem import Problem
from silkgate.standards.tlog.note import NoteError, Signer, key_name

if TYPE_CHECKING:
    from silkgate.exchange.api import Audited

NAME_VARIABLE = "SILKGATE_TLOG_NAME"
KEY_VARIABLE = "SILKGATE_TLOG_KEY"
_SEED_BYTES = 32


def now() -> datetime:
    """When a checkpoint is signed."""
    return datetime.now(UTC)


def log_name() -> str | None:
    """The log's name: that of the setting, else made from the zone's; None before there is a zone. Raises Problem."""
    given = os.environ.get(NAME_VARIABLE)
    if given:
        try:
            return key_name(given)
        except NoteError as error:
            raise Problem(
                f"{NAME_VARIABLE}不能含空格或加号，现为“{given}”。",
                f"{NAME_VARIABLE} must have no space and no plus; it is {given!r}.",
            ) from error
    from django.db import connection

    from silkgate.registry import api as registry

    with connection.cursor() as cursor:
        zone = registry.zone(cursor)
    connection.close()
    if zone is None:
        return None
    return re.sub(r"[\s+]+", "-", f"silkgate/{zone.name}/{zone.customs_code}")


def signer(home: Home) -> Signer | None:
    """Name and key that the log is signed with; None before there is a zone. Raises Problem."""
    name = log_name()
    if name is None:
        return None
    given = os.environ.get(KEY_VARIABLE)
    try:
        seed = b64decode(given or home.log_key(), validate=True)
    except binascii.Error:
        seed = b""
    if len(seed) != _SEED_BYTES:
        place = KEY_VARIABLE if given else str(home.log_key_file)
        raise Problem(
            f"日志私钥（{place}）应为base64写成的{_SEED_BYTES}字节。",
            f"The log's private key ({place}) must be {_SEED_BYTES} bytes in base64.",
        )
    return Signer(name, seed)


def current_signer() -> Signer | None:
    """As `signer`, of this installation."""
    return signer(current_home())


def keep(home: Home, stop: threading.Event) -> None:
    """Seal what is decided, until `stop`."""
    from silkgate.exchange.api import connect, run_sealer

    run_sealer(stop, connect, lambda: signer(home), now, home.log_published)


def audit(checkpoint: Path | None, as_json: bool) -> int:
    """Audit the log under a progress bar and print what came of it; 0 where all agrees, else 1. Raises Problem."""
    from silkgate.exchange.api import audit as run
    from silkgate.exchange.api import connect

    outside = None
    if checkpoint is not None:
        try:
            outside = checkpoint.read_bytes()
        except OSError as error:
            raise Problem(
                f"无法读取{checkpoint}：{error.strerror}。", f"{checkpoint} cannot be read: {error.strerror}."
            ) from error
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with connect() as connection, Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(Text("核对日志", "Auditing").in_language(language()), total=None)
        result = run(connection, lambda done, total: bar.update(task, completed=done, total=total), outside)
    if as_json:
        typer.echo(json.dumps({"agrees": result.difference is None, **_plain(result)}, ensure_ascii=False, indent=2))
        return 0 if result.difference is None else 1
    if result.difference is not None:
        typer.echo(result.difference.in_language(language()), file=sys.stderr)
        return 1
    text = Text(
        "日志与数据一致：{leaves}条记录（{batches}批、{events}个单独事件），{checkpoints}个检查点，另有{waiting}批待封存。",
        "The log agrees with the rows: {leaves} entries ({batches} batches, {events} single events), {checkpoints} "
        "checkpoints; {waiting} batches wait to be sealed.",
    ).format(
        leaves=f"{result.leaves:,}",
        batches=f"{result.batches:,}",
        events=f"{result.events:,}",
        checkpoints=f"{result.checkpoints:,}",
        waiting=f"{result.waiting_batches:,}",
    )
    typer.echo(text.in_language(language()))
    return 0


def _plain(result: Audited) -> dict[str, Any]:
    found = result._asdict()
    return found | {"difference": found["difference"]._asdict() if found["difference"] else None}
