"""`silkgate check` on export messages: form, signature, sender and line numbers are judged as those of import are."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from silkgate.clearance.api import Checked, check_message, load_zone
from silkgate.exchange.api import CHECKED, EXPORTS
from silkgate.site.traffic.zone import Enterprise, Zone
from silkgate.standards.ceb.catalogue import MESSAGES, NAMESPACE
from silkgate.standards.xmldsig import Method, sign

SPECIMENS = Path(__file__).parents[1] / "specimens" / "ceb" / "export"
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
FIRMS = {
    "303": ("ebp", "ebpCode"),
    "403": ("ebc", "ebcCode"),
    "505": ("logistics", "logisticsCode"),
    "507": ("operator", "operatorCode"),
    "509": ("logistics", "logisticsCode"),
    "603": ("agent", "agentCode"),
    "605": ("agent", "agentCode"),
    "607": ("agent", "agentCode"),
    "701": ("agent", "agentCode"),
    "213": ("agent", "agentCode"),
    "215": ("operator", "operatorCode"),
}
"""Who sends each message here: a role of the zone, and the element that names the firm in a document.
"""
SIGNED = ("507", "509", "603", "607")
SENT = (*EXPORTS, *CHECKED)


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Zone:
    made = Zone()
    made.write(tmp_path_factory.mktemp("zone"))
    return made


@pytest.fixture
def filed(database: str, zone: Zone, tmp_path: Path) -> Zone:
    zone.write(tmp_path)
    load_zone(tmp_path, selection_key=bytes(32))
    return zone


def sample(code: str) -> bytes:
    return (SPECIMENS / f"CEB{code}Message.xml").read_bytes()


def element(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def sent_by(firm: Enterprise, code: str, field: str) -> etree._Element:
    """The official sample as this firm would send it, unsigned."""
    root = etree.fromstring(sample(code))
    for signature in root.findall(SIGNATURE):
        root.remove(signature)
    for name, value in ((field, firm.code), ("copCode", firm.code), ("dxpId", firm.dxp_id)):
        for one in root.iter(element(name)):
            one.text = value
    return root


def sender(zone: Zone, code: str) -> Enterprise:
    """Who sends it: the first in its role that could sign it."""
    return next(firm for firm in zone.in_role(FIRMS[code][0]) if firm.key or code not in SIGNED)


def own(zone: Zone, code: str) -> etree._Element:
    _, field = FIRMS[code]
    return sent_by(sender(zone, code), code, field)


def sent(zone: Zone, code: str, root: etree._Element) -> bytes:
    """The message, signed where it must be."""
    if code not in SIGNED:
        return etree.tostring(root)
    firm = sender(zone, code)
    return sign(etree.tostring(root), zone.key(firm.code), Method.RSA_SHA256)


def reasons(checked: Checked) -> list[str]:
    return [finding.code for finding in checked.findings]


@pytest.mark.parametrize("code", SENT)
def test_official_samples(code: str, filed: Zone) -> None:
    """Their firms are filed nowhere, and nothing else is wrong with them that is looked at before."""
    checked = check_message(sample(code))
    assert (checked.message_type, checked.documents, checked.taken) == (f"CEB{code}Message", 10, code in EXPORTS)
    assert (checked.outcome, reasons(checked)) == ("rejected", ["party.unknown"])
    assert checked.findings[0].field == "copCode"
    assert checked.guid
    assert checked.sender


@pytest.mark.parametrize("code", SENT)
def test_in_order(code: str, filed: Zone) -> None:
    root = own(filed, code)
    assert reasons(check_message(etree.tostring(root))) == (["sign.missing"] if code in SIGNED else [])
    checked = check_message(sent(filed, code, root))
    assert (checked.outcome, checked.findings, checked.taken) == ("accepted", [], code in EXPORTS)


def test_private_data_stands_after_the_signature(filed: Zone) -> None:
    root = etree.fromstring(sent(filed, "603", own(filed, "603")))
    private = etree.fromstring(
        f'<ExtendMessage xmlns="{NAMESPACE}"><name>n</name><version>1</version><Message/></ExtendMessage>'
    )
    root.append(private)
    assert reasons(check_message(etree.tostring(root))) == ["sign.invalid"], "added after signing"
    root.insert(len(root) - 2, private)
    checked = check_message(etree.tostring(root))
    assert reasons(checked) == ["format.schema"]
    assert "Signature" in checked.findings[0].found


def test_the_signature_of_the_samples_is_none(filed: Zone) -> None:
    firm = filed.in_role(FIRMS["603"][0])[0]
    raw = sample("603")
    root = etree.fromstring(raw)
    code = root.findtext(f".//{element('copCode')}") or ""
    assert reasons(check_message(raw.replace(code.encode(), firm.code.encode()))) == ["sign.invalid"]


@pytest.mark.parametrize("code", SENT)
def test_who_is_no_party_may_not_send(code: str, filed: Zone) -> None:
    stranger = filed.in_role("pay")[0]
    root = sent_by(stranger, code, "copCode")
    if code in SIGNED:
        for status in root.iter(element("appStatus")):
            status.text = "1"
    checked = check_message(etree.tostring(root))
    assert reasons(checked) == ["party.sender"]
    assert checked.findings[0].found == stranger.code


@pytest.mark.parametrize("code", [code for code in SENT if any(f.name == "gnum" for f in MESSAGES[code].line_fields)])
def test_a_line_number_twice(code: str, filed: Zone) -> None:
    root = own(filed, code)
    first = root[0]
    line = first.find(element(MESSAGES[code].line))
    first.append(etree.fromstring(etree.tostring(line)))
    checked = check_message(sent(filed, code, root))
    assert checked.outcome == "accepted", "the other documents are in order"
    assert reasons(checked) == ["document.items"]
    assert checked.findings[0].found == line.findtext(element("gnum"))


def test_a_breach_of_the_schema_says_where_what_and_what_is_needed(filed: Zone) -> None:
    raw = sample("603").replace(b"<ceb:POD>", b"<ceb:POD>12345")
    checked = check_message(raw)
    assert (checked.outcome, reasons(checked), checked.taken) == ("rejected", ["format.schema"], True)
    told = checked.findings[0]
    assert "POD：“12345" in told.found
    assert "应为：3 至 4 个字符" in told.found
    assert "3 to 4 characters" in told.needed


@pytest.mark.parametrize("kind", ["304", "604", "792", "214", "312"])
def test_what_customs_sends_is_not_for_a_firm_to_send(kind: str, filed: Zone) -> None:
    raw = f'<ceb:CEB{kind}Message xmlns:ceb="{NAMESPACE}" guid="{"A" * 36}" version="1.0"/>'.encode()
    checked = check_message(raw)
    assert (checked.message_type, checked.outcome, reasons(checked)) == (
        f"CEB{kind}Message",
        "rejected",
        ["format.unknown"],
    )
