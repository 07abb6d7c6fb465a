"""What kind of file something is, judged by its bytes, and whether a case takes it. Pure.

Sources: ISO 32000-1 (PDF), PNG (W3C), ITU-T T.81 (JPEG markers), ECMA-376 part 2 (Office Open XML packages).
"""

from __future__ import annotations

import contextlib
import re
import struct
import unicodedata
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from lxml import etree

from silkgate.casework.domain import EvidenceRefused
from silkgate.kernel.text import Text
from silkgate.standards.archives import ArchiveRefused, Limits, unpack_zip
from silkgate.standards.safexml import XmlRefused, parse

LONGEST_NAME = 150
"""Characters of a file's name."""


class Kind(NamedTuple):
    """A kind of file that is taken."""

    media_type: str
    words: Text
    check: Callable[[bytes], None]
    """Raises EvidenceRefused where the bytes are not of this kind, or carry what could run."""


def judge(name: str, content: bytes, max_bytes: int) -> str:
    """The media type of a file that a case takes. Raises EvidenceRefused that says what is wrong and what to do."""
    _check_name(name)
    if not content:
        raise _refused("文件是空的，请检查后重新上传。", "The file is empty. Check it and upload it again.")
    if len(content) > max_bytes:
        raise _refused(
            f"文件超过{_megabytes(max_bytes)}MB。请压缩图片或分成几份上传。",
            f"The file has more than {_megabytes(max_bytes)} MB. Compress its pictures or split it.",
        )
    kind = KINDS.get(name.rpartition(".")[2].lower())
    if kind is None:
        raise _refused(
            "只接收PDF、PNG、JPEG、XLSX、DOCX、CSV和TXT文件。",
            "Only PDF, PNG, JPEG, XLSX, DOCX, CSV and TXT are taken.",
        )
    kind.check(content)
    return kind.media_type


def _check_name(name: str) -> None:
    stem, dot, _ = name.rpartition(".")
    if not dot or not stem.strip(" .") or len(name) > LONGEST_NAME:
        raise _refused(
            f"文件名应有扩展名，且不超过{LONGEST_NAME}字。",
            f"A file name has an ending and at most {LONGEST_NAME} characters.",
        )
    # Besides separators: characters that turn the reading direction, so that an ending looks like another one.
    if any(character in '/\\:*?"<>|' or unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in name):
        raise _refused("文件名含有不能使用的字符。", "The file name has characters that cannot be used.")


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:.4g}"


def _refused(zh: str, en: str) -> EvidenceRefused:
    return EvidenceRefused(Text(zh, en))


def _not_of_kind(words: str) -> EvidenceRefused:
    return _refused(
        f"文件内容不是完整的{words}，与扩展名不符。请用原软件另存后再上传。",
        f"The contents are not a whole {words} file, as the ending says. Save it again and upload that.",
    )


# --- PDF --------------------------------------------------------------------------------------------------------------

_ACTIVE = (b"/JavaScript", b"/Launch", b"/EmbeddedFile", b"/RichMedia", b"/Rendition", b"/ImportData", b"/SubmitForm",
           b"/GoToE", b"/XFA")  # fmt: skip
_ESCAPED = re.compile(rb"#([0-9a-fA-F]{2})")
_STREAM = re.compile(rb"(?<!end)stream\r?\n(.*?)endstream", re.DOTALL)
_ANY_STREAM = re.compile(rb"stream\r?\n")
_PIECE_BYTES = 16 * 1024
_MAX_INFLATED_BYTES = 64 * 2**20
_MAX_STREAMS, _MAX_ESCAPES = 20_000, 500_000
"""Far more than honest documents have; with more, looking at them would take long."""
_OTHER_CODING = re.compile(
    rb"/(Predictor|ASCIIHexDecode|AHx|ASCII85Decode|A85|LZWDecode|LZW|RunLengthDecode|RL\b|Crypt)"
    rb"|/(Filter|F|DecodeParms|DP)[\s\[]*\d+\s+\d+\s+R"
)
"""Codings of packed objects that are not undone here, and codings that stand somewhere else."""


def _pdf(content: bytes) -> None:
    if not re.match(rb"%PDF-[12]\.\d", content) or b"%%EOF" not in content[-2_048:] or b"startxref" not in content:
        raise _not_of_kind("PDF")
    if content.count(b"#") > _MAX_ESCAPES or len(_ANY_STREAM.findall(content)) > _MAX_STREAMS:
        raise _refused(
            "PDF的组成部分过多，无法检查。请打印为PDF后上传。",
            "The PDF has too many parts to be checked. Print it to PDF and upload that.",
        )
    plain = _names(content)
    if b"/Encrypt" in plain:
        raise _refused(
            "PDF已加密，无法检查。请去除密码后上传。",
            "The PDF is encrypted and cannot be checked. Remove its password.",
        )
    _no_active_names(plain)
    behind, left = 0, _MAX_INFLATED_BYTES
    # Up to the last end: so every beginning finds one, and the search takes one pass.
    for found in _STREAM.finditer(content, 0, content.rfind(b"endstream") + len(b"endstream")):
        dictionary = _names(content[behind : found.start()])
        behind = found.end()
        if b"/ObjStm" in dictionary and _OTHER_CODING.search(dictionary):
            raise _refused(
                "PDF的对象以不能检查的方式压缩。请另存为普通PDF。",
                "The PDF packs its objects in a way that cannot be checked. Save it as a plain PDF.",
            )
        inflated = _inflated(found[1], left)
        left -= len(inflated)
        if left <= 0:
            raise _refused("PDF解压后过大，无法检查。", "The PDF is too large when unpacked to be checked.")
        _no_active_names(_names(inflated))


def _names(content: bytes) -> bytes:
    """Names without escapes: `/J#61vaScript` is `/JavaScript`."""
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), content)


def _no_active_names(content: bytes) -> None:
    for name in _ACTIVE:
        if name in content:
            raise _refused(
                f"PDF含有脚本、动作或附件（{name.decode()}），不能接收。请打印为PDF后上传。",
                f"The PDF carries scripts, actions or attachments ({name.decode()}). Print it to PDF and upload that.",
            )


def _inflated(packed: bytes, most_bytes: int) -> bytes:
    """What a deflated stream holds, up to where it breaks off or is broken; nothing for a stream of another coding.

    A lenient reader shows what comes before a fault, and does not look at the checksum. So neither do we.
    """
    if len(packed) < 2 or packed[0] & 0x0F != zlib.DEFLATED or int.from_bytes(packed[:2], "big") % 31:
        return b""
    stream, inflated = zlib.decompressobj(-zlib.MAX_WBITS), bytearray()
    for start in range(2, len(packed), _PIECE_BYTES):
        piece, before = packed[start : start + _PIECE_BYTES], stream.copy()
        try:
            inflated += stream.decompress(piece, most_bytes - len(inflated) + 1)
        except zlib.error:
            with contextlib.suppress(zlib.error):
                for place in range(len(piece)):
                    inflated += before.decompress(piece[place : place + 1], most_bytes)
            break
        if stream.eof or len(inflated) > most_bytes:
            break
    return bytes(inflated)


# --- Pictures ---------------------------------------------------------------------------------------------------------

_PNG_MARK = b"\x89PNG\r\n\x1a\n"
_MAX_PIXELS = 200_000_000


def _png(content: bytes) -> None:
    if not content.startswith(_PNG_MARK):
        raise _not_of_kind("PNG")
    at = len(_PNG_MARK)
    kinds: list[bytes] = []
    while at + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        kind, end = content[at + 4 : at + 8], at + 12 + length
        if end > len(content) or zlib.crc32(content[at + 4 : end - 4]) != int.from_bytes(content[end - 4 : end], "big"):
            raise _not_of_kind("PNG")
        if not kinds:
            _png_header(kind, content[at + 8 : end - 4])
        kinds.append(kind)
        at = end
        if kind == b"IEND":
            break
    if at != len(content) or kinds[-1:] != [b"IEND"] or b"IDAT" not in kinds:
        raise _not_of_kind("PNG")


def _png_header(kind: bytes, header: bytes) -> None:
    if kind != b"IHDR" or len(header) != 13:
        raise _not_of_kind("PNG")
    width, height = struct.unpack_from(">2I", header)
    if not 0 < width * height <= _MAX_PIXELS:
        raise _refused("图片的像素数过大。", "The picture has too many pixels.")


def _jpeg(content: bytes) -> None:
    at = 0
    # Cameras put further, smaller pictures behind the first one.
    while content[at : at + 3] == b"\xff\xd8\xff":
        at = _jpeg_end(content, at + 2)
    if at == 0 or content[at:].strip(b"\0"):
        raise _not_of_kind("JPEG")


def _jpeg_end(content: bytes, at: int) -> int:
    """Behind the end marker of the picture whose first segment begins at `at`."""
    framed = False
    while at + 2 <= len(content):
        if content[at] != 0xFF:
            raise _not_of_kind("JPEG")
        marker = content[at + 1]
        if marker == 0xD9 and framed:
            return at + 2
        if marker == 0xFF:
            at += 1
            continue
        if at + 4 > len(content) or marker in {0x00, 0x01, 0xD8, 0xD9} or 0xD0 <= marker <= 0xD7:
            raise _not_of_kind("JPEG")
        framed |= 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        if marker == 0xDA:
            at = _behind_scan(content, at)
    raise _not_of_kind("JPEG")


_NEXT_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]", re.DOTALL)


def _behind_scan(content: bytes, at: int) -> int:
    """The marker that ends the coded picture: not a stuffed byte, not a restart."""
    found = _NEXT_MARKER.search(content, at)
    if found is None:
        raise _not_of_kind("JPEG")
    return found.end() - 2


# --- Office documents -------------------------------------------------------------------------------------------------

_TYPES = "[Content_Types].xml"
_LIVE_MEMBERS = re.compile(r"(^|/)(vbaProject|vbaData|oleObject|activeX|attachedToolbars|macrosheets)", re.IGNORECASE)
_FOLDERS_OF_OBJECTS = ("embeddings/", "activex/", "macrosheets/", "externallinks/")
_LIVE_RELATIONS = ("attachedTemplate", "oleObject", "frame", "subDocument", "externalLink", "package", "control",
                   "vbaProject")  # fmt: skip


def _package(content: bytes, words: str, main: str) -> None:
    """An Office package: an archive that reads one way only, with its main part and nothing that runs."""
    limits = replace(Limits(), max_bytes=len(content), max_total_bytes=64 * 2**20, max_ratio=100)
    try:
        members = dict(unpack_zip(content, limits))
    except ArchiveRefused as error:
        raise _refused(
            f"不能作为{words}打开：{error.detail.zh}。请用原软件另存后再上传。",
            f"It cannot be opened as {words}: {error.detail.en}. Save it again and upload that.",
        ) from error
    if _TYPES not in members or main not in members:
        raise _not_of_kind(words)
    for name in members:
        if _LIVE_MEMBERS.search(name) or any(folder in name.lower() for folder in _FOLDERS_OF_OBJECTS):
            raise _alive(name)
    for name, body in members.items():
        if name.lower().endswith((".xml", ".rels", ".vml")):
            _check_part(name, body, words)


def _check_part(name: str, body: bytes, words: str) -> None:
    if name != _TYPES and not name.lower().endswith(".rels"):
        # Large sheets are not parsed here; a document type or another encoding has no place in any part.
        if b"<!DOCTYPE" in body or body[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in body:
            raise _not_of_kind(words)
        return
    try:
        root = parse(body)
    except XmlRefused as error:
        raise _not_of_kind(words) from error
    for element in root.iter(etree.Element):
        kind = f"{element.get('ContentType', '')} {element.get('Type', '').rpartition('/')[2]}"
        outside = element.get("TargetMode", "").lower() == "external"
        if "macroEnabled" in kind or "vbaProject" in kind or "ms-office.activeX" in kind:
            raise _alive(kind.strip())
        if outside and any(relation.lower() in kind.lower() for relation in _LIVE_RELATIONS):
            raise _alive(kind.strip())


def _alive(what: str) -> EvidenceRefused:
    return _refused(
        f"文档含有宏、控件或嵌入对象（{what}），不能接收。请去除后另存。",
        f"The document carries macros, controls or embedded objects ({what}). Remove them and save it again.",
    )


def _xlsx(content: bytes) -> None:
    _package(content, "XLSX", "xl/workbook.xml")


def _docx(content: bytes) -> None:
    _package(content, "DOCX", "word/document.xml")


# --- Text -------------------------------------------------------------------------------------------------------------


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def _plain(content: bytes) -> None:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(
            f"文本不是UTF-8编码（第{error.start + 1}个字节）。请以UTF-8另存。",
            f"The text is not in UTF-8 (byte {error.start + 1}). Save it as UTF-8.",
        ) from error
    control = _CONTROL.search(text)
    if control:
        place = control.start() + 1
        raise _refused(
            f"文本第{place}个字符是控制字符，不像文本文件。",
            f"Character {place} of the text is a control character; this looks like no text.",
        )


_DOCUMENT = "application/vnd.openxmlformats-officedocument"
_JPEG = Kind("image/jpeg", Text("JPEG图片", "JPEG picture"), _jpeg)
KINDS = {
    "pdf": Kind("application/pdf", Text("PDF文档", "PDF document"), _pdf),
    "png": Kind("image/png", Text("PNG图片", "PNG picture"), _png),
    "jpg": _JPEG,
    "jpeg": _JPEG,
    "xlsx": Kind(f"{_DOCUMENT}.spreadsheetml.sheet", Text("Excel工作簿", "Excel workbook"), _xlsx),
    "docx": Kind(f"{_DOCUMENT}.wordprocessingml.document", Text("Word文档", "Word document"), _docx),
    "csv": Kind("text/csv", Text("CSV表格", "CSV table"), _plain),
    "txt": Kind("text/plain", Text("文本", "Plain text"), _plain),
}
"""By the ending of the name, in small letters."""
