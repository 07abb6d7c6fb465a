"""COPY text: what PostgreSQL reads back is what was given, whatever the values."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
from hypothesis import given
from hypothesis import strategies as some

from silkgate.kernel.rows import TEXTS, copy_rows, copy_text, numbers, rows_text, texts

TEXT = some.text(some.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12) | some.sampled_from(
    ("\\N", "\\", "\\.", "None", "b'", 'b"', "\t", "\n", "\r", "\x01", "a\\tb")
)
ROW = some.tuples(
    TEXT,
    some.none() | TEXT,
    some.none() | some.binary(max_size=8),
    some.integers(-(2**63), 2**63 - 1),
    some.booleans(),
    some.none() | some.datetimes(timezones=some.just(UTC)),
)


@given(some.lists(ROW, max_size=6))
def test_a_row_means_the_same_formatted_whole_and_value_by_value(rows: list[tuple[object, ...]]) -> None:
    """PostgreSQL's own reading, by hand: rows at line feeds, values at tabs, then escapes."""
    *lines, last = rows_text(rows).split("\n")
    assert [_read(line) for line in lines] == [_read("\t".join([copy_text(value) for value in row])) for row in rows]
    assert last == ""


def _read(line: str) -> list[str]:
    """The values of a line; truth and time, which may be written in two ways, in one."""
    *values, truth, time = line.split("\t")
    return [*values, truth[0].lower(), time.replace("T", " ")]


def test_what_is_copied_is_what_is_read(database: str) -> None:
    texts = ["", " ", "\\N", "\\", "\\.", "None", "b'x'", "a\tb", "a\nb", "a\r\nb", "\x01", "订单", "'", '"', "\\x41"]
    at = datetime(2026, 11, 23, 9, 30, 0, 120_000, tzinfo=UTC)
    rows = [(text, None, None, 0, True, None) for text in texts]
    rows += [("plain", text, text.encode(), -(2**63) + number, False, at) for number, text in enumerate(texts)]
    with psycopg.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("create temp table t (a text, b text, c bytea, d bigint, e boolean, f timestamptz)")
        for some_rows in (rows, rows[::-1], rows[len(texts) :], [rows[0]], []):
            cursor.execute("truncate t")
            copy_rows(cursor, "t", some_rows)
            assert cursor.execute("select * from t").fetchall() == some_rows


def test_keys_as_one_parameter_are_the_array_again(database: str) -> None:
    with psycopg.connect(database) as connection:
        for given_texts in ([""], ["", ""], ["a"], ["", "b", ""], ["{}", "\\", '"', ",", "NULL", "a\nb", "订单"]):
            row = connection.execute(f"select {TEXTS}", (texts(given_texts),)).fetchone()  # type: ignore[arg-type]
            assert row == (given_texts,)
        for given_numbers in ([], [0], [-(2**63), 2**63 - 1]):
            assert connection.execute("select %s::bigint[]", (numbers(given_numbers),)).fetchone() == (given_numbers,)
