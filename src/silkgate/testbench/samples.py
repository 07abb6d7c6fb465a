"""A scenario's messages, made of its data: what a firm downloads, what the bench sends for others, what tests play."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5
from zipfile import ZipFile, ZipInfo

from silkgate.client import Document, Sender, message
from silkgate.testbench.domain import YOU, Scenario
from silkgate.testbench.scenarios import document_of


class Sample(NamedTuple):
    """A message of the firm, without its signature."""

    number: int
    """Of its step, from 1."""
    kind: str
    to_sign: bool
    """Whether the firm signs it before it sends it."""
    raw: bytes

    @property
    def name(self) -> str:
        """Of its file: sorted by these, the messages are in their order."""
        return f"{self.number:02d}-CEB{self.kind}Message.xml"


def samples(scenario: Scenario, words: Mapping[str, str], sender: Sender) -> list[Sample]:
    """What the firm sends in a scenario, in order."""
    return [
        Sample(place + 1, step.kind, step.signed, composed(scenario, place, document_of(step, words, place), sender))
        for place, step in enumerate(scenario.steps)
        if step.who == YOU
    ]


def composed(scenario: Scenario, place: int, document: Document, sender: Sender) -> bytes:
    """The message of a step (from 0) with this document, unsigned. The same data give the same bytes."""
    said = f"{scenario.id}/{place}/{sender.code}/{document.head['appTime']}"
    guid = str(uuid5(NAMESPACE_URL, said)).upper()
    return message(
        scenario.steps[place].kind,
        [Document({"guid": guid, **document.head}, document.lines)],
        sender,
        guid=guid,
    )


def archive(made: Iterable[Sample]) -> bytes:
    """A ZIP of messages that the bench takes back as it is. The same messages give the same bytes."""
    held = io.BytesIO()
    with ZipFile(held, "w") as file:
        for sample in made:
            file.writestr(ZipInfo(sample.name), sample.raw)
    return held.getvalue()
