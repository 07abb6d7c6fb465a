"""Netstrings: what is written is read again, and nothing else is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silkgate.standards.netstrings import NetstringRefused, as_netstrings, netstrings


def test_the_example_of_the_source() -> None:
    assert as_netstrings([b"hello world!", b""]) == b"12:hello world!,0:,"


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_what_is_written_is_read_again(strings: list[bytes]) -> None:
    assert list(netstrings(as_netstrings(strings))) == strings


@given(st.binary(max_size=60) | st.text("0123456789:,a", max_size=20).map(str.encode))
def test_there_is_one_way_to_write_what_is_read(body: bytes) -> None:
    try:
        strings = list(netstrings(body))
    except NetstringRefused:
        return
    assert as_netstrings(strings) == body


@pytest.mark.parametrize(
    ("body", "at"),
    [
        (b":,", 0),
        (b"3:abc", 5),
        (b"3:abcd,", 5),
        (b"3:ab", 5),
        (b"03:abc,", 0),
        (b"-1:,", 0),
        (b"+3:abc,", 0),
        (b" 3:abc,", 0),
        (b"3 :abc,", 0),
        ("３:abc,".encode(), 0),
        (b"0:,\n", 3),
        (b"3:abc,x", 6),
        (b"9999999999:abc,", 10_000_000_010),
        (b"99999999999:abc,", 0),
    ],
)
def test_where_it_breaks_off_is_told(body: bytes, at: int) -> None:
    with pytest.raises(NetstringRefused) as refused:
        list(netstrings(body))
    assert refused.value.detail.en.startswith(f"byte {at}: ")
    assert refused.value.detail.zh.startswith(f"第{at}字节：")
