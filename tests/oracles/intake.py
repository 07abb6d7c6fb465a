"""From received bytes to a message or a refusal (contract §2, items 1 to 5)."""

from __future__ import annotations

import base64
import binascii
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from . import signatures

CEB = "{http://www.chinaport.gov.cn/ceb}"
DXP = "{http://www.chinaport.gov.cn/dxp}"
XS = "{http://www.w3.org/2001/XMLSchema}"
XINCLUDE = "{http://www.w3.org/2001/XInclude}"
KINDS = {
    # kind: (document element, its head or None where the document is its own head, its items or None)
    "311": ("Order", "OrderHead", "OrderList"),
    "411": ("Payment", "PaymentHead", None),
    "511": ("Logistics", "LogisticsHead", None),
    "513": ("LogisticsStatus", None, None),
    "621": ("Inventory", "InventoryHead", "InventoryList"),
    "623": ("InvtCancel", None, None),
    "625": ("InvtRefund", "InvtRefundHead", "InvtRefundList"),
    "711": ("Delivery", "DeliveryHead", "DeliveryList"),
    "303": ("Order", "OrderHead", "OrderList"),
    "403": ("Receipts", None, None),
    "505": ("Logistics", None, None),
    "603": ("Inventory", "InventoryHead", "InventoryList"),
    "605": ("InvtCancel", None, None),
    "607": ("WayBill", "WayBillHead", "WayBillList"),
    "507": ("Arrival", "ArrivalHead", "ArrivalList"),
    "509": ("Departure", "DepartureHead", "DepartureList"),
    "213": ("InvtRefund", "InvtRefundHead", "InvtRefundList"),
    "215": ("InvtRefundDetail", None, None),
}
EXPORTS = ("303", "403", "505", "603", "605", "607", "507", "509", "213", "215")
SIGNED_KINDS = ("621", "623", "625", "711", "603", "607", "507", "509")
"""What must be signed when it is declared; of exports, what the text of the specification says: no schema asks."""
PARTIES = {
    "311": ("ebpCode", "ebcCode"),
    "411": ("payCode",),
    "511": ("logisticsCode",),
    "513": ("logisticsCode",),
    "621": ("agentCode", "ebcCode"),
    "623": ("agentCode", "ebcCode"),
    "625": ("agentCode", "ebcCode"),
    "711": ("operatorCode",),
    "303": ("ebpCode", "ebcCode"),
    "403": ("ebcCode", "payCode"),
    "505": ("logisticsCode",),
    "603": ("agentCode", "ebcCode"),
    "605": ("agentCode", "ebcCode"),
    "607": ("agentCode",),
    "507": ("operatorCode", "logisticsCode"),
    "509": ("logisticsCode",),
    "213": ("agentCode", "ebcCode"),
    "215": ("operatorCode",),
}


class RefusedError(Exception):
    """A message that no document of is taken; the reason is one slug."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def schema_file(folder: Path | None, name: str) -> Path:
    """An official schema by its name, below a folder; by default among the specimens."""
    below = folder or Path(__file__).parents[1] / "specimens"
    found = sorted(below.rglob(name))
    if not found:
        raise FileNotFoundError(f"the official schema {name} is not below {below}")
    return found[0].resolve()


def schema_document(folder: Path | None, name: str) -> etree._ElementTree:
    """An official schema, with the signature schema that it imports found wherever it lies."""
    document = etree.parse(schema_file(folder, name))
    for imported in document.iter(f"{XS}import"):
        imported.set("schemaLocation", schema_file(folder, imported.get("schemaLocation")).as_uri())
    return document


@cache
def import_schema(folder: Path | None) -> etree.XMLSchema:
    """The official import schema, with Signature made optional in 621, 623, 625 and 711."""
    document = schema_document(folder, "import-202205.xsd")
    for kind in [kind for kind in SIGNED_KINDS if kind not in EXPORTS]:
        root = document.find(f"{XS}element[@name='CEB{kind}Message']")
        for element in root.iter(f"{XS}element"):
            if element.get("ref") == "ds:Signature":
                element.set("minOccurs", "0")
    return etree.XMLSchema(document)


@cache
def export_schema(folder: Path | None) -> etree.XMLSchema:
    """The official export schema as it is: no signature is compulsory in it."""
    return etree.XMLSchema(schema_document(folder, "export-202205.xsd"))


@cache
def envelope_schema(folder: Path | None) -> etree.XMLSchema:
    return etree.XMLSchema(schema_document(folder, "dxp-terminal-202205.xsd"))


def parse(data: bytes) -> etree._Element:
    """The root of a well-formed document without DTD, XInclude and processing instructions, or format.xml."""
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise RefusedError("format.xml") from error
    if root.getroottree().docinfo.internalDTD is not None or root.getroottree().docinfo.doctype:
        raise RefusedError("format.xml")
    if any(isinstance(node.tag, str) and node.tag.startswith(XINCLUDE) for node in root.iter()):
        raise RefusedError("format.xml")
    if root.xpath("//processing-instruction()"):
        raise RefusedError("format.xml")
    return root


def text(node: etree._Element | None, name: str) -> str:
    """The text of a child element; "" where it is absent or empty."""
    child = node.find(CEB + name) if node is not None else None
    return str(child.xpath("string()")) if child is not None else ""


def fields(node: etree._Element) -> dict[str, str]:
    return {etree.QName(child).localname: text(node, etree.QName(child).localname) for child in node.iterchildren("*")}


def documents_of(root: etree._Element, kind: str) -> list[dict[str, Any]]:
    """The documents of a message: kind, head and items, every field as its text."""
    document, head, item = KINDS[kind]
    return [
        {
            "kind": kind,
            "head": fields(node.find(CEB + head) if head else node),
            "items": [fields(line) for line in node.findall(CEB + item)] if item else [],
        }
        for node in root.findall(CEB + document)
    ]


def read_message(data: bytes, policy: dict[str, Any], schemas: Path | None) -> dict[str, Any]:
    """Item 2: the business message inside what was received. The message says what could be read even if refused."""
    message: dict[str, Any] = {"type": "Unknown", "guid": "", "bytes": data, "sender_id": None, "refused": ""}
    try:
        if len(data) > policy["max_message_bytes"]:
            raise RefusedError("format.size")
        root = parse(data)
        if root.tag == DXP + "DxpMsg":
            if not envelope_schema(schemas).validate(root):
                raise RefusedError("format.schema")
            message["sender_id"] = str(root.find(f"{DXP}TransInfo/{DXP}SenderId").xpath("string()"))
            message["bytes"] = opened(root)
            root = parse(message["bytes"])
        kinds = [kind for kind in KINDS if root.tag == f"{CEB}CEB{kind}Message"]
        if not kinds:
            raise RefusedError("format.unknown")
        message.update(type=f"CEB{kinds[0]}Message", kind=kinds[0], guid=root.get("guid", ""))
        schema = export_schema(schemas) if kinds[0] in EXPORTS else import_schema(schemas)
        if not schema.validate(root):
            raise RefusedError("format.schema")
    except RefusedError as refusal:
        return {**message, "refused": refusal.reason}
    transfer = root.find(f"{CEB}BaseTransfer")
    return {
        **message,
        "root": root,
        "cop_code": text(transfer, "copCode"),
        "dxp_id": text(transfer, "dxpId"),
        "documents": documents_of(root, kinds[0]),
    }


def opened(envelope: etree._Element) -> bytes:
    """What an envelope holds."""
    inside = "".join(str(envelope.find(f"{DXP}Data").xpath("string()")).split())
    try:
        return base64.b64decode(inside, validate=True)
    except binascii.Error as error:
        raise RefusedError("format.schema") from error


def repetition(message: dict[str, Any], claimed: dict[tuple[str, str], bytes]) -> str:
    """Item 3: "", "duplicate" or "message.guid_reused"; a message that is new claims its type and guid."""
    name = (message["type"], message["guid"])
    if name not in claimed:
        claimed[name] = message["bytes"]
        return ""
    return "duplicate" if claimed[name] == message["bytes"] else "message.guid_reused"


def check_signature(message: dict[str, Any], enterprises: dict[str, Any]) -> None:
    """Item 4."""
    sender = enterprises.get(message["cop_code"])
    if sender is None:
        return
    if message["root"].find(f"{signatures.DS}Signature") is None:
        declared = [document for document in message["documents"] if document["head"]["appStatus"] != "1"]
        if message["kind"] in SIGNED_KINDS and declared:
            raise RefusedError("sign.missing")
        return
    fault = signatures.judge(message["root"], sender["certificate"])
    if fault:
        raise RefusedError(fault)


def check_sender(message: dict[str, Any], enterprises: dict[str, Any]) -> None:
    """Item 5."""
    sender = enterprises.get(message["cop_code"])
    if sender is None:
        raise RefusedError("party.unknown")
    for document in message["documents"]:
        if message["cop_code"] not in [document["head"].get(name, "") for name in PARTIES[message["kind"]]]:
            raise RefusedError("party.sender")
    if sender["dxp_id"] and sender["dxp_id"] != message["dxp_id"]:
        raise RefusedError("party.sender")
    if message["sender_id"] is not None and message["sender_id"] != message["dxp_id"]:
        raise RefusedError("party.sender")
