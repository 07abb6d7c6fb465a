"""The carrier NATS JetStream: messages come in over a stream, receipts leave over another. Optional.

    firm ──publish──> stream of messages ──pull──> inbox, engine, outbox ──publish──> stream of receipts ──> firm

A message leaves its stream once it is in the inbox, committed, and never before. How far each firm's messages are in
the inbox is kept in the same transaction, so that one that is delivered again is not even stored twice.
[docs/nats.md](../../../../docs/nats.md) tells operators and firms how it is used and what it guarantees.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

from silkgate.exchange.folder import safe_name


class Carrier(NamedTuple):
    """Which NATS servers, and under which names."""

    servers: tuple[str, ...]
    """URLs such as nats://user:password@host:4222."""
    prefix: str = "silkgate"
    """First word of all subjects; zones that share a cluster differ in it. Letters and digits."""
    replicas: int | None = None
    """Copies of a new stream; None: three in a cluster, one on a single server."""

    @property
    def messages_stream(self) -> str:
        return f"{self.prefix.upper()}_MESSAGES"

    @property
    def receipts_stream(self) -> str:
        return f"{self.prefix.upper()}_RECEIPTS"

    def messages_subject(self, code: str) -> str:
        """Where the firm with this code publishes what it sends."""
        return f"{self.prefix}.messages.{code}"

    def receipts_subject(self, code: str) -> str:
        """Where the firm with this code finds its receipts."""
        return f"{self.prefix}.receipts.{token(code)}"


class Standing(NamedTuple):
    """How things stand at the servers."""

    messages_waiting: int | None
    """In the stream of messages; None where it has not been made yet."""
    max_payload_bytes: int
    clustered: bool


def token(code: str) -> str:
    """A firm's code as a word of a subject."""
    return safe_name(code) or "unknown"


def carry(carrier: Carrier, stop: threading.Event) -> None:
    """Take messages in and send receipts until `stop`. Raises ImportError where the client library is missing.

    One carrier works on a database at a time, others wait. While servers or database are away it tries again; nothing
    is lost by that.
    """
    from silkgate.exchange.jetstream.carrying import run

    run(carrier, stop)


def look(carrier: Carrier, *, timeout_seconds: float = 3.0) -> Standing:
    """Ask the servers once. Raises ImportError, and OSError with what is wrong where they do not answer."""
    from silkgate.exchange.jetstream.carrying import look as ask

    return ask(carrier, timeout_seconds)


__all__ = ["Carrier", "Standing", "carry", "look", "token"]
