"""The verifiable log as a page: what it is, and whether a receipt that somebody has is in it."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.core.files.uploadedfile import UploadedFile
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from silkgate.clearance import api as clearance
from silkgate.exchange import api as exchange
from silkgate.identity.api import PUBLIC, action, actor_of, opens, purpose_of, require, sign_in
from silkgate.journal import api as journal
from silkgate.kernel.text import Text
from silkgate.standards.tlog.merkle import ProofError
from silkgate.standards.tlog.proof import Consistency, read_checkpoint, read_proof
from silkgate.standards.tlog.verify import Verdict, verify_receipt

RECEIPT = action(
    "portal.receipt",
    "读取载有个人信息的回执",
    "Read a receipt that names a person",
    duties=["declarations"],
    roles=["declarant", "reader"],
    scopes=["declarations", "read"],
    personal=True,
)

MOST_BYTES = 10 * 2**20
"""Of a file that is handed in: as much as a message may have."""

_MISSING = Verdict(False, Text("请选择回执文件和证明文件。", "Choose the receipt and its proof."))
_TOO_LARGE = Verdict(False, Text("文件过大：每个文件最多10 MiB。", "A file is too large: 10 MiB are the most."))
_NO_LOG = Verdict(False, Text("本平台的日志还没有检查点。", "The log of this platform has no checkpoint yet."))


class Log(NamedTuple):
    """The newest state of the log, for a page."""

    name: str
    size: int
    checkpoint: str
    keys: tuple[str, ...]


def _newest() -> Log | None:
    with connection.cursor() as cursor:
        note = journal.log_checkpoint(cursor)
        if note is None:
            return None
        checkpoint, _ = read_checkpoint(note.encode())
        return Log(checkpoint.origin, checkpoint.size, note, journal.log_keys(cursor))


@opens(PUBLIC)
@require_http_methods(["GET", "HEAD", "POST"])
def log(request: HttpRequest) -> HttpResponse:
    """GET /log: the log's name, key and newest checkpoint. POST: is this receipt in it, by this proof?"""
    newest = _newest()
    context: dict[str, Any] = {"log": newest}
    if request.method == "POST":
        context["verdict"] = _verdict(request, newest)
    return render(request, "portal/log.html", context)


def _verdict(request: HttpRequest, newest: Log | None) -> Verdict:
    given = [request.FILES.get(name) for name in ("receipt", "proof", "checkpoint")]
    files = [one if isinstance(one, UploadedFile) else None for one in given]
    if any(file is not None and (file.size or 0) > MOST_BYTES for file in files):
        return _TOO_LARGE
    receipt, proof, checkpoint = [file.read() if file is not None else b"" for file in files]
    if files[0] is None or files[1] is None:
        return _MISSING
    if newest is None:
        return _NO_LOG
    return _judged(receipt, proof, checkpoint, newest)


def _judged(receipt: bytes, proof: bytes, checkpoint: bytes, newest: Log) -> Verdict:
    """The verdict against the checkpoint that was handed in, else the proof's own; one of our keys must have signed."""
    link = None
    try:
        shown = read_proof(proof).checkpoint
        checkpoint = checkpoint or shown
        sizes = [read_checkpoint(one)[0].size for one in (shown, checkpoint)]
        link = _link(min(sizes), max(sizes))
    except ProofError:
        pass  # the verdict says what is wrong with the files
    verdicts = [verify_receipt(receipt, proof, checkpoint, [key], link) for key in newest.keys]
    return next((one for one in verdicts if one.holds), verdicts[0])


def _link(old: int, new: int) -> bytes | None:
    """The consistency proof between two sizes of our log; None where none is needed or possible."""
    with connection.cursor() as cursor:
        state = journal.log_state(cursor)
        if state is None or old == new or new > state.size:
            return None
        path = tuple(journal.log_tree(cursor, new).consistency(old))
        return Consistency(old, path, b"").text().encode()


def closed(request: HttpRequest, receipt: exchange.StoredReceipt) -> HttpResponse | None:
    """None where this reader may have the receipt, else the way to sign in.

    One that names nobody is for all; one that does for officers and for those of its recipient, each time recorded.
    Raises Denied.
    """
    if not clearance.names_persons(receipt.body):
        return None
    actor = actor_of(request)
    if not actor.kind:
        return sign_in(request)
    require(request, RECEIPT, receipt.recipient, subject=f"receipt/{receipt.id}", purpose=purpose_of(actor))
    return None


@opens(PUBLIC)
@require_GET
def receipt_proof(request: HttpRequest, number: int) -> HttpResponse:
    """GET /receipts/<number>.tlog-proof: that a receipt is in the log; for whoever may have the receipt."""
    with exchange.connect() as outbox:
        found = exchange.all_receipts(outbox, number - 1, limit=1)
        if not found or found[0].id != number:
            raise Http404
        refused = closed(request, found[0])
        if refused is not None:
            return refused
        proof = exchange.receipt_proof(outbox, number)
    if proof is None:
        return render(request, "portal/log.html", {"log": _newest(), "early": True}, status=404)
    return HttpResponse(
        proof.text(),
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{found[0].kind}-{number}.tlog-proof"'},
    )
