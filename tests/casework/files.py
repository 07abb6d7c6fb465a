"""Files of every kind that a case takes, and those that it must not take."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

import openpyxl

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""The string by which virus scanners are tested (eicar.org); harmless."""


def pdf(objects: bytes = b"", *, tail: bytes = b"", head: bytes = b"%PDF-1.7\n") -> bytes:
    body = head + b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\n"
    body += b"endobj\n" + objects
    return body + b"trailer\n<< /Root 1 0 R " + tail + b">>\nstartxref\n" + str(len(body)).encode() + b"\n%%EOF\n"


def stream(content: bytes, entries: bytes = b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode") -> bytes:
    packed = zlib.compress(content)
    return b"3 0 obj\n<< %s /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (entries, len(packed), packed)


def broken(packed: bytes) -> bytes:
    """The same stream with another checksum: readers show it all the same."""
    at = packed.index(b"\nendstream")
    return packed[: at - 4] + b"\0\0\0\0" + packed[at:]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int = 1, height: int = 1, *, tail: bytes = b"") -> bytes:
    header = struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)
    end = chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + end + tail


def jpeg(tail: bytes = b"") -> bytes:
    def segment(marker: int, body: bytes) -> bytes:
        return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body

    frame = segment(0xC0, bytes([8, 0, 1, 0, 1, 1, 1, 0x11, 0]))
    scan = segment(0xDA, bytes([1, 1, 0, 0, 63, 0])) + b"\x12\xff\x00\x34\xff\xd0\x56"
    return b"\xff\xd8" + segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0") + frame + scan + b"\xff\xd9" + tail


def xlsx() -> bytes:
    """As openpyxl writes it."""
    book = openpyxl.Workbook()
    for number in range(200):
        book.active.append(["GTIN", number, "奶粉"])
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/>{more}</Types>'
)
RELATIONS = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"'
    ' Target="http://example.org/x" TargetMode="External"/></Relationships>'
)
DOCUMENT = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"/>'


def docx(more: Mapping[str, str | bytes] | None = None, types: str = "") -> bytes:
    saved = io.BytesIO()
    members = {"[Content_Types].xml": TYPES.format(more=types), "word/document.xml": DOCUMENT} | dict(more or {})
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return saved.getvalue()


LINK = {"word/_rels/document.xml.rels": RELATIONS.format(kind="hyperlink")}

GOOD: dict[str, tuple[str, bytes, str]] = {
    "pdf": ("执照.pdf", pdf(), "application/pdf"),
    "pdf with packed objects": ("a.PDF", pdf(stream(b"5 0 << /Type /Page >>")), "application/pdf"),
    "png": ("图.png", png(), "image/png"),
    "jpeg": ("photo.jpg", jpeg(), "image/jpeg"),
    "jpeg with a preview behind": ("photo.jpeg", jpeg(jpeg() + b"\0\0"), "image/jpeg"),
    "xlsx": ("goods.xlsx", xlsx(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "docx": ("a.docx", docx(LINK), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "csv": ("a.csv", "\ufeff编码,名称\r\n1,奶粉\r\n".encode(), "text/csv"),
    "text": ("a.txt", "说明\n\t一".encode(), "text/plain"),
}

BAD: dict[str, tuple[str, bytes, str]] = {
    "empty": ("a.pdf", b"", "empty"),
    "too large": ("a.txt", b"a" * 300_001, "MB"),
    "no ending": ("licence", pdf(), "ending"),
    "only an ending": (".pdf", pdf(), "ending"),
    "long name": ("a" * 150 + ".pdf", pdf(), "150 characters"),
    "path in the name": ("../a.pdf", pdf(), "characters that cannot"),
    "name that reads backwards": ("a\u202efdp.txt", b"a", "characters that cannot"),
    "line feed in the name": ("a\r\nX-Y: z.txt", b"a", "characters that cannot"),
    "program": ("a.exe", b"MZ\x90", "Only PDF"),
    "page": ("a.html", b"<script>", "Only PDF"),
    "svg": ("a.svg", b"<svg/>", "Only PDF"),
    "macro book by name": ("a.xlsm", xlsx(), "Only PDF"),
    "program called pdf": ("a.pdf", b"MZ\x90\0" * 9, "not a whole PDF"),
    "page called pdf": ("a.pdf", b"<html>%PDF-1.7 startxref %%EOF", "not a whole PDF"),
    "half a pdf": ("a.pdf", pdf()[:60], "not a whole PDF"),
    "pdf with a script": ("a.pdf", pdf(b"9 0 obj << /S /JavaScript /JS (app.alert(1)) >> endobj\n"), "/JavaScript"),
    "pdf with a script, escaped": ("a.pdf", pdf(b"9 0 obj << /S /J#61v#61Script /JS (1) >> endobj\n"), "/JavaScript"),
    "pdf with a script, packed": ("a.pdf", pdf(stream(b"5 0 << /S /JavaScript /JS (1) >>")), "/JavaScript"),
    "pdf with a script, packed in another way": (
        "a.pdf",
        pdf(stream(b"5 0 <<>>", b"/Type /Obj#53tm /Filter [/ASCIIHexDecode /FlateDecode]")),
        "cannot be checked",
    ),
    "pdf with a script, packed as said elsewhere": (
        "a.pdf",
        pdf(stream(b"5 0 <<>>", b"/Type /ObjStm /Filter 8 0 R")),
        "cannot be checked",
    ),
    "pdf with a script, packed behind a long dictionary": (
        "a.pdf",
        pdf(stream(b"5 0 <<>>", b"/Type /ObjStm /Filter /LZWDecode /X (" + b"x" * 5_000 + b")")),
        "cannot be checked",
    ),
    "pdf with a script, packed and broken": (
        "a.pdf",
        pdf(broken(stream(b"5 0 << /S /JavaScript /JS (1) >>" + bytes(50)))),
        "/JavaScript",
    ),
    "pdf that starts a program": ("a.pdf", pdf(b"9 0 obj << /S /Launch /F (cmd.exe) >> endobj\n"), "/Launch"),
    "pdf with a file in it": ("a.pdf", pdf(b"9 0 obj << /Type /EmbeddedFile >> endobj\n"), "/EmbeddedFile"),
    "pdf behind a password": ("a.pdf", pdf(tail=b"/Encrypt 9 0 R "), "encrypted"),
    "pdf bomb": ("a.pdf", pdf(stream(bytes(65 * 2**20))), "too large when unpacked"),
    "pdf of a million parts": ("a.pdf", pdf(b"stream\nendstream\n" * 15_000), "too many parts"),
    "pdf of a million escapes": ("a.pdf", pdf(b"#" * 500_001), "too many parts"),
    "text called png": ("a.png", b"hello", "not a whole PNG"),
    "jpeg called png": ("a.png", jpeg(), "not a whole PNG"),
    "half a png": ("a.png", png()[:-4], "not a whole PNG"),
    "png with another byte": ("a.png", png().replace(b"IDAT", b"IDAU"), "not a whole PNG"),
    "png with an archive behind": ("a.png", png(tail=docx()), "not a whole PNG"),
    "png of a terabyte": ("a.png", png(1_000_000, 1_000_000), "too many pixels"),
    "png called jpeg": ("a.jpg", png(), "not a whole JPEG"),
    "half a jpeg": ("a.jpg", jpeg()[:-2], "not a whole JPEG"),
    "jpeg of nothing": ("a.jpg", b"\xff\xd8\xff\xd9", "not a whole JPEG"),
    "jpeg with an archive behind": ("a.jpg", jpeg(docx()), "not a whole JPEG"),
    "jpeg with a page behind": ("a.jpg", jpeg(b"<script>alert(1)</script>"), "not a whole JPEG"),
    "archive called xlsx": ("a.xlsx", docx(), "not a whole XLSX"),
    "book called document": ("a.docx", xlsx(), "not a whole DOCX"),
    "document with macros": ("a.docx", docx({"word/vbaProject.bin": b"\xd0\xcf\x11\xe0"}), "macros"),
    "document with macros by its type": (
        "a.docx",
        docx(types='<Override PartName="/x" ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/>'),
        "macros",
    ),
    "document with macros under another name": (
        "a.docx",
        docx(types='<Override PartName="/x.bin" ContentType="application/vnd.ms-office.vbaProject"/>'),
        "macros",
    ),
    "document with an object": ("a.docx", docx({"word/embeddings/oleObject1.bin": b"\xd0\xcf\x11\xe0"}), "embedded"),
    "document with a control": ("a.docx", docx({"word/activeX/activeX1.xml": "<a/>"}), "controls"),
    "document that fetches a template": (
        "a.docx",
        docx({"word/_rels/settings.xml.rels": RELATIONS.format(kind="attachedTemplate")}),
        "attachedTemplate",
    ),
    "document with entities": (
        "a.docx",
        docx({"word/document.xml": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}),
        "not a whole DOCX",
    ),
    "document with entities in its types": (
        "a.docx",
        docx({"[Content_Types].xml": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}),
        "not a whole DOCX",
    ),
    "document that leads outside": ("a.docx", docx({"../../x": "a"}), "not safe"),
    "document in a document": ("a.docx", docx({"word/a.zip": docx()}), "archives within"),
    "document bomb": ("a.docx", docx({"word/media/a.xml": bytes(40 * 2**20)}), "packed more tightly"),
    "half a document": ("a.docx", docx()[:-30], "cannot be opened"),
    "archive behind a program": ("a.docx", b"MZ" + docx(), "cannot be opened"),
    "csv of Chinese Windows": ("a.csv", "编码,名称".encode("gb18030"), "UTF-8"),
    "csv of two bytes": ("a.csv", "a,b".encode("utf-16"), "UTF-8"),
    "program called text": ("a.txt", b"MZ\0\0", "control character"),
    "terminal codes": ("a.txt", b"\x1b]0;x\x07", "control character"),
}
