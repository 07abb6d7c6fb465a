"""The reference reader: what it gives for a message that the schema takes, and how it refuses another."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from lxml import etree

from silkgate.kernel.text import Text
from silkgate.standards.ceb.catalogue import MESSAGES, NAMESPACE
from silkgate.standards.ceb.read import Document, Reader, SchemaRefused, Subscriber, Transfer, UnknownMessage, Wanted
from silkgate.standards.ceb.write import compose, fitted
from standards.ceb.generator import draft

SPECIMENS = Path(__file__).parents[2] / "specimens" / "ceb"
GUID = "4CDE1CFD-EDED-46B1-946C-B8022E42FC94"
WANTED: Wanted = {
    "411": (["orderNo", "amountPaid", "note", "currency"], []),
    "511": (["logisticsNo", "packNo", "freight"], []),
    "621": (["orderNo", "copNo", "freight"], ["gnum", "gname", "qty", "qty2"]),
    "623": (["invtNo", "reason"], []),
}
SENDER = Transfer("4101980Y01", "中原易付支付有限公司", "DXP", "DXPENT0000410004")
PAYMENT = {
    "guid": GUID,
    "appType": "1",
    "appTime": "20260618070039",
    "appStatus": "2",
    "payCode": "4101980Y01",
    "payName": "中原易付支付有限公司",
    "payTransactionId": "P1",
    "orderNo": "D1",
    "ebpCode": "4101960P01",
    "ebpName": "豫见优选电子商务平台有限公司",
    "payerIdType": "1",
    "payerIdNumber": "410105198803129810",
    "payerName": "李明华",
    "amountPaid": "109.10",
    "payTime": "20260618070039",
}


def payment(*changes: tuple[str, str]) -> etree._Element:
    text = compose("411", GUID, SENDER, [(PAYMENT, [])]).decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return etree.fromstring(text.encode())


def read(root: etree._Element) -> Document:
    return Reader(WANTED).read(root).documents[0]


def test_message() -> None:
    message = Reader(WANTED).read(payment())
    assert (message.code, message.guid, message.version) == ("411", GUID, "1.0")
    assert message.transfer == SENDER
    assert message.documents == [Document(("D1", "109.10", "", "142"), ())]
    assert not message.canonical
    assert message.subscribers == ()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (">D1<", "> D1\t<", " D1\t"),
        (">D1<", "><![CDATA[D<1]]><", "D<1"),
        (">D1<", ">D&amp;1<", "D&1"),
        (">D1<", ">D<!-- c -->1<", "D1"),
        (">D1<", "><!-- c -->D<?p i?>1<!-- c --><", "D1"),
        (">D1<", ">D<![CDATA[1]]>2<!-- c -->3<", "D123"),
    ],
)
def test_text_is_kept_as_it_is(old: str, new: str, expected: str) -> None:
    assert read(payment((old, new))).head[0] == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [(" 109.10\n", "109.10"), ("+1", "+1"), (".5", ".5"), ("5.", "5."), ("-0", "-0"), ("1<!-- c -->2", "12")],
)
def test_decimals_lose_the_space_around_them(written: str, expected: str) -> None:
    assert read(payment((">109.10<", f">{written}<"))).head[1] == expected


def test_whole_numbers_are_in_their_shortest_form() -> None:
    made = draft(Random(1), MESSAGES["511"], documents=1, subscribers_max=1)
    (pack_no,) = (leaf for leaf in made.root.leaves() if leaf.name == "packNo")
    for written, expected in (("007", "7"), (" +1 ", "1"), ("-0", "0")):
        pack_no.content = written
        assert read(etree.fromstring(made.text().encode())).head[1] == expected


def test_an_empty_currency_is_the_fixed_one() -> None:
    assert read(payment((">142<", "><"))).head[3] == "142"
    assert read(payment(("<ceb:currency>142</ceb:currency>", "<ceb:currency/>"))).head[3] == "142"


def test_absent_and_empty_are_the_same() -> None:
    end = "</ceb:PaymentHead>"
    assert read(payment((end, f"<ceb:note/>{end}"))).head[2] == read(payment()).head[2] == ""
    assert read(payment((end, f"<ceb:note>n</ceb:note>{end}"))).head[2] == "n"


WAYBILL = {
    "guid": GUID,
    "appType": "1",
    "appTime": "20260618070039",
    "appStatus": "1",
    "logisticsCode": "4101980L01",
    "logisticsName": "中原速递有限公司",
    "logisticsNo": "L1",
    "freight": "10",
    "insuredFee": "0",
    "currency": "142",
    "grossWeight": "1.2",
    "packNo": "1",
    "goodsInfo": "茶叶 两盒",
}


def waybill(old: str = "", new: str = "") -> Document:
    text = compose("505", GUID, SENDER, [(WAYBILL, [])]).decode()
    assert old in text
    root = etree.fromstring(text.replace(old, new).encode())
    return Reader({"505": (["appStatus", "goodsInfo", "logisticsName"], [])}).read(root).documents[0]


@pytest.mark.parametrize(
    "written", ["<ceb:appStatus></ceb:appStatus>", "<ceb:appStatus/>", "<ceb:appStatus><!-- c --></ceb:appStatus>"]
)
def test_an_empty_element_has_its_default(written: str) -> None:
    """Of a waybill, appStatus 2: it counts as declared."""
    assert waybill().head[0] == "1"
    assert waybill("<ceb:appStatus>1</ceb:appStatus>", written).head[0] == "2"


@pytest.mark.parametrize("written", [" 茶叶 两盒", "茶叶\t\r\n 两盒 \n", "\n茶叶  两<!-- c -->盒"])
def test_white_space_is_collapsed_where_the_schema_says_so(written: str) -> None:
    assert waybill("茶叶 两盒", written).head[1] == "茶叶 两盒"
    assert waybill("中原速递有限公司", " 中原  速递 ").head[2] == " 中原  速递 "


def test_lines_are_optional_where_the_schema_says_so() -> None:
    """A summary application by a period names no inventories."""
    reader = Reader({"701": (["copNo", "startTime"], ["invtNo"])})
    root = etree.parse(SPECIMENS / "export" / "CEB701Message.xml").getroot()
    listed = reader.read(root).documents[0]
    assert listed.lines
    assert all(len(line) == 1 for line in listed.lines)
    for line in root.findall(f".//{{{NAMESPACE}}}SummaryApplyList"):
        line.getparent().remove(line)
    assert reader.read(root).documents[0] == Document(listed.head, ())


def test_subscribers() -> None:
    end = "</ceb:BaseTransfer>"
    status, address = "<ceb:status>{}</ceb:status>", "<ceb:dxpAddress>{}</ceb:dxpAddress>"
    one = f"<ceb:BaseSubscribe>{status}<ceb:dxpMode>DXP</ceb:dxpMode>{address}</ceb:BaseSubscribe>"
    message = Reader(WANTED).read(payment((end, end + one.format("ALL", "A") + one.format("RET", "B"))))
    assert message.subscribers == (Subscriber("ALL", "A"), Subscriber("RET", "B"))


def test_lines_and_fields_directly_under_the_document() -> None:
    reader = Reader(WANTED)
    inventory = reader.read(etree.parse(SPECIMENS / "import" / "CEB621Message.xml").getroot())
    assert inventory.documents[0] == Document(
        ("order2016030811340001", "NBBH20160308005", "500"),
        (("1", "小米盒子", "100", "300"), ("2", "花王纸尿裤", "200", "300")),
    )
    cancel = reader.read(etree.parse(SPECIMENS / "import" / "CEB623Message.xml").getroot())
    assert len(cancel.documents) == 10
    assert cancel.documents[0].lines == ()
    assert all(cancel.documents[0].head)


@pytest.mark.parametrize(
    "root",
    [
        f'<a:CEB999Message xmlns:a="{NAMESPACE}"/>',
        "<CEB411Message/>",
        '<a:CEB411Message xmlns:a="http://www.chinaport.gov.cn/other"/>',
        f'<a:CEB412Message xmlns:a="{NAMESPACE}"/>',
        f'<a:OrderHead xmlns:a="{NAMESPACE}"/>',
        f'<a:CEB303Message xmlns:a="{NAMESPACE}"/>',
    ],
)
def test_unknown_messages(root: str) -> None:
    with pytest.raises(UnknownMessage) as refusal:
        Reader(WANTED).read(etree.fromstring(root))
    assert refusal.value.text.zh
    assert refusal.value.root in refusal.value.text.en


NUMBER = (
    "数值，最多 19 位，其中小数最多 5 位",
    "a number of at most 19 digits, at most 5 of them decimals",
)


@pytest.mark.parametrize(
    ("change", "element", "found", "zh", "en"),
    [
        ((">D1<", f">{'9' * 61}<"), "orderNo", "9" * 61, "1 至 60 个字符", "1 to 60 characters"),
        ((">1</ceb:appType", ">12</ceb:appType"), "appType", "12", "1 个字符", "1 characters"),
        ((">109.10<", ">12O<"), "amountPaid", "12O", *NUMBER),
        ((">142<", ">502<"), "currency", "502", "固定为 142", "fixed: 142"),
        (("ceb:orderNo", "ceb:orderNumber"), "orderNumber", "orderNumber", "orderNo", "orderNo"),
        (("<ceb:orderNo>D1</ceb:orderNo>", ""), "ebpCode", "ebpCode", "orderNo", "orderNo"),
        (("<ceb:payTime>20260618070039</ceb:payTime>", ""), "PaymentHead", "", "payTime", "payTime"),
        (('guid="4', 'guid="'), "CEB411Message@guid", GUID[1:], "36 个字符", "36 characters"),
        ((f' guid="{GUID}"', ""), "CEB411Message@guid", "", "36 个字符", "36 characters"),
        (("<ceb:orderNo>", '<ceb:orderNo a="1">'), "orderNo@a", "1", "无此属性", "no such attribute"),
    ],
)
def test_faults_say_where_what_and_what_is_needed(
    change: tuple[str, str], element: str, found: str, zh: str, en: str
) -> None:
    with pytest.raises(SchemaRefused) as refusal:
        Reader(WANTED).read(payment(change))
    fault = refusal.value.faults[0]
    assert (fault.element, fault.found, fault.needed) == (element, found, Text(zh, en))
    assert fault.line == (2 if "@guid" in element else 3)
    assert element in refusal.value.text.zh
    assert element in refusal.value.text.en


@pytest.mark.parametrize(
    ("old", "new", "element", "found", "zh", "en"),
    [
        (
            "<ceb:packNo>1<",
            "<ceb:packNo>1234567890<",
            "packNo",
            "1234567890",
            "整数，最多 9 位",
            "a whole number of at most 9 digits",
        ),
        (">L1<", f">{'9' * 33}<", "logisticsNo", "9" * 33, "0 至 32 个字符", "0 to 32 characters"),
        ("<ceb:goodsInfo>茶叶 两盒</ceb:goodsInfo>", "", "Logistics", "", "goodsInfo", "goodsInfo"),
        ("ceb:freight", "ceb:freights", "freights", "freights", "freight", "freight"),
    ],
)
def test_faults_of_export_messages(old: str, new: str, element: str, found: str, zh: str, en: str) -> None:
    """Named by the catalogue of export, where a part of the same name in import has other fields."""
    with pytest.raises(SchemaRefused) as refusal:
        waybill(old, new)
    fault = refusal.value.faults[0]
    assert (fault.element, fault.found, fault.needed) == (element, found, Text(zh, en))


def test_too_many_documents_is_said_as_such() -> None:
    text = compose("411", GUID, SENDER, [(PAYMENT, [])] * 100).decode()
    one = text[text.index("<ceb:Payment>") : text.index("</ceb:Payment>") + len("</ceb:Payment>\n")]
    with pytest.raises(SchemaRefused) as refusal:
        Reader(WANTED).read(etree.fromstring(text.replace(one, one * 2, 1).encode()))
    (fault,) = refusal.value.faults
    assert fault.needed.zh == "最多 100 个 Payment"
    assert fault.line == 103


def test_few_faults_are_told_of_many_and_values_are_shortened() -> None:
    wrong = PAYMENT | {"orderNo": "D1"}
    text = compose("411", GUID, SENDER, [(wrong, [])] * 50).decode().replace(">D1<", ">" + "x" * 5000 + "<")
    with pytest.raises(SchemaRefused) as refusal:
        Reader(WANTED).read(etree.fromstring(text.encode()))
    assert len(refusal.value.faults) == 5
    assert {len(fault.found) for fault in refusal.value.faults} == {101}
    assert [fault.line for fault in refusal.value.faults] == [3, 4, 5, 6, 7]
    assert len(fitted("900", "returnInfo", refusal.value.text.zh * 20)) == 5000


def test_default_namespace_and_other_prefixes() -> None:
    for old, new in (("ceb:", ""), ("ceb:", "x:")):
        text = compose("411", GUID, SENDER, [(PAYMENT, [])]).decode().replace("xmlns:ceb=", "xmlns:x=")
        text = text.replace("xmlns:x=", "xmlns=") if not new else text
        assert read(etree.fromstring(text.replace(old, new).encode())).head[0] == "D1"


@pytest.mark.parametrize("wanted", [{"999": ([], [])}, {"411": (["nothing"], [])}, {"411": ([], ["gnum"])}])
def test_wanting_what_is_not_there_is_an_error(wanted: Wanted) -> None:
    with pytest.raises(ValueError, match="catalogue"):
        Reader(wanted)
