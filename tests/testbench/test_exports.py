"""Export messages on the bench: taken as in service; the one that is not is refused as there, and checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from silkgate.client import Document, message, signed
from silkgate.exchange.api import CHECKED, EXPORTS
from silkgate.standards.ceb.catalogue import MESSAGES
from silkgate.testbench.domain import MessageTold
from silkgate.testbench.playing import play
from testbench.played import CODE, DAY, NAME, SENDER, firm, key, scenario_named, sent

SPECIMENS = Path(__file__).parents[1] / "specimens" / "ceb" / "export"
WAYBILL = {
    "appTime": "20260618090000",
    "logisticsCode": CODE,
    "logisticsName": NAME,
    "logisticsNo": "L1",
    "freight": "10",
    "insuredFee": "0",
    "currency": "142",
    "grossWeight": "1.2",
    "packNo": "1",
    "goodsInfo": "茶叶",
}


def told(raw: bytes, *, outcome: str = "rejected", receipts: tuple[str, ...] = ("900",)) -> MessageTold:
    (one,) = play(firm(), DAY, [raw]).report.messages
    assert (one.outcome, tuple(one.receipts)) == (outcome, receipts)
    assert all(fix.zh and fix.en for finding in one.findings for fix in finding.fixes)
    return one


def waybill(**change: str) -> bytes:
    return message("505", [Document({**WAYBILL, **change})], SENDER)


@pytest.mark.parametrize("code", EXPORTS)
def test_official_samples_are_answered_by_the_receipt_of_their_kind(code: str, shared_database: str) -> None:
    one = told((SPECIMENS / f"CEB{code}Message.xml").read_bytes(), receipts=(str(int(code) + 1),))
    assert one.kind == f"CEB{code}Message"
    assert {finding.code for finding in one.findings} == {"party.unknown"}


@pytest.mark.parametrize("code", CHECKED)
def test_the_official_sample_of_what_is_not_taken(code: str, shared_database: str) -> None:
    one = told((SPECIMENS / f"CEB{code}Message.xml").read_bytes())
    assert one.kind == f"CEB{code}Message"
    assert [finding.code for finding in one.findings] == ["format.unknown", "party.unknown"]
    assert MESSAGES[code].name.zh in one.findings[0].zh
    assert "is not taken by this zone's service yet" in one.findings[0].en
    (fix,) = one.findings[0].fixes
    assert "needs no change" in fix.en


def test_what_is_in_order_has_nothing_else_said_of_it(shared_database: str) -> None:
    for raw in (waybill(), signed(waybill(), key())):
        assert told(raw, outcome="accepted", receipts=("506",)).findings == []


@pytest.mark.parametrize(
    ("old", "new", "value", "words"),
    [
        ("<ceb:packNo>1<", "<ceb:packNo>1.5<", "2", "packNo"),
        ("<ceb:logisticsNo>L1<", f"<ceb:logisticsNo>{'7' * 33}<", "7" * 32, "logisticsNo"),
        ("ceb:goodsInfo", "ceb:goodInfo", "goodsInfo", "meant"),
        ("<ceb:goodsInfo>茶叶</ceb:goodsInfo>", "", "", "put it after packNo"),
    ],
)
def test_a_breach_of_the_schema_has_its_fix(old: str, new: str, value: str, words: str, shared_database: str) -> None:
    raw = waybill()
    broken = raw.replace(old.encode(), new.encode())
    assert broken != raw
    (breach,) = told(broken).findings
    assert breach.code == "format.schema"
    assert any(fix.value == value and words in fix.en for fix in breach.fixes), breach.fixes


def test_documents_that_may_have_no_lines_are_not_told_to_have_some(shared_database: str) -> None:
    head = {
        "appTime": "20260618090000", "customsCode": "4612", "copNo": "C1", "agentCode": CODE, "agentName": NAME,
        "ebcCode": CODE, "ebcName": NAME, "declAgentCode": CODE, "declAgentName": NAME, "summaryFlag": "1",
        "itemNameFlag": "1", "msgCount": "1", "msgSeqNo": "1",
    }  # fmt: skip
    raw = message("701", [Document(head)], SENDER)
    assert [finding.code for finding in told(raw).findings] == ["format.unknown"]
    broken = told(raw.replace(b"<ceb:copNo>C1</ceb:copNo>", b"")).findings[1]
    assert [fix.element for fix in broken.fixes] == ["copNo"]


def test_it_stands_beside_messages_of_import_and_changes_nothing_for_them(shared_database: str) -> None:
    (order,) = sent(scenario_named("ebp.bonded"))
    alone = play(firm(), DAY, [order]).report.messages[0]
    beside = play(firm(), DAY, [waybill(), order, waybill()]).report.messages
    assert [one.outcome for one in beside] == ["accepted", "accepted", "rejected"], (
        "the second has a number that exists"
    )
    assert (beside[1].findings, beside[1].receipts) == (alone.findings, alone.receipts)
