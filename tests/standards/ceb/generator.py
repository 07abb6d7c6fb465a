"""Makes messages from the catalogue for the tests: valid ones, at the bounds of every facet.

A message is a tree of `Node`. Everything is drawn from one `Random`, so a failure is repeated with its seed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from silkgate.standards.ceb.catalogue import NAMESPACE, Field, MessageKind

ALPHABETS = ("AB12", "0123456789", "河南郑州跨境", "a b", "é￥—", "𠮷𝄞x", "'\"/;:=-#%")
SIGNATURE = (
    '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>'
    '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>'
    '<ds:SignatureMethod Algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1"/>'
    '<ds:Reference URI=""><ds:Transforms>'
    '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/></ds:Transforms>'
    '<ds:DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"/>'
    "<ds:DigestValue>LZHxd8v5pA4wsJbiFPzqAxqDPpM=</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    "<ds:SignatureValue>UHjn3VVlyxaIPDExfrl2OA==</ds:SignatureValue>"
    "<ds:KeyInfo><ds:KeyName>7008</ds:KeyName><ds:X509Data><ds:X509Certificate>MIIDIjCCAgqgAwIBAgICG2Aw"
    "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>"
)
"""A signature in the shape that cards write; its values are fillers."""


@dataclass
class Node:
    """An element: raw content (text as it is written) or children, and raw attributes with a leading space each."""

    name: str
    content: str | list[Node]
    attributes: str = ""

    def leaves(self) -> list[Node]:
        if isinstance(self.content, str):
            return [self]
        return [leaf for child in self.content for leaf in child.leaves()]

    def parents(self) -> list[Node]:
        if isinstance(self.content, str):
            return []
        return [self, *(parent for child in self.content for parent in child.parents())]


@dataclass
class Draft:
    """A message before it is text."""

    kind: MessageKind
    root: Node
    signature: str = ""
    prefix: str = "ceb:"
    space: str = "pretty"
    """"" for none, "pretty" for indentation, anything else is put between all elements."""
    xsi: bool = True
    declaration: str = '<?xml version="1.0" encoding="UTF-8"?>\n'
    fields: dict[int, Field] = field(default_factory=dict)
    """The catalogue's field of each leaf, by id()."""

    def text(self) -> str:
        declared = f' xmlns:ceb="{NAMESPACE}"' if self.prefix else f' xmlns="{NAMESPACE}"'
        if self.xsi:
            declared += ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        return self.declaration + self._render(self.root, 0, declared) + self._gap(0)

    def _gap(self, depth: int) -> str:
        return "\n" + "  " * depth if self.space == "pretty" else self.space

    def _render(self, node: Node, depth: int, attributes: str = "") -> str:
        start = f"<{self.prefix}{node.name}{attributes}{node.attributes}>"
        end = f"</{self.prefix}{node.name}>"
        if isinstance(node.content, str):
            return start + node.content + end
        inner = [self._gap(depth + 1) + self._render(child, depth + 1) for child in node.content]
        if depth == 0 and self.signature:
            private = self.kind.trade == "export" and bool(node.content) and node.content[-1].name == "ExtendMessage"
            inner.insert(len(inner) - private, self._gap(1) + self.signature)
        return start + "".join(inner) + self._gap(depth) + end


def guid(random: Random) -> str:
    return "".join(random.choices("0123456789ABCDEF-", k=36))


def valid_value(random: Random, field: Field) -> str:
    """A value that the schema takes, often at a bound of its facets, without markup characters."""
    if field.fixed:
        return field.fixed
    if field.type == "int":
        top = 10**field.total_digits - 1 if field.total_digits else 2**31 - 1
        return str(random.choice((0, 1, 2, 42, -1, top, -top, min(top, 999_999_999))))
    if field.type == "decimal":
        assert field.total_digits
        assert field.fraction_digits
        whole = random.choice((1, 1, 3, field.total_digits - field.fraction_digits))
        fraction = random.choice((0, 0, 1, 2, field.fraction_digits))
        digits = "".join(random.choices("0123456789", k=whole + fraction))
        return random.choice(("", "", "", "-")) + digits[:whole] + ("." + digits[whole:] if fraction else "")
    high = field.max_length if field.max_length is not None else 50
    usual = min(high, field.min_length + 12)
    length = random.choice((field.min_length, field.min_length + 1, random.randint(field.min_length, usual), high))
    alphabet = random.choice(ALPHABETS)
    made = field.normalised("".join(random.choices(alphabet, k=min(length, high))))
    return made + "x" * (field.min_length - len(made))


def draft(random: Random, kind: MessageKind, documents: int = 2, lines: int = 2, subscribers_max: int = 6) -> Draft:
    """A message in plain form, or (with subscribers or private data) nearly so. Valid but for a sixth subscriber."""
    made = Draft(kind, Node(kind.root, []))

    def part(name: str, fields: tuple[Field, ...]) -> Node:
        node = Node(name, [])
        for known in fields:
            if known.required or random.random() < 0.5:
                leaf = Node(known.name, "<x/>" if known.type == "any" else valid_value(random, known))
                made.fields[id(leaf)] = known
                node.content.append(leaf)  # type: ignore[union-attr]
        return node

    def document() -> Node:
        if not kind.head:
            return part(kind.document, kind.head_fields)
        parts = [part(kind.head, kind.head_fields)]
        if kind.line:
            parts += [part(kind.line, kind.line_fields) for _ in range(random.randint(kind.lines_min, lines))]
        return Node(kind.document, parts)

    children = [document() for _ in range(min(kind.documents_max or documents, random.randint(1, documents)))]
    if kind.inbound:
        children.append(part("BaseTransfer", kind.transfer_fields))
        if random.random() < 0.05:
            children += [
                part("BaseSubscribe", kind.subscribe_fields) for _ in range(random.randint(1, subscribers_max))
            ]
        if random.random() < 0.05:
            children.append(part("ExtendMessage", kind.extend_fields))
        if kind.signature == "required" or random.random() < 0.5:
            made.signature = SIGNATURE
    made.root.content = children
    made.root.attributes = f' guid="{guid(random)}" version="{random.choice(("1.0", "v1.0", "1", "0123456789"))}"'
    made.space = random.choice(("pretty", "pretty", "", "\n", "\t", "\n\n ", " "))
    made.xsi = random.random() < 0.7
    return made
