"""Which database this process uses: the server that `DATABASE_URL` names, else the embedded one of the home."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from silkgate.site.home import Home
from silkgate.site.postgres import EmbeddedPostgres
from silkgate.site.problem import Problem

URL_VARIABLE = "DATABASE_URL"
OLDEST_SUPPORTED_MAJOR = 15

_PLACES = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}


def named_url() -> str | None:
    """`DATABASE_URL`; None where it is unset or empty."""
    return os.environ.get(URL_VARIABLE, "").strip() or None


def django_database(url: str) -> dict[str, Any]:
    """Django's settings of one database from a PostgreSQL URL; parameters without a place of their own are options."""
    words = {name: str(value) for name, value in _parsed(url).items() if value is not None}
    settings: dict[str, Any] = {"ENGINE": "django.db.backends.postgresql", "CONN_HEALTH_CHECKS": True}
    settings |= {_PLACES[name]: value for name, value in words.items() if name in _PLACES}
    settings["OPTIONS"] = {name: value for name, value in words.items() if name not in _PLACES}
    return settings


def without_password(url: str) -> str:
    """The URL as it may be shown: `postgresql://user@host:port/name`, for a log or an error."""
    try:
        words = conninfo_to_dict(url)
    except psycopg.Error:
        return "…"
    host = words.get("host") or words.get("hostaddr") or "localhost"
    port = f":{words['port']}" if words.get("port") else ""
    user = f"{words['user']}@" if words.get("user") else ""
    return f"postgresql://{user}{host}{port}/{words.get('dbname') or ''}"


def check_server(url: str) -> None:
    """Raise Problem, in one sentence and without the password, unless a PostgreSQL that we can use answers at `url`."""
    shown = without_password(url)
    _parsed(url)
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            version = connection.info.server_version
            encoding = connection.info.parameter_status("server_encoding")
            standby = connection.info.parameter_status("in_hot_standby") == "on"
            connection.execute("SELECT 1")
    except psycopg.Error as error:
        secret = conninfo_to_dict(url).get("password")
        reason = " ".join(str(error).split())
        if secret:
            reason = reason.replace(str(secret), "…")
        raise Problem(
            f"无法连接{URL_VARIABLE}所指的数据库{shown}：{reason}",
            f"The database that {URL_VARIABLE} names, {shown}, cannot be reached: {reason}",
        ) from None
    if version < OLDEST_SUPPORTED_MAJOR * 10_000:
        raise Problem(
            f"数据库{shown}是PostgreSQL {version // 10_000}，需要{OLDEST_SUPPORTED_MAJOR}或更新的版本。",
            f"The database {shown} is PostgreSQL {version // 10_000}; {OLDEST_SUPPORTED_MAJOR} or later is needed.",
        )
    if standby:
        raise Problem(
            f"数据库{shown}是只读副本，{URL_VARIABLE}应指向主库。",
            f"The database {shown} is a read-only copy. {URL_VARIABLE} must name the primary.",
        )
    if encoding != "UTF8":
        raise Problem(
            f"数据库{shown}的编码是{encoding}，放不下中文。请用ENCODING 'UTF8'新建一个。",
            f"The database {shown} has the encoding {encoding}, which does not hold Chinese. "
            "Make one with ENCODING 'UTF8'.",
        )


def url_of(url: str, name: str) -> str:
    """The URL of the database `name` on the same server."""
    head, mark, tail = url.partition("?")
    scheme, _, rest = head.partition("://")
    return f"{scheme}://{rest.split('/')[0]}/{name}{mark}{tail}"


def use_database(url: str) -> None:
    """From now on this process and its children use the database at `url`, also where Django is already set up."""
    from django.conf import settings
    from django.db import connections

    os.environ[URL_VARIABLE] = url
    if settings.configured:
        connections.close_all()
        # One dictionary per alias, shared by the connections of all threads. What this URL leaves out is nobody's:
        # neither the port nor the password of the database before it.
        connections.settings["default"].update(dict.fromkeys(_PLACES.values(), "") | django_database(url))


@contextmanager
def database(home: Home) -> Iterator[str]:
    """A database that answers, for the time of the block, and its URL in the environment of us and our children.

    With `DATABASE_URL` nothing is started; without it the embedded server is attached to or started, and then left.
    """
    url = named_url()
    if url:
        check_server(url)
        yield url
        return
    with EmbeddedPostgres(home.prepare().postgres) as server:
        os.environ[URL_VARIABLE] = server.url
        try:
            yield server.url
        finally:
            del os.environ[URL_VARIABLE]


def _parsed(url: str) -> dict[str, Any]:
    scheme = url.partition("://")[0]
    try:
        if scheme not in ("postgresql", "postgres"):
            raise psycopg.ProgrammingError("no postgresql:// URL")
        return conninfo_to_dict(url)
    except psycopg.Error:
        # libpq's own words may quote the URL with its password.
        raise Problem(
            f"{URL_VARIABLE}不是有效的PostgreSQL地址，应为postgresql://用户:密码@主机:端口/数据库。",
            f"{URL_VARIABLE} is not a PostgreSQL URL: it has the form postgresql://user:password@host:port/name.",
        ) from None
