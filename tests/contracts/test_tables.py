"""Tables keep the floors too: foreign keys and SQL look down, names say the room, migrations are complete."""

from __future__ import annotations

import os
import re
from pathlib import Path

import django
import pytest
from house import SRC, floor_of, imports, may_look_at, python_files, room_of, rooms, shown

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "silkgate.site.settings")
django.setup()

from django.apps import apps  # noqa: E402  (the registry must be ready first)
from django.db import models  # noqa: E402
from django.db.migrations.autodetector import MigrationAutodetector  # noqa: E402
from django.db.migrations.loader import MigrationLoader  # noqa: E402
from django.db.migrations.state import ProjectState  # noqa: E402

ACCOUNTS = "django.contrib.auth"
"""Django's own users: rooms on the floor of identity and above may point at them."""

CREATED = re.compile(
    r"create\s+(?:or\s+replace\s+)?(?:unlogged\s+|materialized\s+)?(?:table|view)\s+(?:if\s+not\s+exists\s+)?\"?(\w+)",
    re.IGNORECASE,
)
MENTIONED = re.compile(
    r"\b(?:from|join|into|update|copy|references|truncate|lock\s+table|alter\s+table(?:\s+only)?)\s+\"?([a-z_]\w*)"
)


def _our_apps() -> list[django.apps.AppConfig]:
    return [config for config in apps.get_app_configs() if config.name.startswith("silkgate.")]


def _sql_of_rooms() -> list[tuple[Path, str]]:
    """Every text that may hold SQL: `.sql` files, and Python files of rooms (their SQL stands in strings).

    A file that opens SQLite has a private temporary file in mind, not our tables.
    """
    private = [path for path in python_files() if any(found.module == "sqlite3" for found in imports(path))]
    files = [*sorted(SRC.rglob("*.sql")), *(p for p in python_files() if room_of(p) in rooms() and p not in private)]
    return [(path, path.read_text(encoding="utf-8")) for path in files]


def test_an_app_is_called_like_its_room() -> None:
    wrong = {config.name: config.label for config in _our_apps() if config.name.split(".")[1] != config.label}
    assert not wrong


def test_every_room_with_tables_is_an_app() -> None:
    with_models = {path.parent.name for path in SRC.glob("*/models.py")}
    assert with_models <= {config.label for config in _our_apps()}


def test_foreign_keys_look_down() -> None:
    """A foreign key points into the same room or to a floor below; to Django's accounts from identity upwards."""
    upward = []
    for config in _our_apps():
        for model in config.get_models():
            for field in model._meta.get_fields():
                if not isinstance(field, models.ForeignKey | models.ManyToManyField):
                    continue
                target = field.related_model._meta.app_config
                if target.name == ACCOUNTS:
                    allowed = floor_of()[config.label] >= floor_of()["identity"]
                else:
                    allowed = target.label in floor_of() and may_look_at(config.label, target.label)
                if not allowed:
                    upward.append(f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}")
    assert not upward, upward


def test_a_table_carries_the_name_of_its_room() -> None:
    """`<room>_<things>`: who owns a table can be read off its name, in SQL as in a backup."""
    astray = [
        f"{model._meta.label} -> {model._meta.db_table}"
        for config in _our_apps()
        for model in config.get_models()
        if not model._meta.db_table.startswith(f"{config.label}_")
    ]
    for path, text in _sql_of_rooms():
        room = room_of(path)
        astray += [f"{shown(path)} creates {name}" for name in CREATED.findall(text) if not name.startswith(f"{room}_")]
    assert not astray, astray


@pytest.mark.parametrize("room", rooms())
def test_sql_looks_down(room: str) -> None:
    """SQL of a room names tables of its own or of floors below, never of floors above or beside."""
    others = [name for name in floor_of() if not may_look_at(room, name)]
    upward = []
    for path, text in _sql_of_rooms():
        if room_of(path) == room:
            upward += [
                f"{shown(path)} reads {table}"
                for table in MENTIONED.findall(text.lower())
                if table.startswith(tuple(f"{name}_" for name in others))
            ]
    assert not upward, upward


def test_migrations_are_up_to_date() -> None:
    """What `makemigrations --check` says, without a database."""
    loader = MigrationLoader(None)
    detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
    missing = {
        label: [operation.describe() for migration in migrations for operation in migration.operations]
        for label, migrations in detector.changes(graph=loader.graph).items()
        if label in {config.label for config in _our_apps()}
    }
    assert not missing, f"run makemigrations: {missing}"
    assert not loader.detect_conflicts()
