"""Netstrings: many byte strings in one body, each as `<length in decimal digits>:<bytes>,`.

The cheapest way to carry many messages: nothing to inflate, nothing to search for, and the comma shows a wrong length.
Source: D. J. Bernstein, Netstrings, 1997-02-01, https://cr.yp.to/proto/netstrings.txt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from silkgate.kernel.text import Text

MEDIA_TYPE = "application/vnd.silkgate.netstrings"
_MAX_DIGITS = 10


class NetstringRefused(ValueError):  # noqa: N818 - a refusal is an outcome, named as the receipts name it
    """The body is not a row of netstrings. `detail` says where it breaks off, in both languages."""

    def __init__(self, at: int, zh: str, en: str) -> None:
        self.detail = Text(f"第{at}字节：{zh}", f"byte {at}: {en}")
        super().__init__(self.detail.en)


def netstrings(body: bytes) -> Iterator[bytes]:
    """The strings in `body`, in order, each a copy. Raises NetstringRefused where the body does not keep the form."""
    at = 0
    while at < len(body):
        colon = body.find(b":", at, at + _MAX_DIGITS + 1)
        digits = body[at:colon] if colon > at else b""
        if not digits.isdigit() or (digits[:1] == b"0" and len(digits) > 1):
            raise NetstringRefused(at, "应为长度和冒号", "a length and a colon are missing")
        start = colon + 1
        end = start + int(digits)
        if body[end : end + 1] != b",":
            raise NetstringRefused(end, "应为逗号，长度不符", "no comma: the length is not right")
        yield body[start:end]
        at = end + 1


def as_netstrings(strings: Iterable[bytes]) -> bytes:
    """`strings` one after the other in this form."""
    return b"".join([b"%d:%b," % (len(string), string) for string in strings])
