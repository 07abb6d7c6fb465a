"""Statements of conformance: what a firm's system has shown on the test bench, signed with the key of the zone's log.

A file is JSON with two members: `statement`, and `signature`, a signature line of c2sp.org/signed-note (Ed25519) over

    silkgate conformance statement v1
    <the statement as JSON: members sorted, no spaces, UTF-8>

each line ended by a line feed. The first line keeps it apart from everything else that the key signs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from silkgate.kernel.text import Text
from silkgate.standards.tlog.note import NoteError, Signer, open_note, read_key

HEADING = "silkgate conformance statement v1"
MAX_BYTES = 256 * 1024
MEMBERS = frozenset(
    ("organisation", "name", "role", "program", "scenario_set", "scenarios", "inputs_sha256", "issued_at", "issuer")
)
"""What a statement says. `scenarios` lists id, law_day, law and inputs_sha256 of each."""


class Verdict(NamedTuple):
    """Whether a statement is genuine, in a sentence; what it says, where it is."""

    holds: bool
    text: Text
    statement: Mapping[str, Any] | None = None


def signed_statement(statement: Mapping[str, Any], signer: Signer) -> str:
    """The file. ValueError where a member is missing or too much."""
    if statement.keys() != MEMBERS:
        raise ValueError(f"a statement has the members {sorted(MEMBERS)}")
    note = signer.sign(_text(statement))
    signature = note.rpartition("\n\n")[2].strip()
    return json.dumps({"statement": statement, "signature": signature}, ensure_ascii=False, indent=2) + "\n"


def name_of(statement: Mapping[str, Any]) -> str:
    """By what it is known: the first 20 hexadecimal digits of the SHA-256 of what is signed."""
    return hashlib.sha256(_text(statement).encode()).hexdigest()[:20]


def inputs_sha256(scenarios: Sequence[Mapping[str, str]]) -> str:
    """SHA-256, hexadecimal, over `<id> <inputs_sha256>` of each scenario, a line each, in their order."""
    lines = "".join(f"{one['id']} {one['inputs_sha256']}\n" for one in scenarios)
    return hashlib.sha256(lines.encode()).hexdigest()


def verify_statement(raw: bytes, keys: Sequence[str]) -> Verdict:
    """Judge a file with the public keys of the log (`/log/key`, each as text). Asks no network."""
    try:
        if len(raw) > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES} bytes")
        given = json.loads(raw.decode())
        statement, signature = given["statement"], given["signature"]
        if not isinstance(statement, dict) or statement.keys() != MEMBERS or not isinstance(signature, str):
            raise ValueError("members are missing, or too many")
        known = [read_key(key) for key in keys]
        note = open_note(f"{_text(statement)}\n{signature}\n".encode(), known)
        agrees = statement["inputs_sha256"] == inputs_sha256(statement["scenarios"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        return Verdict(
            False,
            Text(f"不是可以读取的符合性声明：{error}。", f"It is no statement that can be read: {error}."),
        )
    except NoteError as error:
        return Verdict(False, Text(f"签名不成立：{error}。", f"The signature does not hold: {error}."))
    if not note.verified:
        return Verdict(
            False,
            Text(
                "所给的公钥没有签署这份声明；请从签发平台的/log/key取公钥。",
                "None of the keys given has signed it: fetch the key of the issuing platform at /log/key.",
            ),
        )
    if not agrees:
        return Verdict(False, Text("声明中的输入摘要前后不符。", "The digests of inputs in the statement disagree."))
    code, role = statement["organisation"], statement["role"]
    return Verdict(
        True,
        Text(
            f"声明真实：{statement['issuer']}于{statement['issued_at']}确认，{statement['name']}（{code}）的系统以角色{role}"
            f"通过{len(statement['scenarios'])}个情景（程序{statement['program']}，情景{statement['scenario_set']}）。",
            f"Genuine: {statement['issuer']} stated on {statement['issued_at']} that the system of {statement['name']}"
            f" ({code}) has passed {len(statement['scenarios'])} scenarios in the role {role}"
            f" (program {statement['program']}, scenarios {statement['scenario_set']}).",
        ),
        statement,
    )


def _text(statement: Mapping[str, Any]) -> str:
    plain = json.dumps(statement, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"{HEADING}\n{plain}\n"
