"""Archives from strangers: XA-35 to XA-39 of the payload list, and what ordinary programs write."""

from __future__ import annotations

import gzip
import io
import stat
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silkgate.standards.archives import ArchiveRefused, Limits, unpack_zip

Builder = Callable[[zipfile.ZipFile], None]


def _zip(build: Builder, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        build(archive)
    return buffer.getvalue()


def _files(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    def build(archive: zipfile.ZipFile) -> None:
        for name, contents in files:
            archive.writestr(name, contents)

    return _zip(build, method)


def _with_mode(mode: int) -> bytes:
    def build(archive: zipfile.ZipFile) -> None:
        entry = zipfile.ZipInfo("a.xml")
        entry.create_system = 3
        entry.external_attr = mode << 16
        archive.writestr(entry, "/etc/passwd")

    return _zip(build)


def _with_unicode_path(archive: zipfile.ZipFile) -> None:
    entry = zipfile.ZipInfo("a.xml")
    entry.extra = struct.pack("<2HBI", 0x7075, 5 + 8, 1, zlib.crc32(b"a.xml")) + b"evil.xml"
    archive.writestr(entry, b"<a/>")


def _renamed(name: str, *, where: str = "both") -> bytes:
    """An archive of one member whose name was overwritten by one of the same length, in one or both of its places."""
    placeholder = "x" * len(name)
    raw = _files((placeholder, b"<a/>"))
    at = raw.index(placeholder.encode())
    first, rest = raw[:at], raw[at:]
    if where in ("both", "local"):
        rest = rest.replace(placeholder.encode(), name.encode(), 1)
    if where in ("both", "directory"):
        head, _, tail = rest.rpartition(placeholder.encode())
        rest = head + name.encode() + tail
    return first + rest


def _overlapping() -> bytes:
    """Two directory entries for the same stretch of data, as the 42-style bomb does."""
    raw = _files(("a", b"x" * 1000))
    directory = raw.index(b"PK\x01\x02")
    entry, end = raw[directory:-22], raw[-22:]
    twin = entry.replace(b"a", b"b") if entry.count(b"a") == 1 else entry[:46] + b"b" + entry[47:]
    sizes = struct.pack("<HHII", 2, 2, 2 * len(entry), directory)
    return raw[:directory] + entry + twin + end[:8] + sizes + b"\0\0"


def _two_directories() -> bytes:
    return _files(("a.xml", b"<harmless/>")) + _files(("a.xml", b"<evil/>"))


def _patched(raw: bytes, mark: bytes, offset: int, value: bytes) -> bytes:
    at = raw.index(mark) + offset
    return raw[:at] + value + raw[at + len(value):]


def _tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("x"))
    return buffer.getvalue()


PLAIN = _files(("a.xml", b"<a/>"))
LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"

REFUSED: dict[str, Callable[[], bytes]] = {
    "XA-35 gzip bomb": lambda: gzip.compress(bytes(50_000_000)),
    "XA-35 deflate bomb, 1 000:1": lambda: _files(("a.xml", bytes(10_000_000))),
    "XA-35 more than announced": lambda: _patched(
        _patched(_files(("a", bytes(1_000))), LOCAL, 22, struct.pack("<I", 10)), CENTRAL, 24, struct.pack("<I", 10)),
    "XA-36 nested zip": lambda: _files(("a.zip", PLAIN)),
    "XA-36 nested zip under another name": lambda: _files(("a.xml", PLAIN), method=zipfile.ZIP_STORED),
    "XA-36 nested gzip": lambda: _files(("a.bin", gzip.compress(b"x"))),
    "XA-36 nested tar": lambda: _files(("a.bin", _tar())),
    "XA-36 overlapping members": _overlapping,
    **{f"XA-37 name {name}": (lambda name=name: _renamed(name)) for name in (  # type: ignore[misc]
        "../evil.xml", "a/../../evil.xml", "/etc/cron.d/evil", "C:/evil.xml", "..\\evil.xml", "a//b", "./a",
        "a\nb", "..", "a/ /b", "a\u202eb", "x" * 257,
    )},
    "XA-38 symbolic link": lambda: _with_mode(stat.S_IFLNK | 0o777),
    "XA-38 device": lambda: _with_mode(stat.S_IFCHR | 0o666),
    "XA-39 two directories": _two_directories,
    "XA-39 name differs, local": lambda: _renamed("evil.xml", where="local"),
    "XA-39 name differs, directory": lambda: _renamed("evil.xml", where="directory"),
    "XA-39 method differs": lambda: _patched(PLAIN, LOCAL, 8, b"\0\0"),
    "XA-39 size differs": lambda: _patched(PLAIN, LOCAL, 22, b"\x05"),
    "XA-39 bytes before": lambda: b"#!/bin/sh\n" + PLAIN,
    "XA-39 bytes behind": lambda: PLAIN + b"x",
    "XA-39 bytes between": lambda: _files(("a", b"1"), ("b", b"2")).replace(CENTRAL, b"gap" + CENTRAL, 1),
    "XA-39 comment": lambda: PLAIN[:-2] + b"\x04\x00" + b"PK\x05\x06",
    "same name twice": lambda: _files(("a.xml", b"1"), ("A.XML", b"2")),
    "checksum": lambda: _patched(_patched(PLAIN, LOCAL, 14, b"\0\0\0\0"), CENTRAL, 16, b"\0\0\0\0"),
    "encrypted": lambda: _patched(_patched(PLAIN, LOCAL, 6, b"\x01"), CENTRAL, 8, b"\x01"),
    "XA-39 another name in an extra field": lambda: _zip(_with_unicode_path),
    "another method": lambda: _files(("a.xml", b"<a/>"), method=zipfile.ZIP_BZIP2),
    "1 001 members": lambda: _files(*((f"{n}.xml", b"") for n in range(1_001))),
    "21 MB in all": lambda: _files(*((f"{n}", bytes([n]) * 3_000_000) for n in range(7)), method=zipfile.ZIP_STORED),
    "cut": lambda: PLAIN[:-1],
    "empty": lambda: b"",
    "not an archive": lambda: b"<a/>" * 10,
}


@pytest.mark.parametrize("build", REFUSED.values(), ids=REFUSED.keys())
def test_refused(build: Callable[[], bytes]) -> None:
    raw = build()
    started = time.process_time()
    with pytest.raises(ArchiveRefused) as refused:
        unpack_zip(raw)
    assert time.process_time() - started < 1
    assert refused.value.code == "format.archive"
    assert refused.value.detail.zh
    assert refused.value.detail.en


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_what_programs_write_is_read(method: int) -> None:
    files = [("a.xml", b"<a/>" * 3), ("单证/订单 1.xml", "<订单/>".encode()), ("empty.txt", b"")]
    assert unpack_zip(_files(*files, method=method)) == files


def test_folders_are_left_out() -> None:
    assert unpack_zip(_zip(lambda archive: archive.mkdir("a"))) == []


def test_names_without_the_utf8_mark_are_read_as_gb18030() -> None:
    """Chinese Windows writes them so."""
    raw = _files(("XXXX.xml", b"<a/>")).replace(b"XXXX", "订单".encode("gb18030"))
    assert unpack_zip(raw) == [("订单.xml", b"<a/>")]


def test_streamed_archives_are_read() -> None:
    """Sizes behind the data, in a descriptor with or without its mark."""

    class Stream(io.RawIOBase):
        written = b""

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            self.written += bytes(data)  # type: ignore[call-overload]
            return len(bytes(data))  # type: ignore[call-overload]

    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        archive.writestr("a.xml", b"<a/>")
    assert unpack_zip(stream.written) == [("a.xml", b"<a/>")]
    start = struct.unpack("<I", stream.written[-6:-2])[0] - 4
    without_mark = stream.written.replace(b"PK\x07\x08", b"")
    assert unpack_zip(without_mark[:-6] + struct.pack("<I", start) + b"\0\0") == [("a.xml", b"<a/>")]


def test_limits_are_the_callers() -> None:
    assert len(unpack_zip(PLAIN, Limits(max_members=1, max_bytes=len(PLAIN), max_total_bytes=4))) == 1
    for limits in (Limits(max_members=0), Limits(max_bytes=len(PLAIN) - 1), Limits(max_total_bytes=3),
                   Limits(max_ratio=0)):
        with pytest.raises(ArchiveRefused):
            unpack_zip(PLAIN, limits)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_broken_archive_is_refused_or_read_as_python_reads_it(data: st.DataObject) -> None:
    """One byte changed anywhere: no other exception, and no member that the standard library sees differently."""
    raw = bytearray(_files(("a.xml", b"<a/>" * 5), ("b/c.xml", b"<b/>"), method=zipfile.ZIP_DEFLATED))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        members = unpack_zip(bytes(raw))
    except ArchiveRefused:
        return
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
    except RuntimeError:  # it refuses versions that it does not know; to us the number says nothing
        return
    with archive:
        theirs = [(zlib.crc32(contents), len(contents)) for contents in map(archive.read, archive.namelist())]
    assert [(zlib.crc32(contents), len(contents)) for _, contents in members] == theirs
