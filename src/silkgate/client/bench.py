"""The test bench as a firm's program sees it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from silkgate.client.http import Transport, with_query
from silkgate.client.messages import Document, Sender, SigningKey, message, signed
from silkgate.standards.netstrings import MEDIA_TYPE, as_netstrings


class Step(NamedTuple):
    """A message of a scenario."""

    mine: bool
    kind: str
    document: Document
    signed: bool


class Scenario(NamedTuple):
    """A published scenario with its data for one organisation."""

    id: str
    role: str
    required: bool
    zh: str
    en: str
    law_day: str
    steps: tuple[Step, ...]

    @property
    def own(self) -> tuple[Step, ...]:
        """What the firm sends, in order."""
        return tuple(step for step in self.steps if step.mine)


class Run(NamedTuple):
    """What a run came to; `told` has everything, as `docs/interfaces.md` describes it."""

    id: int
    passed: bool | None
    told: Mapping[str, Any]

    @property
    def failures(self) -> list[str]:
        """Checks that failed, a line each."""
        return [
            f"{one['zh']} / {one['en']}: {one['found']!r}, {one['needed']!r}"
            for one in self.told["checks"]
            if not one["passed"]
        ]

    @property
    def fixes(self) -> list[str]:
        """The nearest fixes of all findings, a line each."""
        told = [*self.told["messages"], *self.told["declarations"]]
        return [f"{fix['zh']} / {fix['en']}" for one in told for found in one["findings"] for fix in found["fixes"]]


class Bench:
    """The bench of one organisation."""

    def __init__(self, http: Transport, organisation: str) -> None:
        self._http, self._own = http, f"/api/v1/testbench/{quote(organisation, safe='')}"

    def scenarios(self, role: str = "") -> list[dict[str, Any]]:
        """The published scenarios of a role, or of all: id, role, required, zh, en …"""
        told: list[dict[str, Any]] = self._http.get("/api/v1/testbench/scenarios", role=role).json()
        return told

    def scenario(self, name: str, law_day: str = "") -> Scenario:
        """A scenario with the data that the organisation sends in it. `law_day` as 2026-06-18; else today."""
        told = self._http.get(f"{self._own}/scenarios/{quote(name, safe='')}", law_day=law_day).json()
        steps = tuple(
            Step(one["who"] == "you", one["kind"], Document(one["head"], one["lines"]), one["signed"])
            for one in told["steps"]
        )
        return Scenario(told["id"], told["role"], told["required"], told["zh"], told["en"], told["law_day"], steps)

    def play(self, messages: Iterable[bytes], *, scenario: str = "", law_day: str = "") -> Run:
        """Send messages to the bench and get what came of them. Raises Problem."""
        path = with_query(f"{self._own}/runs", scenario=scenario, law_day=law_day)
        told = self._http.ask("POST", path, as_netstrings(list(messages)), MEDIA_TYPE).json()
        return Run(told["id"], told["passed"], told)

    def receipts(self, run: Run) -> list[bytes]:
        """The receipts of a run, byte for byte."""
        return [self._http.get(one["href"]).body for one in run.told["files"] if one["who"] == "customs"]

    def upload_certificate(self, pem: str) -> str:
        """A certificate that counts on the bench; its SHA-256."""
        told = self._http.post_json(f"{self._own}/certificates", {"pem": pem}).json()
        return str(told["fingerprint_sha256"])

    def coverage(self, role: str) -> dict[str, Any]:
        """How the organisation stands with every scenario of a role; `complete` where a statement can be signed."""
        told: dict[str, Any] = self._http.get(f"{self._own}/coverage", role=role).json()
        return told

    def statement(self, role: str) -> bytes:
        """The signed statement of conformance, as a file. Raises Problem while a required scenario is missing."""
        told = self._http.post_json(f"{self._own}/statements", {"role": role}).json()
        return self._http.get(told["file"]).body


def messages_of(scenario: Scenario, sender: Sender, key: SigningKey | None = None) -> list[bytes]:
    """The firm's messages of a scenario, made of its data and signed where they have to be: how a first run is made.

    ValueError where a message has to be signed and there is no key.
    """
    made = []
    for step in scenario.own:
        raw = message(step.kind, [step.document], sender)
        if step.signed:
            if key is None:
                raise ValueError(f"CEB{step.kind}Message has to be signed: give a key")
            raw = signed(raw, key)
        made.append(raw)
    return made
