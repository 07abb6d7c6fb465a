"""What happens here that others may be told of: types of events, by the rooms that cause them (their `events.py`).

Of an event's detail only the members that its type declares ever leave: no reason that a person wrote, no name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from silkgate.kernel.text import Text


class Member(NamedTuple):
    """One member of an event's data."""

    name: str
    schema: Mapping[str, Any]
    """JSON Schema of its value."""
    words: Text
    read: Callable[[Mapping[str, Any]], Any] | None = None
    """From the event's detail; without it the member of the same name. What gives None is left out."""


class EventType(NamedTuple):
    """One type of event."""

    name: str
    """subject.verb, as the journal has it."""
    words: Text
    when: Text
    subject_kind: str
    members: tuple[Member, ...]

    def data(self, detail: Mapping[str, Any]) -> dict[str, Any]:
        """What leaves of an event's detail."""
        found = {one.name: one.read(detail) if one.read else detail.get(one.name) for one in self.members}
        return {name: value for name, value in found.items() if value is not None}

    def schema(self) -> dict[str, Any]:
        """JSON Schema of its data."""
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                one.name: {**one.schema, "description": f"{one.words.zh} {one.words.en}"} for one in self.members
            },
        }


class Subject(NamedTuple):
    """What an event is about: whose it is, and where it is read."""

    organisations: tuple[str, ...]
    """Codes of those who are told."""
    address: str


Subjects = Callable[[Any, Sequence[int]], Mapping[int, Subject]]
"""With a cursor: subjects by number. Who is absent is nobody's."""

TYPES: dict[str, EventType] = {}
SUBJECTS: dict[str, Subjects] = {}


def event_type(name: str, words: Text, when: Text, *, subject: str, members: Sequence[Member] = ()) -> EventType:
    """Declare a type of event. Raises ValueError for a name that was given to another one."""
    made = EventType(name, words, when, subject, tuple(members))
    if TYPES.setdefault(name, made).words != words:
        raise ValueError(f"event {name} is declared twice, and differently")
    return made


def subjects(kind: str, found: Subjects) -> None:
    """Say how the subjects of a kind are found."""
    SUBJECTS[kind] = found


def subjects_of(cursor: Any, events: Sequence[Any]) -> list[Subject | None]:
    """The subject of each of `events` (with `subject_kind` and `subject_id`), in their order."""
    numbers: dict[str, set[int]] = {}
    for event in events:
        numbers.setdefault(event.subject_kind, set()).add(event.subject_id)
    found = {
        (kind, number): subject
        for kind, wanted in numbers.items()
        if kind in SUBJECTS
        for number, subject in SUBJECTS[kind](cursor, sorted(wanted)).items()
    }
    return [found.get((event.subject_kind, event.subject_id)) for event in events]
