"""The reference reader: a parsed message, validated with the schema, becomes plain tuples.

It takes any form of XML that the schema allows. `recognise.Recogniser` is the fast way for the common form and gives
the same values; what it does not take comes here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

from silkgate.standards.ceb.catalogue import MESSAGES, NAMESPACE, SUBSCRIBE_FIELDS, TRANSFER_FIELDS, Field, MessageKind
from silkgate.standards.ceb.message import TRANSFER_NAMES, Document, Message, Subscriber, Transfer
from silkgate.standards.ceb.refusal import Refused, SchemaFault, SchemaRefused, UnknownMessage, schema_faults
from silkgate.standards.ceb.schema import import_schema

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
        self._plans = {
            _qualified(kind.root): (
                kind,
                _Part(kind.head_fields, wanted[kind.code][0]),
                _Part(kind.line_fields, wanted[kind.code][1]),
            )
            for kind in (_kind(code) for code in wanted)
        }
        self._transfer = _Part(TRANSFER_FIELDS, TRANSFER_NAMES)
        self._schema = import_schema()

    def read(self, root: Any) -> Message:
        """The values of the message whose root element (lxml) is given.

        Raises UnknownMessage where it is none of the wanted messages, SchemaRefused where it breaks the schema.
        """
        plan = self._plans.get(root.tag)
        if plan is None:
            raise UnknownMessage(str(root.tag))
        kind, head, line = plan
        with _validating:
            if not self._schema.validate(root):
                raise SchemaRefused(schema_faults(root, kind, self._schema.error_log))
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
            transfer=self._read_transfer(root),
            documents=documents,
            canonical=False,
            subscribers=_subscribers(root),
        )

    def _read_transfer(self, root: Any) -> Transfer:
        part = root.find(_qualified("BaseTransfer"))
        return Transfer() if part is None else Transfer(*self._transfer.values(part))


_validating = Lock()  # the compiled schema holds the error log of its last validation


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
    if field.type == "decimal":
        return text.strip(_XML_SPACE)
    if field.type == "int":
        return str(int(text))
    return text or field.fixed  # an empty element of fixed value has that value (XML Schema part 1, 3.3.1)


_SUBSCRIBER = _Part(SUBSCRIBE_FIELDS, _SUBSCRIBER_NAMES)


def _subscribers(root: Any) -> tuple[Subscriber, ...]:
    return tuple(Subscriber(*_SUBSCRIBER.values(element)) for element in root.iterchildren(_qualified("BaseSubscribe")))


def _kind(code: str) -> MessageKind:
    if code not in MESSAGES:
        raise ValueError(f"a message that the catalogue does not have: {code}")
    return MESSAGES[code]
