"""A firm's side of the platform: build messages, sign, send, fetch receipts, verify proofs, use the test bench.

Small and synchronous; needs neither a database nor a web framework. Begin with `docs/start/`.
"""

from silkgate.client.bench import Bench, Run, Scenario, Step, messages_of
from silkgate.client.http import Problem
from silkgate.client.messages import SIGNED, Document, Sender, SigningKey, Values, message, new_guid, signed
from silkgate.client.platform import NotDecidedError, Platform, Receipt, Taken
from silkgate.standards.conformance import verify_statement

__all__ = [
    "SIGNED",
    "Bench",
    "Document",
    "NotDecidedError",
    "Platform",
    "Problem",
    "Receipt",
    "Run",
    "Scenario",
    "Sender",
    "SigningKey",
    "Step",
    "Taken",
    "Values",
    "message",
    "messages_of",
    "new_guid",
    "signed",
    "verify_statement",
]
