"""How senders name their messages."""

from __future__ import annotations

import psycopg


def message_name(number: int, sha256: bytes) -> str:
    """The name of a message for its sender."""
    return f"{number}-{sha256.hex()[:16]}"


def message_number(connection: psycopg.Connection, name: str) -> int | None:
    """The number of the message that `name` names; None where there is none, or the digest is another's."""
    number, _, digest = name.partition("-")
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        return None
    row = connection.execute(
        "select 1 from exchange_message where id = %s and substr(encode(sha256, 'hex'), 1, 16) = %s",
        (int(number), digest),
    ).fetchone()
    return int(number) if row else None
