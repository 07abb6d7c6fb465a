"""Puts law and zone into an empty installation."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path

from silkgate.site.home import Home
from silkgate.site.problem import Problem

DEMO_OFFICER = "officer"


def is_loaded() -> bool:
    """True where a zone is there: enterprises, rates, books."""
    from django.apps import apps

    return bool(apps.get_model("registry", "Zone").objects.exists())


def load_zone_from(folder: Path) -> None:
    """Load the zone of a folder with the tables of a case (case.toml, enterprises.csv, tariff.csv, …)."""
    from silkgate.clearance.api import load_zone

    if not (folder / "case.toml").is_file():
        raise Problem(
            f"{folder}不是园区目录：其中没有case.toml。", f"{folder} is no zone's folder: there is no case.toml in it."
        )
    load_zone(folder)


def load_demo(home: Home) -> None:
    """The shipped tariff and a made-up zone whose keys stay in this home."""
    from django.utils import timezone

    from silkgate.site.demo import demo_zone
    from silkgate.site.demomarket import fill_market

    folder = home.demo / "zone"
    demo_zone(home, timezone.now()).write(folder)
    load_zone_from(folder)
    fill_market(timezone.now())
    _add_demo_officer(home)


def _add_demo_officer(home: Home) -> None:
    """An officer for the demo, with a password made here and kept in the home for whoever runs it."""
    from silkgate.identity.api import add_officer

    password = secrets.token_urlsafe(12)
    add_officer(DEMO_OFFICER, password)
    file = home.demo_officer
    file.touch(mode=0o600)
    file.write_text(f"{DEMO_OFFICER} {password}\n", encoding="utf-8")


def add_officer(username: str, password: str, agency: str | None = None, duties: Iterable[str] | None = None) -> None:
    """An officer who may sign in. Raises Problem for a password that is too weak, an agency or duty that is none."""
    from silkgate.identity.api import AGENCIES, DUTIES
    from silkgate.identity.api import add_officer as add

    try:
        add(username, password, agency, duties)
    except KeyError as error:
        known = f"{', '.join(AGENCIES)}; {', '.join(DUTIES)}"
        raise Problem(
            f"没有这样的机构或职责：{error.args[0]}。机构和职责有：{known}。",
            f"There is no such agency or duty: {error.args[0]}. There are: {known}.",
        ) from error
    except ValueError as error:
        raise Problem(f"密码不可用：{error}", f"The password cannot be used: {error}") from error
