"""Turns what the machine or the database refuses into one sentence that says what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator

import psycopg

from silkgate.kernel.text import Text
from silkgate.site.problem import Problem

_OF_THE_MACHINE = {
    errno.ENOSPC: Text("磁盘已满{where}：请腾出空间后重试。", "The disk is full{where}. Make room and try again."),
    errno.EDQUOT: Text("磁盘配额已用完{where}：请腾出空间后重试。", "The disk quota is used up{where}. Make room."),
    errno.EROFS: Text("文件系统只读{where}：请检查磁盘，或另设SILKGATE_HOME。",
                      "The file system is read-only{where}. Check the disk or name another SILKGATE_HOME."),
    errno.EACCES: Text("没有权限{where}：请检查权限，或另设SILKGATE_HOME。",
                       "Permission denied{where}. Check permissions or name another SILKGATE_HOME."),
    errno.EMFILE: Text("打开的文件过多：请提高ulimit -n。", "Too many open files. Raise `ulimit -n`."),
    errno.ENOMEM: Text("内存不足：请释放内存，或调小SILKGATE_SHARED_BUFFERS_MB。",
                       "There is not enough memory. Free some or lower SILKGATE_SHARED_BUFFERS_MB."),
}  # fmt: skip
"""By error number; `where` is the file."""

_OF_THE_DATABASE: tuple[tuple[type[psycopg.Error], Text], ...] = (
    (psycopg.errors.DiskFull, Text("数据库所在磁盘已满：请腾出空间后重试。已确认的报文不受影响。",
                                   "The database's disk is full. Make room and try again; "
                                   "what was acknowledged is safe.")),
    (psycopg.errors.UndefinedTable, Text("数据库缺少数据表，请运行silkgate migrate。",
                                         "The database lacks tables. Run silkgate migrate.")),
    (psycopg.errors.UndefinedColumn, Text("数据表不是本版本的，请运行silkgate migrate。",
                                          "The tables are not those of this release. Run silkgate migrate.")),
    (psycopg.errors.InsufficientPrivilege, Text("数据库账户权限不足：{reason}",
                                                "The database account lacks a right: {reason}")),
    (psycopg.errors.TooManyConnections, Text("数据库连接数已满：请调高max_connections，或减少进程。",
                                             "The database has no connection left. Raise max_connections "
                                             "or run fewer processes.")),
    (psycopg.errors.ReadOnlySqlTransaction, Text("数据库只读：DATABASE_URL应指向主库。",
                                                 "The database is read-only. DATABASE_URL must name the primary.")),
    (psycopg.OperationalError, Text("数据库连接中断：{reason}。请运行silkgate doctor。",
                                    "The database is away: {reason}. Run silkgate doctor.")),
)  # fmt: skip
"""The first that fits counts."""


def as_problem(error: BaseException) -> Problem | None:
    """What a person is told; None for an error that is no fault of machine or database, but of the program."""
    for one in _causes(error):
        if isinstance(one, Problem):
            return one
        if isinstance(one, psycopg.Error):
            for kind, text in _OF_THE_DATABASE:
                if isinstance(one, kind):
                    return _told(text, reason=_first_line(one))
        if isinstance(one, OSError) and one.errno in _OF_THE_MACHINE:
            place = Text(f"（{one.filename}）", f" ({one.filename})") if one.filename else Text("", "")
            text = _OF_THE_MACHINE[one.errno]
            return Problem(text.zh.format(where=place.zh), text.en.format(where=place.en))
    return None


def _told(text: Text, **values: str) -> Problem:
    return Problem(text.zh.format(**values), text.en.format(**values))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised from: Django wraps what the driver says."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__


def _first_line(error: psycopg.Error) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
