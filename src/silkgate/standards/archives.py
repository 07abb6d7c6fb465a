"""Reading ZIP archives from strangers, in memory and within bounds; nothing is ever written to a path.

The reader is strict where lenient readers differ from each other: the members lie one behind the other from the first
byte to the central directory, the directory and the local headers say the same, and nothing stands before, between or
behind them. So two programs cannot see two different archives in the same bytes.
Source of the layout: PKWARE APPNOTE.TXT 6.3, sections 4.3 and 4.4.
"""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from silkgate.kernel.text import Text

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_STORED, _DEFLATED = 0, 8
_DESCRIPTOR, _UTF8 = 0x8, 0x800
_FLAGS_ACCEPTED = 0x6 | _DESCRIPTOR | _UTF8
"""Compression level, descriptor, UTF-8 name. Not: encryption, patches, masked headers."""
_EXTRA_ZIP64, _EXTRA_UNICODE_PATH = 0x0001, 0x7075
"""Extra fields that give other sizes or another name than the header, to those readers that look."""
_ARCHIVE_ENDINGS = (".zip", ".gz", ".tgz", ".tar", ".7z", ".rar", ".xz", ".bz2", ".zst", ".jar", ".xlsx", ".docx")
_ARCHIVE_MARKS = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!", b"\xfd7zXZ\x00", b"BZh",
                  b"\x28\xb5\x2f\xfd")


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on one archive, checked before anything is decompressed and again while it is."""

    max_bytes: int = 10 * 1024 * 1024
    """The archive itself."""
    max_members: int = 1_000
    max_total_bytes: int = 20 * 1024 * 1024
    """All members together, decompressed."""
    max_ratio: int = 50
    """Decompressed bytes to archive bytes."""
    max_name_chars: int = 256


class ArchiveRefused(ValueError):  # noqa: N818 - a refusal is an outcome, named as the receipts name it
    """The archive is not opened. `code` is `format.archive`; `detail` says why in both languages."""

    def __init__(self, detail: Text) -> None:
        super().__init__("format.archive", detail)
        self.code = "format.archive"
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code}: {self.detail.en}"


class _Member(NamedTuple):
    """One entry of the central directory."""

    flags: int
    method: int
    crc: int
    packed_bytes: int
    size_bytes: int
    name: bytes
    attributes: int
    offset: int


def unpack_zip(raw: bytes, limits: Limits = Limits()) -> list[tuple[str, bytes]]:
    """(name, contents) of every file in the archive, in the order of its directory; folders are left out.

    Raises ArchiveRefused where a cap is broken; where a name is absolute, leads outside, or occurs twice; for links and
    devices, encryption, split or ZIP64 archives, archives within the archive; and where headers, sizes or checksums do
    not agree or entries overlap.
    """
    if len(raw) > limits.max_bytes:
        raise _refused("压缩包超过 {limit} 字节", "the archive has more than {limit} bytes", limit=limits.max_bytes)
    members, directory_start = _directory(raw, limits)
    total = sum(member.size_bytes for member in members)
    if total > limits.max_total_bytes:
        raise _refused("解压后超过 {limit} 字节", "more than {limit} bytes when unpacked", limit=limits.max_total_bytes)
    if total > limits.max_ratio * len(raw):
        raise _refused("压缩比超过 {limit}:1", "packed more tightly than {limit}:1", limit=limits.max_ratio)
    names = [_name(member, limits) for member in members]
    if len({name.casefold().rstrip("/") for name in names}) < len(names):
        raise _refused("文件名重复", "two members have the same name")
    starts = _data_starts(raw, members, directory_start)
    return [
        (name, _contents(raw, member, start, name))
        for name, member, start in zip(names, members, starts, strict=True)
        if not name.endswith("/")
    ]


def _directory(raw: bytes, limits: Limits) -> tuple[list[_Member], int]:
    """The central directory and where it begins. The end record is the last 22 bytes: no comment, nothing behind it."""
    at = len(raw) - _END.size
    if at < 0 or raw[at : at + 4] != b"PK\x05\x06":
        raise _refused("不是 ZIP 压缩包", "not a ZIP archive")
    _, disk, first_disk, here, count, size, start, comment = _END.unpack_from(raw, at)
    if disk or first_disk or here != count or comment:
        raise _refused("不接受分卷或带注释的压缩包", "split or commented archives are not accepted")
    if count > limits.max_members:
        raise _refused("文件数超过 {limit}", "more than {limit} members", limit=limits.max_members)
    if start + size != at:
        raise _broken()
    members = list(_entries(raw, start, at))
    if len(members) != count:
        raise _broken()
    return members, start


def _entries(raw: bytes, at: int, end: int) -> Iterator[_Member]:
    while at < end:
        if at + _CENTRAL.size > end or raw[at : at + 4] != b"PK\x01\x02":
            raise _broken()
        (_, _, _, flags, method, _, _, crc, packed, size, name_bytes, extra_bytes, comment_bytes, disk, _, attributes,
         offset) = _CENTRAL.unpack_from(raw, at)
        at += _CENTRAL.size
        name, extra = raw[at : at + name_bytes], raw[at + name_bytes : at + name_bytes + extra_bytes]
        at += name_bytes + extra_bytes + comment_bytes
        if at > end or disk or _contradicts(extra):
            raise _broken()
        yield _Member(flags, method, crc, packed, size, name, attributes, offset)


def _name(member: _Member, limits: Limits) -> str:
    """The member's name where it is one that can stand in a folder, whatever the system."""
    try:
        name = member.name.decode("utf-8" if member.flags & _UTF8 else "gb18030")
    except UnicodeDecodeError:
        raise _refused("文件名无法识别", "a name cannot be read") from None
    parts = name.removesuffix("/").split("/")
    if (
        len(name) > limits.max_name_chars
        or not name.isprintable()
        or any(character in name for character in '\\:*?"<>|')
        or any(part.strip(" .") == "" for part in parts)
    ):
        raise _refused("文件名不安全", "a name is not safe")
    kind = stat.S_IFMT(member.attributes >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refused("不接受链接与设备文件", "links and devices are not accepted")
    if name.lower().endswith(_ARCHIVE_ENDINGS):
        raise _nested()
    return name


def _data_starts(raw: bytes, members: list[_Member], directory_start: int) -> list[int]:
    """Where each member's data begins; raises where the members do not lie one behind the other without gap."""
    starts = {}
    expected = 0
    for member in sorted(members, key=lambda member: member.offset):
        start = _data_start(raw, member, directory_start)
        if member.offset != expected:
            raise _broken()
        starts[member.offset] = start
        expected = start + member.packed_bytes
        if member.flags & _DESCRIPTOR:
            expected += _descriptor_bytes(raw, member, expected)
    if expected != directory_start:
        raise _broken()
    return [starts[member.offset] for member in members]


def _data_start(raw: bytes, member: _Member, end: int) -> int:
    """Behind the local header, which must say what the directory says."""
    at = member.offset
    if at + _LOCAL.size > end:
        raise _broken()
    mark, _, flags, method, _, _, crc, packed, size, name_bytes, extra_bytes = _LOCAL.unpack_from(raw, at)
    start = at + _LOCAL.size + name_bytes + extra_bytes
    name = raw[at + _LOCAL.size : at + _LOCAL.size + name_bytes]
    extra = raw[at + _LOCAL.size + name_bytes : start]
    if mark != b"PK\x03\x04" or (flags, method, name) != (member.flags, member.method, member.name):
        raise _broken()
    if _contradicts(extra):
        raise _broken()
    announced = (crc, packed, size)
    if announced != (member.crc, member.packed_bytes, member.size_bytes) and not (
        flags & _DESCRIPTOR and announced == (0, 0, 0)
    ):
        raise _broken()
    if start + member.packed_bytes > end:
        raise _broken()
    return start


def _contradicts(extra: bytes) -> bool:
    """Whether extra fields may say something else than the header they belong to, or cannot be read."""
    at = 0
    while at + 4 <= len(extra):
        field, size = struct.unpack_from("<2H", extra, at)
        if field in (_EXTRA_ZIP64, _EXTRA_UNICODE_PATH):
            return True
        at += 4 + size
    return at != len(extra)


def _descriptor_bytes(raw: bytes, member: _Member, at: int) -> int:
    """Length of the data descriptor at `at`, which repeats checksum and sizes, with or without its mark."""
    values = struct.pack("<3I", member.crc, member.packed_bytes, member.size_bytes)
    if raw[at : at + 16] == b"PK\x07\x08" + values:
        return 16
    if raw[at : at + 12] == values:
        return 12
    raise _broken()


def _contents(raw: bytes, member: _Member, start: int, name: str) -> bytes:
    packed = raw[start : start + member.packed_bytes]
    if member.flags & ~_FLAGS_ACCEPTED or member.method not in (_STORED, _DEFLATED):
        raise _refused("不接受加密或其他压缩方式：{name}", "encrypted or packed in another way: {name}", name=name)
    contents = packed if member.method == _STORED else _inflate(packed, member.size_bytes)
    if len(contents) != member.size_bytes or zlib.crc32(contents) != member.crc:
        raise _broken()
    if contents.startswith(_ARCHIVE_MARKS) or contents[257:262] == b"ustar":
        raise _nested()
    return contents


def _inflate(packed: bytes, size_bytes: int) -> bytes:
    """At most one byte more than announced is ever produced."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        contents = stream.decompress(packed, size_bytes + 1)
    except zlib.error:
        raise _broken() from None
    if not stream.eof or stream.unused_data:
        raise _broken()
    return contents


def _refused(zh: str, en: str, **values: object) -> ArchiveRefused:
    return ArchiveRefused(Text(zh, en).format(**values))


def _broken() -> ArchiveRefused:
    return _refused("压缩包目录与内容不一致", "the archive's directory and contents do not agree")


def _nested() -> ArchiveRefused:
    return _refused("不接受压缩包中的压缩包", "archives within an archive are not accepted")
