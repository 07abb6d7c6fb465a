"""The catalogue of events: complete, in both languages, the same on its page, over HTTP and in the journal."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import jsonschema_rs
import pytest
from django.test import Client

from silkgate.journal.api import SUBJECTS, TYPES
from silkgate.site import eventsdoc, rooms

SOURCE = Path(eventsdoc.__file__).parents[1]
rooms.furniture("events")


def test_the_page_is_rendered_from_the_catalogue() -> None:
    assert eventsdoc.PAGE.read_text(encoding="utf-8") == eventsdoc.render(), "run python -m silkgate.site.eventsdoc"


@pytest.mark.parametrize("name", sorted(TYPES))
def test_a_type_is_declared_completely(name: str) -> None:
    one = TYPES[name]
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", name)
    for text in (one.words, one.when, *(member.words for member in one.members)):
        assert re.search(r"[\u4e00-\u9fff]", text.zh)
        assert text.en.isascii() or "’" in text.en
    assert one.subject_kind in SUBJECTS
    jsonschema_rs.meta.validate(one.schema())


def test_no_type_lets_out_what_people_wrote() -> None:
    forbidden = {"reason", "name", "actor", "buyer", "text", "note", "comment"}
    assert not {f"{one.name}.{member.name}" for one in TYPES.values() for member in one.members} & {
        f"{name}.{word}" for name in TYPES for word in forbidden
    }


def test_every_type_is_one_that_the_code_writes() -> None:
    """A name in the catalogue that nothing writes would be waited for in vain."""
    written = {
        node.value
        for path in SOURCE.rglob("*.py")
        if path.name != "events.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert TYPES.keys() - written == set()


def test_over_http(database: str) -> None:
    told = Client().get("/api/v1/events/types").json()
    assert [one["type"] for one in told] == sorted(TYPES)
    for one in told:
        assert one["data_schema"] == TYPES[one["type"]].schema()
