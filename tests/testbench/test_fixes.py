"""The nearest fix of every kind of finding: computed where it can be, and taken it passes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import pytest

from silkgate.client import Document, message, signed
from silkgate.kernel.clock import CHINA
from silkgate.kernel.findings import Finding
from silkgate.standards.xmldsig import SigningKey
from silkgate.tariff.api import cards
from silkgate.testbench.domain import Fix, Report
from silkgate.testbench.fixes import FIXES, Facts, told
from silkgate.testbench.playing import Firm, play, prepare
from testbench.played import CODE, DAY, NAME, SENDER, firm, key, played, scenario_named, sent


def fixes_of(report: Report, code: str) -> list[Fix]:
    found = [finding for one in [*report.messages, *report.declarations] for finding in one.findings]
    return [fix for finding in found if finding.code == code for fix in finding.fixes]


def test_every_rule_that_a_message_can_break_has_its_way() -> None:
    assert FIXES.keys() == {slug for slug, card in cards().items() if card.receipts}


@pytest.mark.parametrize("code", FIXES)
def test_every_way_says_something_in_both_languages(code: str, shared_database: str) -> None:
    """By the card's own example, on a message that has nothing to do with it: it may say what to look at, not fail."""
    ground = prepare(firm(), DAY, "")
    facts = Facts(ground.law, ground.zone, set(), ground.certificates)
    fixes = told(cards()[code].example, facts, sent(scenario_named("ebp.bonded"))[0]).fixes
    assert fixes
    assert all(fix.zh and fix.en and "{" not in fix.en for fix in fixes)


def test_a_finding_of_a_new_rule_is_not_passed_over() -> None:
    with pytest.raises(KeyError):
        told(Finding("no.such"), None, b"")  # type: ignore[arg-type]


# --- What is computed, taken, passes ----------------------------------------------------------------------------------

Change = dict[str, str]
TAKEN: dict[str, tuple[str, int, Change, str]] = {
    "match.order_sum": ("ebp.bonded", 0, {"acturalPaid": "411.5"}, "410"),
    "match.buyer": ("agent.bonded", 0, {"buyerName": "李测"}, "李测试"),
    "match.ebc": ("ebp.bonded", 0, {"ebcCode": "4199TEST05"}, "4199TEST05"),
    "match.amount": ("pay.bonded", 0, {"amountPaid": "409.99"}, "410"),
    "match.payer": ("pay.bonded", 0, {"payerName": "李试"}, "李测试"),
    "match.payment_no": ("pay.bonded", 0, {"payTransactionId": "PAY1"}, "PAY202606181"),
    "match.consignee": ("logistics.bonded", 0, {"consigneeTelephone": "1"}, "19900000001"),
    "match.waybill_order": ("logistics.bonded", 0, {"orderNo": "TB1"}, "TB202606181"),
    "match.freight": ("agent.bonded", 0, {"freight": "11"}, "10"),
    "party.unknown": ("agent.bonded", 0, {"logisticsCode": "4199TEST0X"}, "4199TEST04"),
    "party.role": ("agent.bonded", 0, {"assureCode": "4199TEST03"}, "4199TEST01"),
    "party.sender": ("pay.bonded", 0, {"payCode": "4199TEST03"}, "4199TEST03"),
    "field.mode": ("agent.bonded", 0, {"areaCode": ""}, "4199TEST06"),
    "mode.unsupported": ("agent.bonded", 0, {"tradeMode": "1211"}, "1210"),
    "buyer.id": ("agent.bonded", 0, {"buyerIdNumber": "410101199003074215"}, "410101199003074216"),
    "field.amount": ("agent.bonded", 0, {"freight": "10.004"}, "10.00"),
    "declaration.unknown": ("agent.cancel", 0, {"invtNo": "46122026I000000002"}, "46122026I000000001"),
    "match.order_type": ("ebp.export", 0, {"orderType": "B"}, "E"),
    "match.parcel": ("logistics.export", 0, {"grossWeight": "0.5"}, "0.5"),
    "return.mode": ("agent.export_return", 0, {"tradeMode": "1261"}, "9661"),
    "return.late": ("ebc.export_return", 0, {"appTime": "20270619090000"}, "20270618100000"),
}
"""By rule: a scenario, which message of it, a change that breaks the rule, and the value that the fix names."""
EXPORTED: dict[str, tuple[str, int, Change, str]] = {
    "party.unknown": ("agent.export", 0, {"logisticsCode": "4199TEST0X"}, "4199TEST04"),
    "party.sender": ("operator.export_arrives", 0, {"operatorCode": "4199TEST07"}, "4199TEST07"),
    "field.mode": ("agent.export_bonded", 0, {"iacCode": ""}, "4199TEST06"),
    "mode.unsupported": ("ebc.export", 0, {"tradeMode": "9710"}, "9610"),
    "declaration.unknown": ("agent.export_cancel", 0, {"invtNo": "46122026E000000002"}, "46122026E000000001"),
}
"""The same for rules that imports have, too, in an export."""
LINES: dict[str, tuple[str, Change, str]] = {
    "match.items": ("agent.bonded", {"qty": "3"}, "2"),
    "goods.unknown": ("agent.direct", {"gcode": "3304990028"}, "3304990029"),
    "book.unknown": ("agent.bonded", {"itemRecordNo": "R01"}, "T4612W999901/R001"),
    "return.quantity": ("agent.return", {"qty": "5"}, "2"),
    "book.mismatch": ("agent.bonded", {"gcode": "1901101010"}, "3304990029"),
    "declaration.unknown": ("operator.export_arrives", {"logisticsNo": "EXW202606180"}, "EXW202606181"),
}
"""The same for the first line of the first message."""


def with_head(change: Change) -> Callable[[int, Document], Document]:
    return lambda _, document: Document({**document.head, **change}, document.lines)


@pytest.mark.parametrize(("code", "told"), [*TAKEN.items(), *EXPORTED.items()])
def test_the_value_of_the_head_that_would_pass(
    code: str, told: tuple[str, int, Change, str], shared_database: str
) -> None:
    name, place, change, wanted = told

    def changed(number: int, document: Document) -> Document:
        return with_head(change)(number, document) if number == place else document

    fixes = fixes_of(played(scenario_named(name), changed).report, code)
    assert wanted in {fix.value for fix in fixes}, fixes
    element = next(fix.element for fix in fixes if fix.value == wanted)
    if change.get(element, wanted) != wanted:

        def mended(number: int, document: Document) -> Document:
            return with_head({**change, element: wanted})(number, document) if number == place else document

        assert fixes_of(played(scenario_named(name), mended).report, code) == []


@pytest.mark.parametrize("code", LINES)
def test_the_value_of_a_line_that_would_pass(code: str, shared_database: str) -> None:
    name, change, wanted = LINES[code]

    def changed(_: int, document: Document) -> Document:
        first, *rest = document.lines
        return Document(document.head, [{**first, **change}, *rest])

    fixes = fixes_of(played(scenario_named(name), changed).report, code)
    assert wanted in {fix.value for fix in fixes}, fixes


@pytest.mark.parametrize("kind", ["507", "509"])
def test_a_parcel_without_an_accepted_list_is_told_to_wait(kind: str, shared_database: str) -> None:
    """The parcel that it names is the right one, and nothing has accepted its list: no number would pass."""
    name = {"507": "operator.export_arrives", "509": "logistics.export_leaves"}[kind]
    alone = play(firm(), DAY, sent(scenario_named(name))[-1:])
    (fix,) = fixes_of(alone.report, "declaration.unknown")
    assert (fix.element, fix.value, "when one has" in fix.en) == ("logisticsNo", "", True)


# --- Messages that cannot be read -------------------------------------------------------------------------------------

ORDER = "311"


def order(**head: str) -> bytes:
    """A good order, as bytes."""
    (raw,) = sent(scenario_named("ebp.bonded"))
    return raw


def alone(raw: bytes, tested: Firm | None = None) -> Report:
    return play(tested or firm(), DAY, [raw]).report


UNREADABLE = {
    "not closed": (lambda raw: raw.replace(b"</ceb:orderNo>", b"", 1), "format.xml", "", "Line "),
    "document type": (
        lambda raw: raw.replace(b"<ceb:CEB311", b"<!DOCTYPE a><ceb:CEB311", 1), "format.xml", "", "DOCTYPE",
    ),
    "misspelt root": (
        lambda raw: raw.replace(b"CEB311Message", b"CEB311Mesage"), "format.unknown", "CEB311Message", "closest",
    ),
    "another namespace": (
        lambda raw: raw.replace(b"chinaport.gov.cn/ceb", b"example.com/ceb"), "format.unknown",
        "http://www.chinaport.gov.cn/ceb", "namespace",
    ),
    "missing": (
        lambda raw: re.sub(rb"<ceb:buyerName>.*?</ceb:buyerName>", b"", raw), "format.schema", "",
        "put it after buyerRegNo",
    ),
    "misspelt": (lambda raw: raw.replace(b"ceb:buyerName", b"ceb:buyerNmae"), "format.schema", "buyerName", "meant"),
    "out of order": (
        lambda raw: re.sub(rb"(<ceb:ebpCode>.*?</ceb:ebpCode>)(<ceb:ebpName>.*?</ceb:ebpName>)", rb"\2\1", raw),
        "format.schema", "ebpName", "ebpCode comes before ebpName",
    ),
    "twice": (
        lambda raw: re.sub(rb"(<ceb:ebpCode>.*?</ceb:ebpCode>)", rb"\1\1", raw), "format.schema", "", "stands 2 times",
    ),
    "too long": (
        lambda raw: re.sub(rb"<ceb:orderNo>.*?<", b"<ceb:orderNo>%s<" % (b"7" * 61), raw), "format.schema", "7" * 60,
        "orderNo",
    ),
    "no number": (lambda raw: raw.replace(b">420<", "约420元<".encode().join([b">", b""])), "format.schema", "", "420"),
    "thousands": (lambda raw: raw.replace(b">420<", b">1,420<"), "format.schema", "1420", ""),
    "too many decimals": (lambda raw: raw.replace(b">420<", b">420.1234567<"), "format.schema", "420.12346", ""),
    "fixed": (lambda raw: raw.replace(b"<ceb:currency>142", b"<ceb:currency>502", 1), "format.schema", "142", ""),
    "short guid": (lambda raw: re.sub(rb'guid="[^"]*"', b'guid="1"', raw, count=1), "format.schema", "", "36"),
    "no sender": (
        lambda raw: re.sub(rb"<ceb:BaseTransfer>.*</ceb:BaseTransfer>", b"", raw, flags=re.DOTALL), "format.schema", "",
        "BaseTransfer",
    ),
}  # fmt: skip
"""What breaks a good order, the rule that it breaks, the value and the words of the fix."""


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read(name: str, shared_database: str) -> None:
    breaks, code, value, words = UNREADABLE[name]
    raw = order()
    broken = breaks(raw)
    assert broken != raw
    fixes = fixes_of(alone(broken), code)
    assert fixes, alone(broken).messages[0].findings
    if value:
        assert value in {fix.value for fix in fixes}, fixes
    assert any(words in fix.en for fix in fixes), fixes


# --- Signatures -------------------------------------------------------------------------------------------------------


def declaration() -> bytes:
    return sent(scenario_named("agent.bonded"))[0]


def test_which_digest_differs(shared_database: str) -> None:
    (fix,) = fixes_of(alone(declaration().replace("李测试".encode(), "王测试".encode())), "sign.invalid")
    assert fix.element == "DigestValue"
    stated = re.search(rb"<ds:DigestValue>(.*?)<", declaration())
    assert stated is not None
    assert stated[1].decode() not in fix.value
    assert fix.value in fix.en


SIGNATURES = {
    "another value": (
        lambda raw: re.sub(rb"(<ds:SignatureValue>)....", rb"\1AAAA", raw), "SignatureValue", "not made with the key",
    ),
    "another method": (lambda raw: raw.replace(b"more#rsa-sha256", b"more#rsa-sha512"), "SignatureMethod", "methods"),
    "a part": (lambda raw: raw.replace(b'URI=""', b'URI="#a"'), "Reference", "empty"),
    "another transform": (lambda raw: raw.replace(b"#enveloped-signature", b"#base64"), "Transforms", "enveloped"),
}  # fmt: skip


@pytest.mark.parametrize("name", SIGNATURES)
def test_what_is_wrong_with_a_signature(name: str, shared_database: str) -> None:
    breaks, element, words = SIGNATURES[name]
    (fix,) = fixes_of(alone(breaks(declaration())), "sign.invalid")
    assert (fix.element, words in fix.en) == (element, True), fix


def test_a_second_signature_breaks_the_schema(shared_database: str) -> None:
    twice = re.sub(rb"(<ds:Signature .*</ds:Signature>)", rb"\1\1", declaration())
    (fix,) = fixes_of(alone(twice), "format.schema")
    assert (fix.element, "keep one" in fix.en) == ("Signature", True)


def test_which_certificate_is_meant(shared_database: str) -> None:
    other = SigningKey.generate_sm2("other")
    unsigned = re.sub(rb"<ds:Signature .*</ds:Signature>", b"", declaration())
    (fix,) = fixes_of(alone(signed(unsigned, other)), "sign.certificate")
    assert fix.value == key().certificate.fingerprint
    assert other.certificate.fingerprint[:16] in fix.en
    (none,) = fixes_of(alone(declaration(), Firm(CODE, NAME)), "sign.certificate")
    assert "upload" in none.en
    (missing,) = fixes_of(alone(unsigned), "sign.missing")
    assert "enveloped" in missing.en


def test_a_used_guid_and_a_stale_change(shared_database: str) -> None:
    ground = prepare(firm(), DAY, "ebp")
    assert ground.at == datetime(2026, 6, 18, 10, tzinfo=CHINA)
    first = order()
    other = re.sub(rb"<ceb:buyerTelephone>\d+", b"<ceb:buyerTelephone>1", first)
    report = play(firm(), DAY, [first, other]).report
    (fix,) = fixes_of(report, "message.guid_reused")
    assert re.fullmatch(r"[0-9A-F-]{36}", fix.value)
    document = Document(
        {**_head(first), "appType": "2", "appTime": "20260618080000"},
        [dict(line) for line in _lines(first)],
    )
    (late,) = fixes_of(play(firm(), DAY, [first, message(ORDER, [document], SENDER)]).report, "document.stale")
    assert (late.element, late.value) == ("appTime", "20260618090001")


def _head(raw: bytes) -> dict[str, str]:
    return {name: value for name, value in _document(raw)[0].items() if value and name != "guid"}


def _lines(raw: bytes) -> list[dict[str, str]]:
    return [{name: value for name, value in line.items() if value} for line in _document(raw)[1]]


def _document(raw: bytes) -> tuple[dict[str, str], list[dict[str, str]]]:
    from silkgate.testbench.checking import documents_in

    found = documents_in(ORDER, raw)
    assert found
    return found[0]
