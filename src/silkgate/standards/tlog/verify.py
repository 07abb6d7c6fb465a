"""Is this receipt in the log? Needs three files and no account, no network, no database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from silkgate.kernel.text import Text
from silkgate.standards.tlog import statement
from silkgate.standards.tlog.merkle import ProofError, leaf_hash, verify_consistency, verify_inclusion
from silkgate.standards.tlog.note import SIGNATURE, Note, NoteError, VerifierKey, read_key
from silkgate.standards.tlog.proof import Checkpoint, read_checkpoint, read_consistency, read_proof


class Verdict(NamedTuple):
    """Whether it holds, in one sentence; what the log says of the receipt, where that far was come."""

    holds: bool
    text: Text
    said: dict[str, Any] | None = None


class _RefusedError(Exception):
    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh, en)


def verify_receipt(
    receipt: bytes, proof: bytes, checkpoint: bytes, keys: Sequence[str] = (), consistency: bytes | None = None
) -> Verdict:
    """Whether `receipt` stands in the log that `checkpoint` describes, by `proof`.

    `checkpoint` is the one that the asker trusts: from the platform, a witness, or the asker's own files. Each of
    `keys` (vkeys, of the log or of witnesses) must have signed it; without keys no signature is looked at, and the
    sentence says so. Where the proof was made for another size, `consistency` has to link the two.
    """
    try:
        trusted, note = _trusted(checkpoint, keys)
        said, index, shown = _included(receipt, proof)
        _linked(shown, trusted, consistency)
    except _RefusedError as refused:
        return Verdict(False, refused.text)
    at = datetime.fromtimestamp(max(times), UTC) if (times := [one.at for one in note.verified if one.at]) else None
    signed = Text(
        "；".join(f"{one.key.name}的签名有效" for one in note.verified) or "未给出公钥，签名未核对",
        "; ".join(f"signature of {one.key.name} holds" for one in note.verified)
        or "no key was given: not authenticated",
    )
    seen = Text(f"，见证时间{at:%Y-%m-%d %H:%M:%S} UTC", f", seen {at:%Y-%m-%d %H:%M:%S} UTC") if at else Text("", "")
    return Verdict(
        True,
        Text(
            f"属实：{said['kind']}第{said['receipt']}号回执是日志{trusted.origin}的第{index}条记录（共{trusted.size}条；"
            f"{signed.zh}{seen.zh}）。",
            f"It holds: receipt {said['receipt']} ({said['kind']}) is entry {index} of the log {trusted.origin} "
            f"({trusted.size} entries; {signed.en}{seen.en}).",
        ),
        said,
    )


def _trusted(raw: bytes, keys: Sequence[str]) -> tuple[Checkpoint, Note]:
    try:
        wanted = [read_key(key) for key in keys]
    except NoteError as error:
        raise _RefusedError(f"公钥不可用：{error}。", f"The key cannot be used: {error}.") from error
    try:
        checkpoint, note = read_checkpoint(raw, wanted)
    except ProofError as error:
        raise _RefusedError(f"检查点不成立：{error}。", f"The checkpoint does not hold: {error}.") from error
    signed = {one.key for one in note.verified}
    for key in wanted:
        if key not in signed:
            raise _RefusedError(
                f"检查点没有{key.name}的签名。", f"The checkpoint does not carry the signature of {key.name}."
            )
        _check_name(key, checkpoint)
    return checkpoint, note


def _check_name(key: VerifierKey, checkpoint: Checkpoint) -> None:
    if key.kind == SIGNATURE and key.name != checkpoint.origin:
        raise _RefusedError(
            f"检查点属于日志{checkpoint.origin}，公钥属于{key.name}。",
            f"The checkpoint is of the log {checkpoint.origin}, the key of {key.name}.",
        )


def _included(receipt: bytes, raw: bytes) -> tuple[dict[str, Any], int, Checkpoint]:
    """What the log says of the receipt, where, and the checkpoint for which the proof was made."""
    try:
        proof = read_proof(raw)
        shown, _ = read_checkpoint(proof.checkpoint)
        said = statement.read(proof.extra)
    except ProofError as error:
        raise _RefusedError(f"证明文件不可用：{error}。", f"The proof cannot be read: {error}.") from error
    if sha256(receipt).hexdigest() != said["sha256"]:
        raise _RefusedError(
            "回执与证明不符：内容被改动过，或证明属于另一份回执。",
            "The receipt is not the one of the proof: it was changed, or the proof is another receipt’s.",
        )
    try:
        verify_inclusion(proof.leaf_index, shown.size, leaf_hash(statement.entry(proof.extra)), proof.path, shown.root)
    except ProofError as error:
        raise _RefusedError(
            f"证明不成立，回执不在该日志中：{error}。",
            f"The proof does not hold, the receipt is not in this log: {error}.",
        ) from error
    return said, proof.leaf_index, shown


def _linked(shown: Checkpoint, trusted: Checkpoint, consistency: bytes | None) -> None:
    """The proof's checkpoint and the trusted one are of one log. Raises _RefusedError."""
    if shown.origin != trusted.origin:
        raise _RefusedError(
            f"证明属于日志{shown.origin}，检查点属于{trusted.origin}。",
            f"The proof is of the log {shown.origin}, the checkpoint of {trusted.origin}.",
        )
    if shown.size == trusted.size:
        if shown.root != trusted.root:
            raise _RefusedError(
                "证明与检查点的日志根不同：日志对不同的人出示了不同的内容，请保留两份文件。",
                "Proof and checkpoint have different roots: the log shows different things to different people. "
                "Keep both files.",
            )
        return
    old, new = sorted((shown, trusted), key=lambda one: one.size)
    if consistency is None:
        raise _RefusedError(
            f"证明是对{shown.size}条记录的日志作出的，检查点有{trusted.size}条：请另取检查点大小的证明，"
            f"或取/log/consistency/{old.size}的一致性证明。",
            f"The proof is for {shown.size} entries, the checkpoint has {trusted.size}: fetch the proof for the "
            f"checkpoint’s size, or the consistency proof from /log/consistency/{old.size}.",
        )
    try:
        link = read_consistency(consistency)
        if link.old != old.size:
            raise ProofError(f"it begins at {link.old}, not at {old.size}")
        verify_consistency(old.size, new.size, link.path, old.root, new.root)
    except ProofError as error:
        raise _RefusedError(f"一致性证明不成立：{error}。", f"The consistency proof does not hold: {error}.") from error
