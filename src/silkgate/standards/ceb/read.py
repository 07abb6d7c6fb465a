"""The reference reader: a parsed message, validated with the schema, becomes plain tuples.

It takes any form of XML that the schema allows. `recognise.Recogniser` is the fast way for the common form and gives
the same values; what it does not take comes here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

from silkgate.standards.ceb.catalogue import MESSAGES, NAMESPACE, Field, MessageKind
from silkgate.standards.ceb.message import TRANSFER_NAMES, Document, Message, Subscriber, Transfer
from silkgate.standards.ceb.refusal import Refused, SchemaFault, SchemaRefused, UnknownMessage, schema_faults
from silkgate.standards.ceb.schema import message_schema

__all__ = [
    "Document",
    "Message",
    "Reader",
    "Refused",
    "SchemaFault",
    "SchemaRefused",
    "Subscriber",
    "Transfer",
    "UnknownMessage",
    "Wanted",
]

Wanted = Mapping[str, tuple[Sequence[str], Sequence[str]]]
"""For each message code the names of the head fields and of the line fields to extract, in the order of the answer."""

_XML_SPACE = " \t\r\n"
_SUBSCRIBER_NAMES = ("status", "dxpAddress")


def _qualified(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


class Reader:
    """Reads the messages named in `wanted`, and refuses every other."""

    def __init__(self, wanted: Wanted) -> None:
        """Raises ValueError where `wanted` names a message or a field that the catalogue does not have."""
        kinds = [_kind(code) for code in wanted]
        self._plans = {_qualified(kind.root): _Plan(kind, *wanted[kind.code]) for kind in kinds}
        self._schemas = {kind.trade: message_schema(kind.trade) for kind in kinds}

    def read(self, root: Any) -> Message:
        """The values of the message whose root element (lxml) is given.

        Raises UnknownMessage where it is none of the wanted messages, SchemaRefused where it breaks the schema.
        """
        plan = self._plans.get(root.tag)
        if plan is None:
            raise UnknownMessage(str(root.tag))
        kind, head, line = plan.kind, plan.head, plan.line
        schema = self._schemas[kind.trade]
        with _validating:
            if not schema.validate(root):
                raise SchemaRefused(schema_faults(root, kind, schema.error_log))
        document_tag, head_tag, line_tag = _qualified(kind.document), _qualified(kind.head), _qualified(kind.line)
        documents = []
        for document in root.iterchildren(document_tag):
            if not kind.head:
                documents.append(Document(head.values(document), ()))
                continue
            lines = tuple(line.values(part) for part in document.iterchildren(line_tag)) if kind.line else ()
            documents.append(Document(head.values(document.find(head_tag)), lines))
        return Message(
            code=kind.code,
            guid=root.get("guid"),
            version=root.get("version"),
            transfer=plan.read_transfer(root),
            documents=documents,
            canonical=False,
            subscribers=plan.read_subscribers(root),
        )


_validating = Lock()  # the compiled schema holds the error log of its last validation


class _Plan:
    """What is extracted from one kind of message."""

    def __init__(self, kind: MessageKind, head: Sequence[str], line: Sequence[str]) -> None:
        self.kind = kind
        self.head, self.line = _Part(kind.head_fields, head), _Part(kind.line_fields, line)
        self._transfer = _Part(kind.transfer_fields, TRANSFER_NAMES)
        self._subscriber = _Part(kind.subscribe_fields, _SUBSCRIBER_NAMES)

    def read_transfer(self, root: Any) -> Transfer:
        part = root.find(_qualified("BaseTransfer"))
        return Transfer() if part is None else Transfer(*self._transfer.values(part))

    def read_subscribers(self, root: Any) -> tuple[Subscriber, ...]:
        parts = root.iterchildren(_qualified("BaseSubscribe"))
        return tuple(Subscriber(*self._subscriber.values(part)) for part in parts)


class _Part:
    """Extracts the wanted fields of one part of a message."""

    def __init__(self, fields: Sequence[Field], names: Sequence[str]) -> None:
        by_name = {field.name: field for field in fields}
        unknown = [name for name in names if name not in by_name]
        if unknown:
            raise ValueError(f"fields that the catalogue does not have: {unknown}")
        self._tags = tuple(_qualified(name) for name in names)
        self._fields = {_qualified(name): by_name[name] for name in names}

    def values(self, part: Any) -> tuple[str, ...]:
        fields = self._fields
        found = {child.tag: _value(child, fields[child.tag]) for child in part if child.tag in fields}
        return tuple([found.get(tag, "") for tag in self._tags])


def _value(element: Any, field: Field) -> str:
    # Comments and processing instructions split the text of an element; all pieces belong to the value.
    text = "".join(element.itertext()) if len(element) else element.text or ""
    if not text:
        return field.fixed or field.default  # XML Schema part 1, 3.3.1: an empty element has its fixed or default value
    if field.type == "decimal":
        return text.strip(_XML_SPACE)
    if field.type == "int":
        return str(int(text))
    return field.normalised(text)


def _kind(code: str) -> MessageKind:
    if code not in MESSAGES:
        raise ValueError(f"a message that the catalogue does not have: {code}")
    return MESSAGES[code]
