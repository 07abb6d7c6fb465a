"""As much of DER (ITU-T X.690) as certificates need here: reading element after element, writing nested ones."""

from __future__ import annotations

from datetime import UTC, datetime

INTEGER, BIT_STRING, OBJECT_IDENTIFIER, UTC_TIME, GENERALIZED_TIME = 0x02, 0x03, 0x06, 0x17, 0x18
SEQUENCE, CONTEXT_0 = 0x30, 0xA0


class DerError(ValueError):
    """The bytes are not the DER that was expected."""


def read(data: bytes, at: int = 0) -> tuple[int, int, int]:
    """(tag, start of contents, end of contents) of the element at `at`; raises DerError where it does not fit."""
    if at + 2 > len(data):
        raise DerError("DER ends too early")
    tag, length, start = data[at], data[at + 1], at + 2
    if length >= 0x80:
        octets = length & 0x7F
        if not 1 <= octets <= 4 or start + octets > len(data):
            raise DerError("DER length is not definite or too long")
        length = int.from_bytes(data[start : start + octets], "big")
        start += octets
    if start + length > len(data):
        raise DerError("DER ends too early")
    return tag, start, start + length


def children(data: bytes, start: int, end: int) -> list[tuple[int, bytes]]:
    """(tag, contents) of every element between `start` and `end`."""
    found = []
    while start < end:
        tag, first, last = read(data, start)
        if last > end:
            raise DerError("DER element leaves its parent")
        found.append((tag, data[first:last]))
        start = last
    return found


def write(tag: int, *contents: bytes) -> bytes:
    """One element around `contents`, with the shortest length form."""
    body = b"".join(contents)
    if len(body) < 0x80:
        return bytes((tag, len(body))) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def write_integer(value: int) -> bytes:
    """A non-negative INTEGER."""
    return write(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def write_time(moment: datetime) -> bytes:
    """A time of a certificate's validity: UTCTime up to 2049, GeneralizedTime from 2050 (RFC 5280 §4.1.2.5)."""
    utc = moment.astimezone(UTC)
    if 1950 <= utc.year < 2050:
        return write(UTC_TIME, utc.strftime("%y%m%d%H%M%SZ").encode("ascii"))
    return write(GENERALIZED_TIME, utc.strftime("%Y%m%d%H%M%SZ").encode("ascii"))
