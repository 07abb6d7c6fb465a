"""The reference page is what the catalogue renders to."""

from __future__ import annotations

from pathlib import Path

from silkgate.standards.ceb.catalogue import MESSAGES
from silkgate.standards.ceb.docs import PAGE, render_messages_page

ROOT = Path(__file__).parents[3]


def test_the_committed_page_is_the_rendered_one() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == render_messages_page(), (
        "run python -m silkgate.standards.ceb.docs"
    )


def test_every_code_table_that_the_page_names_is_there() -> None:
    fields = [field for kind in MESSAGES.values() for part in kind.parts.values() for field in part]
    tables = {field.code_table for field in fields} - {""}
    assert len(tables) > 8
    assert [name for name in sorted(tables) if not (ROOT / "reference" / "codes" / f"{name}.csv").is_file()] == []


def test_every_message_and_field_is_on_the_page_in_both_languages() -> None:
    page = render_messages_page()
    for kind in MESSAGES.values():
        assert f"## {kind.root} {kind.name.zh}" in page
        section = page.split(f"## {kind.root} {kind.name.zh}")[1].split("\n## ")[0]
        for field in (*kind.head_fields, *kind.line_fields):
            assert f"| `{field.name}` | {field.label.zh} | {field.label.en} | {field.format} |" in section
            assert field.label.zh
            assert field.label.en
            assert bool(field.note.zh) == bool(field.note.en)
