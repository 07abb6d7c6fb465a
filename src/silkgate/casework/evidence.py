"""Files of a case: checked, kept outside the web root by their SHA-256, given only to those who may see the case.

Nothing is written before every check has passed. Bytes are first written beside their place and take it when the
transaction of their row is committed; what was rolled back is removed, at the latest by `tidy`.
"""

from __future__ import annotations

import functools
import hashlib
import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from silkgate.casework import filetypes, scanner
from silkgate.casework.declared import declared, sees
from silkgate.casework.domain import CLEAN, UNSCANNED, Evidence, EvidenceRefused, NotYours
from silkgate.casework.models import CaseRow, EvidenceRow
from silkgate.casework.queries import case_of, evidence_of, possible
from silkgate.identity.api import Actor
from silkgate.journal import api as journal
from silkgate.kernel.text import Text

MOST_FILES = 200
"""Of one case."""


class EvidenceDamaged(OSError):  # noqa: N818 - tells of the file, not of the program
    """The stored bytes are missing, or are not those that were stored."""


def attach(actor: Actor, case_id: int, name: str, content: bytes, at: datetime) -> Evidence:
    """Add a file to a case. By whoever has a move there, or sees it while it is open.

    Raises EvidenceRefused that says what is wrong with the file, or that the case takes none; NotYours where there is
    no such case for the actor.
    """
    row = CaseRow.objects.filter(id=case_id).first()
    if row is None or not sees(actor, case_of(row)):
        raise NotYours(f"case {case_id}")
    media_type = filetypes.judge(name, content, settings.MAX_EVIDENCE_BYTES)
    verdict = _scanned(content)
    sha256 = hashlib.sha256(content).hexdigest()
    pending: Path | None = None
    try:
        with transaction.atomic():
            row = CaseRow.objects.select_for_update().get(id=case_id)
            _check_case(actor, row, sha256, at)
            added = _enter(actor, row, name, media_type, len(content), sha256, verdict, at)
            pending = _write(sha256, content)
            transaction.on_commit(functools.partial(_settle, pending, sha256))
    except BaseException:
        if pending:
            pending.unlink(missing_ok=True)
        raise
    return evidence_of(added)


def _enter(
    actor: Actor, row: CaseRow, name: str, media_type: str, size_bytes: int, sha256: str, verdict: str, at: datetime
) -> EvidenceRow:
    """The file's row, and its event in the journal."""
    as_officer = not declared(row.workflow).applies.allows(actor, row.organisation_code)
    added = EvidenceRow.objects.create(
        case=row,
        name=name,
        media_type=media_type,
        size_bytes=size_bytes,
        sha256=sha256,
        verdict=verdict,
        by=actor.name,
        agency=actor.agency if as_officer else "",
        at=at,
        case_version=row.version,
    )
    with connection.cursor() as cursor:
        journal.record(
            cursor,
            at=at,
            actor=actor.name,
            kind="case.evidence_added",
            subject=("case", row.id),
            detail={"evidence": added.id, "sha256": sha256, "type": media_type, "verdict": verdict},
        )
    return added


def read(upload: Any) -> bytes:
    """The bytes of what a form brought; one more than the limit where there are more, so that `attach` says so."""
    return bytes(upload.read(settings.MAX_EVIDENCE_BYTES + 1))


def open_evidence(actor: Actor, evidence_id: int) -> tuple[Evidence, bytes]:
    """A file with its bytes. Raises NotYours where it does not exist for the actor, EvidenceDamaged on a bad disk."""
    row = EvidenceRow.objects.select_related("case").filter(id=evidence_id).first()
    if row is None or not sees(actor, case_of(row.case)):
        raise NotYours(f"evidence {evidence_id}")
    try:
        content = _found(row.sha256).read_bytes()
    except OSError as error:
        raise EvidenceDamaged(f"evidence {evidence_id}: {error.strerror}") from error
    if hashlib.sha256(content).hexdigest() != row.sha256:
        raise EvidenceDamaged(f"evidence {evidence_id}: the stored bytes have another SHA-256")
    return evidence_of(row), content


def _check_case(actor: Actor, row: CaseRow, sha256: str, at: datetime) -> None:
    case = case_of(row)
    if not case.is_open and not possible(actor, case, at):
        raise EvidenceRefused(Text("该事项已办结，不再接收材料。", "The case is closed and takes no more files."))
    held = EvidenceRow.objects.filter(case=row)
    if held.count() >= MOST_FILES:
        raise EvidenceRefused(Text(f"一个事项最多{MOST_FILES}份材料。", f"A case has at most {MOST_FILES} files."))
    if held.filter(sha256=sha256, case_version=row.version).exists():
        raise EvidenceRefused(Text("这份材料刚刚已经上传过。", "This very file has just been added."))


def _scanned(content: bytes) -> str:
    """The scanner's verdict. A scanner that is set and does not answer means that nothing is taken."""
    if not settings.VIRUS_SCANNER:
        return UNSCANNED
    try:
        found = scanner.scan(settings.VIRUS_SCANNER, content)
    except (OSError, scanner.ScannerError) as error:
        raise EvidenceRefused(
            Text(
                "查毒程序暂时没有应答，文件未接收。请稍后再试。",
                "The virus scanner does not answer; the file was not taken. Try again later.",
            )
        ) from error
    if found:
        raise EvidenceRefused(
            Text(f"文件含有恶意代码（{found}），未接收。", f"The file carries malware ({found}) and was not taken.")
        )
    return CLEAN


# --- The folder -------------------------------------------------------------------------------------------------------


_PENDING = ".pending-"
PENDING_SECONDS = 3_600
"""A file whose transaction has not ended by then will not be committed any more."""


def _place(sha256: str) -> Path:
    return Path(settings.EVIDENCE_FOLDER) / sha256[:2] / sha256


def _found(sha256: str) -> Path:
    """Where the bytes are: at their place, or still beside it, in the transaction that brings them."""
    place = _place(sha256)
    return place if place.exists() else next(place.parent.glob(f"{_PENDING}{sha256}-*"), place)


def _write(sha256: str, content: bytes) -> Path:
    """Write the bytes beside their place, safe on the disk."""
    place = _place(sha256)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = place.with_name(f"{_PENDING}{sha256}-{secrets.token_hex(8)}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    _sync_folder(place.parent)
    return fresh


def _settle(pending: Path, sha256: str) -> None:
    """Put the bytes in their place; where the same ones are already, nothing changes."""
    pending.replace(_place(sha256))
    _sync_folder(pending.parent)


def tidy(cursor: Any, at: datetime) -> int:
    """Settle or remove what was left beside its place by a process that ended in between; how many files that was."""
    done = 0
    for pending in Path(settings.EVIDENCE_FOLDER).glob(f"??/{_PENDING}*"):
        if at.timestamp() - pending.stat().st_mtime < PENDING_SECONDS:
            continue
        sha256 = pending.name.removeprefix(_PENDING).partition("-")[0]
        cursor.execute("select 1 from casework_evidence where sha256 = %s limit 1", [sha256])
        if cursor.fetchone():
            _settle(pending, sha256)
        else:
            pending.unlink(missing_ok=True)
        done += 1
    return done


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
