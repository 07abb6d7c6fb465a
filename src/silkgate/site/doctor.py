"""`silkgate doctor`: looks at everything that must be right and tells each fault in one sentence."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from re import match
from typing import NamedTuple

from rich.console import Console

from silkgate.kernel.text import Text
from silkgate.site import carrier, web
from silkgate.site.application import set_up
from silkgate.site.database import database, named_url, without_password
from silkgate.site.home import Home, current_home
from silkgate.site.moment import china_time
from silkgate.site.postgres import EmbeddedPostgres
from silkgate.site.problem import Problem
from silkgate.site.running import is_running
from silkgate.standards.ceb.fast import VARIABLE, is_compiled

_OLDEST_PYTHON = (3, 11)
_MIB = 1024 * 1024
_FREE_DISK_MIB = 1024
_STALE_HEARTBEAT = timedelta(seconds=60)
_CLOCK_TOLERANCE = timedelta(seconds=30)


class State(StrEnum):
    """How a check came out; only `wrong` needs somebody."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"


class Finding(NamedTuple):
    """One check, its outcome and its sentence."""

    check: str
    state: State
    text: Text


def examine() -> list[Finding]:
    """Run every check. What needs the database is left out where there is none."""
    home = current_home()
    findings = [check(home) for check in _WITHOUT_DATABASE]
    if findings[-1].state is State.WRONG:
        return findings
    with _reachable_database(home) as finding:
        findings.append(finding)
        for check in _WITH_DATABASE:
            # Without a database or without its tables the rest has nothing to look at.
            if findings[-1].state is State.WRONG and findings[-1].check in ("database", "migrations"):
                break
            findings.append(check(home))
    return findings


def is_healthy(findings: Sequence[Finding]) -> bool:
    """True where nothing is wrong."""
    return all(finding.state is not State.WRONG for finding in findings)


def as_json(findings: Sequence[Finding]) -> str:
    """All findings for a machine."""
    rows = [{"check": f.check, "state": f.state.value, "zh": f.text.zh, "en": f.text.en} for f in findings]
    return json.dumps({"healthy": is_healthy(findings), "checks": rows}, ensure_ascii=False, indent=2)


def show(findings: Sequence[Finding], console: Console, language: str) -> None:
    """All findings for a person, each with a mark that does not rely on colour."""
    marks = {State.OK: "[green]✓[/]", State.NOTE: "[blue]·[/]", State.WRONG: "[bold red]✗[/]"}
    for finding in findings:
        console.print(marks[finding.state], end=" ")
        console.print(finding.text.in_language(language), markup=False)


# --- Without a database ------------------------------------------------------------------------------------------


def _python(home: Home) -> Finding:
    version = sys.version.split()[0]
    if sys.version_info < _OLDEST_PYTHON:
        needed = ".".join(map(str, _OLDEST_PYTHON))
        return _wrong(
            "python", f"Python {version}太旧，需要{needed}或更新。", f"Python {version} is too old; {needed} is needed."
        )
    return _ok("python", f"Python {version}。", f"Python {version}.")


def _dependencies(home: Home) -> Finding:
    missing = []
    for requirement in metadata.requires("silkgate") or []:
        name = match(r"[A-Za-z0-9._-]+", requirement)
        if name is None or "extra ==" in requirement:
            continue
        try:
            metadata.version(name.group())
        except metadata.PackageNotFoundError:
            missing.append(name.group())
    if missing:
        names = ", ".join(missing)
        return _wrong(
            "dependencies",
            f"缺少软件包：{names}。请运行make setup。",
            f"Packages are missing: {names}. Run make setup.",
        )
    return _ok("dependencies", "依赖的软件包齐全。", "All packages are installed.")


def _recogniser(home: Home) -> Finding:
    if is_compiled():
        return _ok("recogniser", "报文由编译识别器识别。", "Messages are recognised by the compiled recogniser.")
    return _note(
        "recogniser",
        f"报文由正则表达式识别，结果相同，但较慢；编译识别器未安装或被{VARIABLE}=0停用。"
        "装好C编译器后运行touch setup.py && make setup。",
        "Messages are recognised by regular expressions, with the same result but more slowly; the compiled recogniser "
        f"was not built or is switched off by {VARIABLE}=0. Install a C compiler and run touch setup.py && make setup.",
    )


def _time(home: Home) -> Finding:
    try:
        local = china_time()
    except Problem as problem:
        return Finding("clock", State.WRONG, problem.text)
    return _ok("clock", f"北京时间{local:%Y-%m-%d %H:%M}。", f"China time is {local:%Y-%m-%d %H:%M}.")


def _port(home: Home) -> Finding:
    address = is_running(home)
    if address:
        return _ok("port", f"丝关正在{address}运行。", f"Silkgate runs at {address}.")
    try:
        web.listen(web.DEFAULT_HOST, web.DEFAULT_PORT).close()
    except Problem:
        return _note(
            "port",
            f"默认端口{web.DEFAULT_PORT}已被其他程序占用，启动时将改用下一个空闲端口。",
            f"Another program has the default port {web.DEFAULT_PORT}; the next free one will be used.",
        )
    return _ok("port", f"端口{web.DEFAULT_PORT}空闲。", f"Port {web.DEFAULT_PORT} is free.")


def _disk(home: Home) -> Finding:
    """Of the home folder and, where they lie elsewhere, of the embedded database's files: the one with less room."""
    places = [home.root] if named_url() else [home.root, EmbeddedPostgres(home.postgres).data]
    free_mib, place = min((_free_mib(place), place) for place in places)
    if free_mib < _FREE_DISK_MIB:
        return _wrong(
            "disk",
            f"{place}所在磁盘只剩{free_mib} MiB，请腾出至少{_FREE_DISK_MIB} MiB。",
            f"The disk of {place} has {free_mib} MiB left; make room for at least {_FREE_DISK_MIB} MiB.",
        )
    return _ok("disk", f"磁盘剩余{free_mib:,} MiB。", f"The disk has {free_mib:,} MiB left.")


def _free_mib(place: Path) -> int:
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free // _MIB


def _home(home: Home) -> Finding:
    try:
        home.prepare()
        with tempfile.TemporaryFile(dir=home.root) as file:
            file.write(b"x")
    except Problem as problem:
        return Finding("home", State.WRONG, problem.text)
    except OSError as error:
        return _wrong(
            "home",
            f"无法写入数据目录{home.root}：{error.strerror}。请检查权限和磁盘，或另设SILKGATE_HOME。",
            f"The data directory {home.root} cannot be written: {error.strerror}. "
            "Check its permissions and its disk or name another SILKGATE_HOME.",
        )
    return _ok("home", f"数据目录{home.root}可写。", f"The data directory {home.root} can be written.")


# --- With a database ---------------------------------------------------------------------------------------------


@contextmanager
def _reachable_database(home: Home) -> Iterator[Finding]:
    try:
        context = database(home)
        url = context.__enter__()
    except Problem as problem:
        yield Finding("database", State.WRONG, problem.text)
        return
    try:
        set_up()
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            version = cursor.fetchone()[0]
        shown = without_password(url) if named_url() != url or "@/" not in url else url
        yield _ok(
            "database",
            f"数据库PostgreSQL {version}可用：{shown}",
            f"The database answers: PostgreSQL {version}, {shown}",
        )
    finally:
        from django.db import connections

        connections.close_all()
        context.__exit__(None, None, None)


def _migrations(home: Home) -> Finding:
    from silkgate.site.health import unapplied_migrations, unknown_migrations

    waiting, unknown = unapplied_migrations(), unknown_migrations()
    if waiting:
        return _wrong(
            "migrations",
            f"数据库有{len(waiting)}项升级未执行，请运行silkgate migrate。",
            f"The database lacks {len(waiting)} migrations. Run silkgate migrate.",
        )
    if unknown:
        return _note(
            "migrations",
            f"数据库已由较新的版本升级（{unknown[0]}），请更新本机程序。",
            f"A later release has changed the tables ({unknown[0]}). Bring this checkout up to date.",
        )
    return _ok("migrations", "数据表是最新的。", "The tables are up to date.")


def _law(home: Home) -> Finding:
    from django.apps import apps

    from silkgate.tariff.api import LawFileError, cards, law_version, parameters

    try:
        rules, values = len(cards()), len(parameters())
    except LawFileError as error:
        return _wrong("law", f"法规文件有误：{error}", f"A law file is wrong: {error}")
    rates = apps.get_model("tariff", "Rate").objects.count()
    if not rates:
        return _wrong("law", "税则为空，请运行silkgate load。", "The tariff is empty. Run silkgate load.")
    version = law_version()
    return _ok(
        "law",
        f"法规已载入：{rules}条规则、{values}项参数、{rates}条税率，版本{version}。",
        f"The law is loaded: {rules} rules, {values} parameters, {rates} rates, version {version}.",
    )


def _zone(home: Home) -> Finding:
    from silkgate.site.loading import is_loaded

    if not is_loaded():
        return _wrong("zone", "尚未载入园区，请运行silkgate load。", "No zone is loaded. Run silkgate load.")
    return _ok("zone", "园区已载入。", "A zone is loaded.")


def _database_clock(home: Home) -> Finding:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        there = cursor.fetchone()[0]
    apart = abs(there - datetime.now(UTC))
    if apart > _CLOCK_TOLERANCE:
        seconds = int(apart.total_seconds())
        return _wrong(
            "database clock",
            f"数据库与本机的时间相差{seconds}秒，请校时。",
            f"The clocks of the database and of this machine differ by {seconds} s. Set them.",
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(received_at) FROM exchange_segment WHERE id > (SELECT max(id) - 100 FROM exchange_segment)"
        )
        newest = cursor.fetchone()[0]
    if newest is not None and newest - there > _CLOCK_TOLERANCE:
        return _wrong(
            "database clock",
            f"最近收到的报文记为{newest.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC，晚于现在：时钟曾经或现在不对，请校时。",
            f"The newest message is dated {newest.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC, which is yet to come: "
            "the clock was wrong or is. Set it.",
        )
    return _ok("database clock", "数据库与本机时间一致。", "The clocks of database and machine agree.")


def _certificates(home: Home) -> Finding:
    from cryptography import x509
    from django.apps import apps

    broken, expired, total = [], [], 0
    now = datetime.now(UTC)
    for certificate in apps.get_model("identity", "Certificate").objects.iterator():
        total += 1
        try:
            x509.load_pem_x509_certificate(certificate.pem.encode())
        except ValueError:
            broken.append(certificate.enterprise_code)
        if certificate.not_after < now:
            expired.append(certificate.enterprise_code)
    if broken:
        names = ", ".join(sorted(set(broken)))
        return _wrong(
            "certificates", f"以下企业的证书无法读取：{names}。", f"The certificates of {names} cannot be read."
        )
    if expired:
        names = ", ".join(sorted(set(expired)))
        return _note("certificates", f"以下企业有过期证书：{names}。", f"A certificate of {names} has expired.")
    return _ok("certificates", f"{total}份企业证书可读。", f"{total} certificates of enterprises can be read.")


def _engine(home: Home) -> Finding:
    from django.apps import apps
    from django.db.models import Max

    cursor = apps.get_model("clearance", "EngineCursor").objects.first()
    newest = apps.get_model("exchange", "Segment").objects.aggregate(newest=Max("id"))["newest"] or 0
    waiting = newest > (cursor.segment_id if cursor else 0)
    beat = cursor.at if cursor else None
    if beat is not None and datetime.now(UTC) - beat < _STALE_HEARTBEAT:
        return _ok("engine", "裁决引擎在工作。", "The engine is at work.")
    if waiting or is_running(home):
        since = f"{beat.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if beat else "—"
        return _wrong(
            "engine",
            f"裁决引擎没有动静（最近一次：{since}），报文得不到处理。请运行silkgate worker --role engine。",
            f"The engine shows no sign of life (last: {since}), so nothing is decided. "
            "Run silkgate worker --role engine.",
        )
    return _note(
        "engine", "裁决引擎未运行，也没有等待处理的报文。", "The engine is not running, and no message waits for it."
    )


def _log(home: Home) -> Finding:
    from silkgate.exchange.api import connect, newest_batch
    from silkgate.journal import api as journal

    with connect() as connection, connection.cursor() as cursor:
        state = journal.log_state(cursor)
        waiting = newest_batch(cursor) - (state.batch_no if state else 0)
        keys, signed_at = journal.log_keys(cursor), journal.log_signed_at(cursor)
    if waiting > 0 and (signed_at is None or datetime.now(UTC) - signed_at > _STALE_HEARTBEAT):
        return _wrong(
            "log",
            f"可验证日志落后{waiting}批，一分钟内没有新的检查点。请运行silkgate worker --role log并查看其输出。",
            f"The verifiable log is {waiting} batches behind and has had no checkpoint for a minute. "
            "Run silkgate worker --role log and look at what it says.",
        )
    if not keys or state is None:
        return _note("log", "可验证日志还没有检查点。", "The verifiable log has no checkpoint yet.")
    return _ok(
        "log",
        f"可验证日志有{state.size:,}条记录，公钥{keys[0]}。",
        f"The verifiable log has {state.size:,} entries; its key is {keys[0]}",
    )


def _nats(home: Home) -> Finding:
    try:
        text = carrier.told()
    except Problem as problem:
        return Finding("nats", State.WRONG, problem.text)
    if text is None:
        return _note("nats", "未使用NATS接入。", "No NATS server carries messages here.")
    return Finding("nats", State.OK, text)


def _backlog(home: Home) -> Finding:
    from silkgate.exchange.api import Backlog, connect, quotas

    backlog = Backlog(connect)
    try:
        standing = backlog.standing()
    finally:
        backlog.close()
    limits = quotas()
    waiting, most = standing.waiting_documents, limits.max_backlog_documents
    if standing.short_of_disk:
        least = limits.min_free_disk_bytes // _MIB
        return _wrong(
            "backlog",
            f"磁盘剩余不足{least} MiB，已停止接收报文。请腾出空间。",
            f"The disk has less than {least} MiB left and no message is taken in. Make room.",
        )
    if waiting > most:
        return _wrong(
            "backlog",
            f"等待裁决的单证有{waiting:,}份，超过{most:,}份，企业的报文被暂缓接收。请检查引擎。",
            f"{waiting:,} documents wait to be decided, over {most:,}; senders are told to wait. Look at the engine.",
        )
    return _ok("backlog", f"等待裁决的单证{waiting:,}份。", f"{waiting:,} documents wait to be decided.")


_WITHOUT_DATABASE: tuple[Callable[[Home], Finding], ...] = (
    _python,
    _dependencies,
    _recogniser,
    _time,
    _port,
    _disk,
    _home,
)
_WITH_DATABASE: tuple[Callable[[Home], Finding], ...] = (
    _migrations,
    _law,
    _zone,
    _database_clock,
    _certificates,
    _engine,
    _backlog,
    _log,
    _nats,
)


def _ok(check: str, zh: str, en: str) -> Finding:
    return Finding(check, State.OK, Text(zh, en))


def _note(check: str, zh: str, en: str) -> Finding:
    return Finding(check, State.NOTE, Text(zh, en))


def _wrong(check: str, zh: str, en: str) -> Finding:
    return Finding(check, State.WRONG, Text(zh, en))
