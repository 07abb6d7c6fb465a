"""A firm's side of the platform: build messages, sign, send, fetch receipts, verify proofs, use the test bench.

Small and synchronous; needs neither a database nor a web framework. Begin with `docs/start/`.
"""

from silkgate.client.messages import SIGNED, Document, Sender, Values, message, new_guid, signed
from silkgate.standards.xmldsig import SigningKey

__all__ = ["SIGNED", "Document", "Sender", "SigningKey", "Values", "message", "new_guid", "signed"]
