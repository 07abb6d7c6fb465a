"""The XML Schemas of the messages, one for each trade, generated from the catalogue.

They give the verdicts of the official ones, 海关跨境进口业务节点报文定义202205.xsd and
海关跨境出口业务节点报文定义202205.xsd, with one exception: Signature in 621, 623, 625 and 711 is optional here, because
its absence has an error number of its own (-621026) that a schema error would hide.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from lxml import etree

from silkgate.standards.ceb.catalogue import (
    GUID_LENGTH,
    NAMESPACE,
    SIGNATURE_NAMESPACE,
    SUBSCRIBERS_MAX,
    VERSION_MAX_LENGTH,
    Field,
    MessageKind,
    Trade,
    kinds_of,
)

_SIGNATURE_LOCATION = "silkgate:signature.xsd"


@cache
def message_schema(trade: Trade) -> etree.XMLSchema:
    """The compiled schema; validating with it does not change it, but one thread at a time should."""
    return compiled(schema_text(trade))


def schema_text(trade: Trade, *, signature_required: bool = False) -> str:
    """The schema as text. `signature_required=True` gives the official rule for 621, 623, 625 and 711."""
    kinds = kinds_of(trade)
    parts = {name: fields for kind in kinds for name, fields in kind.parts.items()}
    return "\n".join(
        [
            '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"',
            f'  xmlns:ceb="{NAMESPACE}" xmlns:ds="{SIGNATURE_NAMESPACE}"',
            f'  targetNamespace="{NAMESPACE}" elementFormDefault="qualified">',
            f'<xs:import namespace="{SIGNATURE_NAMESPACE}" schemaLocation="{_SIGNATURE_LOCATION}"/>',
            *(_message(kind, signature_required) for kind in kinds),
            *(_part(name, fields) for name, fields in parts.items()),
            '<xs:complexType name="XMLElement"><xs:sequence>',
            '<xs:any namespace="##any" processContents="skip" minOccurs="0"/>',
            "</xs:sequence></xs:complexType>",
            "</xs:schema>",
        ]
    )


def _message(kind: MessageKind, signature_required: bool) -> str:
    body = [_document(kind)]
    if kind.inbound:
        signature = "" if signature_required and kind.signature == "required" else ' minOccurs="0"'
        ends = ['<xs:element ref="ceb:ExtendMessage" minOccurs="0"/>', f'<xs:element ref="ds:Signature"{signature}/>']
        body += [
            '<xs:element ref="ceb:BaseTransfer"/>',
            f'<xs:element ref="ceb:BaseSubscribe" minOccurs="0" maxOccurs="{SUBSCRIBERS_MAX}"/>',
            *(ends if kind.trade == "import" else reversed(ends)),
        ]
    attributes = _attribute("guid", GUID_LENGTH, GUID_LENGTH) + _attribute("version", 1, VERSION_MAX_LENGTH)
    return (
        f'<xs:element name="{kind.root}"><xs:complexType><xs:sequence>\n'
        + "\n".join(body)
        + f"\n</xs:sequence>\n{attributes}</xs:complexType></xs:element>"
    )


def _document(kind: MessageKind) -> str:
    occurs = f' maxOccurs="{kind.documents_max or "unbounded"}"'
    if not kind.head:
        return f'<xs:element ref="ceb:{kind.document}"{occurs}/>'
    parts = f'<xs:element ref="ceb:{kind.head}"/>'
    if kind.line:
        least = "" if kind.lines_min else ' minOccurs="0"'
        parts += f'<xs:element ref="ceb:{kind.line}"{least} maxOccurs="{kind.lines_max or "unbounded"}"/>'
    content = f"<xs:complexType><xs:sequence>{parts}</xs:sequence></xs:complexType>"
    return f'<xs:element name="{kind.document}"{occurs}>{content}</xs:element>'


def _part(name: str, fields: tuple[Field, ...]) -> str:
    body = "\n".join(_field(field) for field in fields)
    content = f"<xs:complexType><xs:sequence>\n{body}\n</xs:sequence></xs:complexType>"
    return f'<xs:element name="{name}">{content}</xs:element>'


def _field(field: Field) -> str:
    head = f'<xs:element name="{field.name}"' + ("" if field.required else ' minOccurs="0"')
    if field.fixed:
        head += f' fixed="{field.fixed}"'
    if field.default:
        head += f' default="{field.default}"'
    if field.type == "any":
        return f'{head} type="ceb:XMLElement"/>'
    facets = _facets(field)
    if not facets:
        return f'{head} type="xs:{field.type}"/>'
    restriction = f'<xs:restriction base="xs:{field.type}">{facets}</xs:restriction>'
    return f"{head}><xs:simpleType>{restriction}</xs:simpleType></xs:element>"


def _facets(field: Field) -> str:
    facets = {
        "minLength": field.min_length or None,
        "maxLength": field.max_length,
        "totalDigits": field.total_digits,
        "fractionDigits": field.fraction_digits,
        "whiteSpace": "collapse" if field.collapsed else None,
    }
    return "".join(f'<xs:{name} value="{value}"/>' for name, value in facets.items() if value is not None)


def _attribute(name: str, low: int, high: int) -> str:
    return (
        f'<xs:attribute name="{name}" use="required"><xs:simpleType><xs:restriction base="xs:string">'
        f'<xs:minLength value="{low}"/><xs:maxLength value="{high}"/>'
        "</xs:restriction></xs:simpleType></xs:attribute>\n"
    )


class _Shipped(etree.Resolver):
    """Resolves the signature schema from the package, and nothing else from anywhere."""

    def resolve(self, system_url: str, public_id: str | None, context: object) -> object:
        if system_url == _SIGNATURE_LOCATION:
            text = files(__package__).joinpath("signature.xsd").read_bytes()
            return self.resolve_string(text, context, base_url=_SIGNATURE_LOCATION)
        raise ValueError(f"the CEB schema refers to nothing outside the package: {system_url}")


def compiled(text: str) -> etree.XMLSchema:
    """A schema text of `schema_text`, compiled. Raises XMLSchemaParseError or ValueError where it is another one."""
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Shipped())
    return etree.XMLSchema(etree.fromstring(text.encode(), parser))
