"""The platform as a firm's program sees it: send, wait for receipts, keep proofs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from silkgate.client.bench import Bench
from silkgate.client.http import Transport
from silkgate.standards.netstrings import MEDIA_TYPE, as_netstrings
from silkgate.standards.tlog.verify import Verdict, verify_receipt

MESSAGES_AT_ONCE = 1_000
POLL_SECONDS = 1.0


class Taken(NamedTuple):
    """A message that is stored durably now."""

    id: str
    sha256: str
    kind: str
    guid: str
    documents: int
    refusal: str
    """Slug of the format rule that it broke; empty where it broke none."""


class Receipt(NamedTuple):
    """One receipt."""

    id: int
    kind: str
    documents: int
    recipient: str
    xml: bytes
    proof: str
    """Address of the proof that it stands in the public log."""


class NotDecidedError(TimeoutError):
    """The platform has not decided on a message within the time that was given. Ask again later."""


class Platform:
    """One platform. Sending needs no account; what belongs to an organisation needs a program's id and secret."""

    def __init__(
        self, address: str, client_id: str = "", client_secret: str = "", *, timeout_seconds: float = 60
    ) -> None:
        self.http = Transport(address, client_id, client_secret, timeout_seconds=timeout_seconds)

    def send(self, messages: Iterable[bytes]) -> list[Taken]:
        """Send messages in their order, many in one request; returns once all are stored durably.

        Whatever fails may be sent again: the same bytes have no second effect. Raises Problem, OSError.
        """
        waiting = list(messages)
        taken: list[Taken] = []
        for start in range(0, len(waiting), MESSAGES_AT_ONCE):
            body = as_netstrings(waiting[start : start + MESSAGES_AT_ONCE])
            answer = self.http.ask("POST", "/api/v1/messages", body, MEDIA_TYPE, signed_in=False)
            taken += [Taken(*(one[name] for name in Taken._fields)) for one in answer.json()["messages"]]
        return taken

    def receipts(self, message: Taken | str, *, wait_seconds: float = 60) -> list[Receipt]:
        """All receipts for a message so far, once it is decided on. Raises NotDecidedError, Problem."""
        name = message if isinstance(message, str) else message.id
        until = time.monotonic() + wait_seconds
        while True:
            told = self.http.get(f"/api/v1/messages/{name}/receipts").json()
            if told["decided"]:
                return [
                    Receipt(
                        one["id"], one["kind"], one["documents"], one["recipient"], one["xml"].encode(), one["proof"]
                    )
                    for one in told["receipts"]
                ]
            if time.monotonic() >= until:
                raise NotDecidedError(f"{name} is not decided after {wait_seconds} seconds")
            time.sleep(POLL_SECONDS)

    def outcome(self, message: Taken | str) -> dict[str, Any]:
        """What became of a message: outcome, reasons, findings, declarations with their state."""
        name = message if isinstance(message, str) else message.id
        told: dict[str, Any] = self.http.get(f"/api/v1/messages/{name}").json()
        return told

    def keys(self) -> list[str]:
        """Public keys of the platform's log, the newest first. Keep the first one: proofs are judged with it."""
        return self.http.get("/log/key").body.decode().split()

    def verified(self, receipt: Receipt, keys: Sequence[str]) -> Verdict:
        """Whether a receipt stands in the public log, judged here with `keys`. Raises Problem before it is sealed."""
        checkpoint = self.http.get("/log/checkpoint").body
        size = checkpoint.decode().splitlines()[1]
        proof = self.http.get(receipt.proof, size=size).body
        return verify_receipt(receipt.xml, proof, checkpoint, keys, None)

    def bench(self, organisation: str) -> Bench:
        """The test bench of an organisation that the program acts for."""
        return Bench(self.http, organisation)
