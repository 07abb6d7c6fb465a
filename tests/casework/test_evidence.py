"""Files of a case: judged by their bytes, scanned, kept by their digest; what is refused leaves nothing behind."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection, transaction

from casework import files
from casework.people import CHEN, LI, MONDAY, OTHER_FIRM, STRANGERS, days, member, opened_at
from silkgate.casework import api as casework
from silkgate.casework import filetypes, scanner
from silkgate.casework.api import Case, EvidenceDamaged, EvidenceRefused, NotYours
from silkgate.casework.filetypes import judge
from silkgate.journal import api as journal


def left_behind(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("kind", files.GOOD)
def test_a_file_is_known_by_its_bytes(kind: str) -> None:
    name, content, media_type = files.GOOD[kind]
    assert judge(name, content, 300_000) == media_type


@pytest.mark.parametrize("kind", files.BAD)
def test_what_is_not_taken_is_refused_with_a_word(kind: str) -> None:
    name, content, word = files.BAD[kind]
    with pytest.raises(EvidenceRefused) as error:
        judge(name, content, 300_000 if kind == "too large" else 600_000)
    assert word in error.value.text.en
    assert error.value.text.zh != error.value.text.en


@pytest.mark.parametrize("kind", sorted(files.GOOD))
def test_no_cut_of_a_good_file_breaks_the_judge(kind: str) -> None:
    """Whatever part of a file arrives, the answer is a type or a refusal."""
    name, content, media_type = files.GOOD[kind]
    for part in range(1, 40):
        cut = content[: len(content) * part // 40]
        for broken in (cut, cut[::-1], cut.replace(b"\xff", b"\x00")):
            with contextlib.suppress(EvidenceRefused):
                assert judge(name, broken, 300_000) == media_type


MANY = b"stream\nendstream\n"


@pytest.mark.parametrize(
    "objects",
    [MANY * 5_000, b"stream\n" * 15_000, b"stream\n\x78\x9c" * 15_000, b"endstream \n" * 100_000, b"/#41" * 300_000],
    ids=["streams", "beginnings", "beginnings of packed ones", "ends", "escapes"],
)
def test_a_pdf_made_to_be_slow_is_read_in_one_pass(objects: bytes) -> None:
    """Work grows with the length of the file: ten times as long takes about ten times as many steps, never a hundred.

    Steps are bytes handed to the functions that look at them, so that the machine's speed does not matter.
    """

    def steps(content: bytes) -> int:
        handed = 0
        names, inflated = filetypes._names, filetypes._inflated

        def counted_names(part: bytes) -> bytes:
            nonlocal handed
            handed += len(part)
            return names(part)

        def counted_inflated(part: bytes, most_bytes: int) -> bytes:
            nonlocal handed
            handed += len(part)
            return inflated(part, most_bytes)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(filetypes, "_names", counted_names)
            patch.setattr(filetypes, "_inflated", counted_inflated)
            judge("a.pdf", files.pdf(content), 10_000_000)
        return handed

    assert steps(objects) <= 12 * steps(objects[: len(objects) // 10])


def test_a_file_is_kept_by_its_digest(opened: Case, folder: Path) -> None:
    content = files.pdf()
    held = casework.attach(CHEN, opened.id, "执照.pdf", content, MONDAY)
    sha256 = hashlib.sha256(content).hexdigest()
    assert (held.sha256, held.size_bytes, held.verdict, held.by) == (sha256, len(content), "unscanned", "chen")
    assert left_behind(folder) == [folder / sha256[:2] / sha256]
    assert (folder / sha256[:2] / sha256).stat().st_mode & 0o777 == 0o600
    assert casework.open_evidence(LI, held.id) == (held, content)
    with connection.cursor() as cursor:
        told = journal.of_subject(cursor, "case", opened.id)[-1]
    assert (told.kind, told.detail["sha256"]) == ("case.evidence_added", sha256)


def test_the_same_bytes_are_kept_once(opened: Case, folder: Path) -> None:
    other = opened_at(MONDAY, member("zhao", OTHER_FIRM), OTHER_FIRM)
    casework.attach(CHEN, opened.id, "a.txt", b"same", MONDAY)
    casework.attach(member("zhao", OTHER_FIRM), other.id, "b.txt", b"same", MONDAY)
    assert len(left_behind(folder)) == 1
    with pytest.raises(EvidenceRefused, match="just been added"):
        casework.attach(CHEN, opened.id, "c.txt", b"same", MONDAY)


@pytest.mark.parametrize("kind", ["program called pdf", "document with macros", "png with an archive behind"])
def test_what_is_refused_leaves_nothing_behind(opened: Case, folder: Path, kind: str) -> None:
    name, content, _ = files.BAD[kind]
    with pytest.raises(EvidenceRefused):
        casework.attach(CHEN, opened.id, name, content, MONDAY)
    assert left_behind(folder) == []
    assert casework.evidence(opened.id) == []


def test_a_limit_is_set_by_the_operator(opened: Case, folder: Path, settings_of: Callable[..., None]) -> None:
    settings_of(MAX_EVIDENCE_BYTES=10)
    with pytest.raises(EvidenceRefused, match="MB"):
        casework.attach(CHEN, opened.id, "a.txt", b"a" * 11, MONDAY)
    assert casework.attach(CHEN, opened.id, "a.txt", b"a" * 10, MONDAY).size_bytes == 10


def test_a_disk_that_does_not_take_it_leaves_no_row(opened: Case, folder: Path) -> None:
    folder.write_bytes(b"in the way")
    with pytest.raises(OSError, match="evidence"):
        casework.attach(CHEN, opened.id, "a.txt", b"a", MONDAY)
    assert casework.evidence(opened.id) == []


def test_what_was_rolled_back_is_removed(opened: Case, folder: Path) -> None:
    """A room that attaches in a transaction of its own and then gives up: nothing stays, at the latest after `tidy`."""
    with transaction.atomic():
        held = casework.attach(CHEN, opened.id, "a.txt", b"a", MONDAY)
        assert casework.open_evidence(CHEN, held.id)[1] == b"a"
        transaction.set_rollback(True)
    assert casework.evidence(opened.id) == []
    now = datetime.now(UTC)
    with connection.cursor() as cursor:
        assert casework.tidy(cursor, now) == 0, "somebody may still be at it"
        assert casework.tidy(cursor, now + days(1)) == 1
    assert left_behind(folder) == []


def test_what_a_dying_process_left_is_put_in_its_place(opened: Case, folder: Path) -> None:
    held = casework.attach(CHEN, opened.id, "a.txt", b"a", MONDAY)
    place = left_behind(folder)[0]
    place.rename(place.with_name(f".pending-{held.sha256}-0"))
    assert casework.open_evidence(LI, held.id)[1] == b"a"
    with connection.cursor() as cursor:
        assert casework.tidy(cursor, datetime.now(UTC) + days(1)) == 1
    assert left_behind(folder) == [place]


def test_a_closed_case_takes_no_files(opened: Case) -> None:
    casework.move(CHEN, opened.id, "withdraw", at=MONDAY)
    with pytest.raises(EvidenceRefused, match="closed"):
        casework.attach(CHEN, opened.id, "a.txt", b"a", MONDAY)


@pytest.mark.parametrize("stranger", STRANGERS)
def test_nobody_else_reads_a_file(opened: Case, stranger: str) -> None:
    held = casework.attach(CHEN, opened.id, "a.txt", b"a", MONDAY)
    for number in (held.id, held.id + 1):
        with pytest.raises(NotYours):
            casework.open_evidence(STRANGERS[stranger], number)


@pytest.mark.parametrize("harm", [lambda file: file.unlink(), lambda file: file.write_bytes(b"b")])
def test_a_damaged_file_is_not_given_out(opened: Case, folder: Path, harm: Callable[[Path], object]) -> None:
    held = casework.attach(CHEN, opened.id, "a.txt", b"a", MONDAY)
    harm(left_behind(folder)[0])
    with pytest.raises(EvidenceDamaged, match=f"evidence {held.id}"):
        casework.open_evidence(CHEN, held.id)


# --- The scanner ------------------------------------------------------------------------------------------------------


class Clamd:
    """Speaks as clamd does (INSTREAM), knows one virus, and can be told to misbehave."""

    def __init__(self, family: int, address: object, manner: str = "honest") -> None:
        self.manner, self.scanned = manner, []
        self.listening = socket.socket(family, socket.SOCK_STREAM)
        self.listening.bind(address)
        self.listening.listen()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as said:
                self._answer(connection, said)

    def _answer(self, connection: socket.socket, said: object) -> None:
        assert said.read(10) == b"zINSTREAM\0"
        if self.manner == "hangs up":
            return
        content = b""
        while length := struct.unpack(">I", said.read(4))[0]:
            content += said.read(length)
        self.scanned.append(content)
        found = b"stream: Eicar-Test-Signature FOUND\0" if files.EICAR in content else b"stream: OK\0"
        connection.sendall(b"INSTREAM size limit exceeded. ERROR\0" if self.manner == "full" else found)

    def close(self) -> None:
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.thread.join(5)


@pytest.fixture
def clamd(tmp_path: Path) -> Iterator[Callable[..., tuple[str, Clamd]]]:
    """Starts a scanner on a Unix socket or a port; its address as an operator writes it."""
    started: list[Clamd] = []

    def start(kind: str = "socket", manner: str = "honest") -> tuple[str, Clamd]:
        unix = kind == "socket"
        path = str(tmp_path / "clamd.sock")
        server = Clamd(socket.AF_UNIX if unix else socket.AF_INET, path if unix else ("127.0.0.1", 0), manner)
        started.append(server)
        return path if unix else f"127.0.0.1:{server.listening.getsockname()[1]}", server

    yield start
    for server in started:
        server.close()


@pytest.mark.parametrize("kind", ["socket", "port"])
def test_a_scanner_sees_every_byte(clamd: Callable[..., tuple[str, Clamd]], kind: str) -> None:
    address, server = clamd(kind)
    content = bytes(range(256)) * 1_000
    assert scanner.scan(address, content) == ""
    assert scanner.scan(address, content + files.EICAR) == "Eicar-Test-Signature"
    assert server.scanned == [content, content + files.EICAR]


def test_malware_is_refused_and_nothing_kept(
    opened: Case, folder: Path, settings_of: Callable[..., None], clamd: Callable[..., tuple[str, Clamd]]
) -> None:
    settings_of(VIRUS_SCANNER=clamd()[0])
    with pytest.raises(EvidenceRefused, match="Eicar"):
        casework.attach(CHEN, opened.id, "a.txt", files.EICAR, MONDAY)
    assert left_behind(folder) == []
    assert casework.attach(CHEN, opened.id, "a.txt", b"clean", MONDAY).verdict == "clean"


@pytest.mark.parametrize("manner", ["hangs up", "full", "away", "no address"])
def test_a_scanner_that_gives_no_verdict_lets_nothing_pass(
    opened: Case, folder: Path, settings_of: Callable[..., None], clamd: Callable[..., tuple[str, Clamd]], manner: str
) -> None:
    where = {"away": "/nowhere/clamd.sock", "no address": "clamd"}
    settings_of(VIRUS_SCANNER=where.get(manner) or clamd("port", manner)[0])
    with pytest.raises(EvidenceRefused, match="does not answer"):
        casework.attach(CHEN, opened.id, "a.txt", b"a", MONDAY)
    assert left_behind(folder) == []
    assert casework.evidence(opened.id) == []
