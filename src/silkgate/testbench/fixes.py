"""The nearest change that would pass: one way of finding it for each rule, by its slug (`FIXES`).

What can be computed is computed: the sum, the value of the other document, the closest code, the place of an element.
Where only the sender can know, the fix says what to look at, and gives no value.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from silkgate.clearance import api as clearance
from silkgate.client import new_guid
from silkgate.kernel.clock import message_time, receipt_time
from silkgate.kernel.findings import Finding
from silkgate.kernel.fixed import format_cents
from silkgate.kernel.text import Text
from silkgate.standards.xmldsig import Certificate
from silkgate.tariff import api as tariff
from silkgate.testbench.domain import FindingTold, Fix
from silkgate.testbench.formfixes import schema_fixes, size_fix, unknown_fix, xml_fix
from silkgate.testbench.nearness import Near, closest
from silkgate.testbench.scenarios import published
from silkgate.testbench.signfixes import certificate_fix, invalid_fix, missing_fix


@dataclass(frozen=True)
class Facts:
    """What a fix may be computed from: one for a run."""

    law: tariff.Law
    zone: clearance.SandboxZone
    numbers: AbstractSet[str]
    """Numbers of the declarations that were accepted in the run."""
    certificates: Callable[[str], Sequence[Certificate]]
    parcels: AbstractSet[str] = frozenset()
    """Waybill numbers of these declarations."""

    @functools.cached_property
    def near_parties(self) -> Near:
        """Codes of all parties."""
        return Near(self.zone.parties)

    @functools.cached_property
    def near_goods(self) -> Near:
        """Codes of all goods in the tariff."""
        return Near(self.law.rates)


Way = Callable[[Finding, Facts, bytes], list[Fix]]


def told(finding: Finding, facts: Facts, raw: bytes) -> FindingTold:
    """A finding on the message `raw`, with its rule, its law and the nearest fix. KeyError: a code without a card."""
    card = tariff.cards()[finding.code]
    rule, law = card.tell(finding), card.law_text
    return FindingTold(
        code=finding.code,
        field=finding.field,
        found=finding.found,
        needed=finding.needed,
        line=finding.line,
        zh=rule.zh,
        en=rule.en,
        law_zh=law.zh,
        law_en=law.en,
        href=f"/rules/{finding.code}",
        fixes=FIXES[finding.code](finding, facts, raw),
    )


# --- Ways -------------------------------------------------------------------------------------------------------------


def _needed(finding: Finding, facts: Facts, raw: bytes) -> list[Fix]:
    """What was needed is known: take it."""
    if not finding.needed:
        return [
            _look(finding, "核对此栏：对方单证没有对应的内容。", "Look at it: the other document has nothing there.")
        ]
    if finding.field == "gnum" and not finding.found:
        return [
            Fix(
                f"清单缺少订单的第{finding.needed}项，请补上。",
                f"Line {finding.needed} of the order is missing in the declaration: add it.",
                "gnum",
                finding.needed,
            )
        ]
    return [_set(finding.field, finding.needed, finding.line)]


def _number_limit(finding: Finding, facts: Facts, raw: bytes) -> list[Fix]:
    """`<= n`: the largest that passes."""
    return [_set(finding.field, finding.needed.removeprefix("<= "), finding.line)]


def _set(element: str, value: str, line: int | None = None) -> Fix:
    zh, en = (f"第{line}项的", f" of line {line}") if line else ("", "")
    return Fix(f"把{zh}{element}改为{value}。", f"Set {element}{en} to {value}.", element, value)


def _look(finding: Finding, zh: str, en: str) -> Fix:
    return Fix(zh, en, finding.field)


def _says(zh: str, en: str) -> Way:
    """Nothing to compute: what to look at, with `{found}` and `{needed}`."""
    return lambda finding, facts, raw: [
        _look(finding, *Text(zh, en).format(found=finding.found, needed=finding.needed))
    ]


def _new_number(finding: Finding, facts: Facts, raw: bytes) -> list[Fix]:
    return [
        Fix(
            "要更正已报送的单证，把appType改为2；否则使用新的编号。",
            "To correct what was sent, set appType to 2; otherwise use a new number.",
            "appType",
            "2",
        )
    ]


def _new_guid(finding: Finding, facts: Facts, raw: bytes) -> list[Fix]:
    return [
        Fix(
            "每份不同的报文用新的guid，例如下值；原样重发才用原来的guid。",
            "Each different message has a guid of its own, such as this; only the same bytes keep theirs.",
            "guid",
            new_guid(),
        )
    ]


def _party(finding: Finding, facts: Facts, raw: bytes) -> list[Fix]:
    """The filed code that is most like it, in the role that is needed."""
    role = finding.needed
    parties = facts.zone.parties
    near = facts.near_parties.closest(finding.found, lambda code: not role or role in parties[code].roles)
    if not near:
        near = next((firm.code for firm in published().firms if not role or role in firm.roles), "")
        said = Text("没有相近的代码；测试可用", "No code is like it; for a test take")
    else:
        said = Text("最相近的已备案代码是", "The filed code that is most like it is")
    return [Fix(f"{said.zh}{near}。", f"{said.en} {near}.", finding.field, near)]


def _role(finding: Finding, facts: Facts, raw: bytes) -> list[Fix]:
    if " / " in finding.needed:
        codes = finding.needed.split(" / ")
        guaranteed = [code for code in codes if code in facts.zone.guarantees_cents]
        return [_set(finding.field, (guaranteed or codes)[0])]
    return _party(finding, facts, raw)


def _sender(finding: Finding, facts: Facts, raw: bytes) -> list[Fix]:
    return [_set(finding.field, finding.needed.split(" / ")[0])]


def _later(finding: Finding, facts: Facts, raw: bytes) -> list[Fix]:
    """One second after what is stored."""
    stored = message_time(finding.needed.removeprefix(">= "))
    if stored is None:
        return [_look(finding, "appTime须不早于已存单证。", "appTime must not be before that of what is stored.")]
    return [_set(finding.field, receipt_time(stored + timedelta(seconds=1))[:14])]


def _line_number(finding: Finding, facts: Facts, raw: bytes) -> list[Fix]:
    return [
        Fix(
            f"序号{finding.found}出现两次；从1起连续编号。",
            f"Number {finding.found} stands twice: number the lines from 1, without a gap.",
            "gnum",
        )
    ]


_NEEDED_VALUES = {
    "emsNo": "T4612W999901",
    "itemRecordNo": "R001",
    "trafNo": "CZ3081",
    "voyageNo": "0618",
    "billNo": "999-26061800",
}


def _mode_field(finding: Finding, facts: Facts, raw: bytes) -> list[Fix]:
    area = next((code for code, party in facts.zone.parties.items() if "area" in party.roles), "")
    value = area if finding.field in ("areaCode", "iacCode") else _NEEDED_VALUES.get(finding.field, "")
    return [
        Fix(
            f"贸易方式{finding.needed}须填{finding.field}" + (f"；测试可用{value}。" if value else "。"),
            f"Mode {finding.needed} needs {finding.field}" + (f"; for a test take {value}." if value else "."),
            finding.field,
            value,
        )
    ]


def _mode(finding: Finding, facts: Facts, raw: bytes) -> list[Fix]:
    return [_set(finding.field, closest(finding.found, ("1210", "9610")) or "1210")]


_WEIGHTS, _CHECKS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "10X98765432"


def _identity(finding: Finding, facts: Facts, raw: bytes) -> list[Fix]:
    if finding.field != "buyerIdNumber":
        return [_set(finding.field, finding.needed)]
    body = finding.found[:17]
    if len(finding.found) == 18 and body.isascii() and body.isdigit():
        check = _CHECKS[sum(w * int(digit) for w, digit in zip(_WEIGHTS, body, strict=True)) % 11]
        if check != finding.found[17]:
            return [
                Fix(
                    f"按GB 11643，前17位的校验码应为{check}，而不是{finding.found[17]}；请向订购人核对整个号码。",
                    f"By GB 11643 the check character of these 17 digits is {check}, not {finding.found[17]}; "
                    "ask the buyer for the whole number.",
                    finding.field,
                    body + check,
                )
            ]
        return [_look(finding, "第7至14位不是真实的出生日期。", "Characters 7 to 14 are no real date of birth.")]
    return [
        _look(
            finding,
            f"身份证号应为18位，现为{len(finding.found)}位；请向订购人核对。",
            f"An identity number has 18 characters, this one {len(finding.found)}: ask the buyer.",
        )
    ]


def _amount(finding: Finding, facts: Facts, raw: bytes) -> list[Fix]:
    try:
        value = Decimal(finding.found)
    except InvalidOperation:
        return [_look(finding, "应为数值。", "It must be a number.")]
    if finding.needed == "0.01" and value >= 0:
        return [_set(finding.field, f"{value.quantize(Decimal('0.01'), ROUND_HALF_UP):f}", finding.line)]
    return [_look(finding, f"应大于零，现为{finding.found}。", f"It must be above zero; it is {finding.found}.")]


def _goods(finding: Finding, facts: Facts, raw: bytes) -> list[Fix]:
    """The closest code that may be imported so."""
    mode = finding.needed if finding.code == "goods.unlisted" else ""
    near = facts.near_goods.closest(finding.found, lambda code: not mode or mode in facts.law.rates[code].modes)
    if not near:
        return [_look(finding, "税则中没有相近的编码，请重新归类。", "The tariff has no code like it: classify again.")]
    name = facts.law.rates[near].name
    return [
        Fix(
            f"最相近的可用编码是{near}（{name}）；请确认归类，不要只改编码。",
            f"The closest code that is allowed is {near} ({name}); make sure that the goods are these.",
            finding.field,
            near,
        )
    ]


def _single(finding: Finding, facts: Facts, raw: bytes) -> list[Fix]:
    limit = format_cents(facts.law.single_limit_cents)
    return [
        Fix(
            f"单次限值{limit}元：分成几个订单，或按一般贸易申报。",
            f"The limit for one purchase is {limit} CNY: make several orders of it, or declare it as general trade.",
            finding.field,
            limit,
        )
    ]


def _annual(finding: Finding, facts: Facts, raw: bytes) -> list[Fix]:
    return [
        Fix(
            f"本年度还可购买{finding.needed.removeprefix('<= ')}元；超出部分按一般贸易办理。",
            f"The buyer may still buy for {finding.needed.removeprefix('<= ')} CNY this year; more is general trade.",
            finding.field,
            finding.needed.removeprefix("<= "),
        )
    ]


def _book(finding: Finding, facts: Facts, raw: bytes) -> list[Fix]:
    near = closest(finding.found, (f"{item.ems_no}/{item.item_record_no}" for item in facts.zone.items))
    near = near or f"{facts.zone.items[0].ems_no}/{facts.zone.items[0].item_record_no}"
    return [
        Fix(
            f"测试台账册中最相近的是{near}（账册编号/料号）。",
            f"The closest in the books of the bench is {near} (book / item number).",
            "emsNo/itemRecordNo",
            near,
        )
    ]


def _request(finding: Finding, facts: Facts, raw: bytes) -> list[Fix]:
    if finding.field == "logisticsNo":
        return [_parcel(finding, facts)]
    near = closest(finding.found, facts.numbers) or next(iter(sorted(facts.numbers)), "")
    if not near:
        return [
            _look(
                finding,
                "本次测试中没有已受理的清单；先报送清单，用回执中的invtNo。",
                "No declaration was accepted in this run: declare first, and use the invtNo of its receipt.",
            )
        ]
    return [
        Fix(
            f"本次测试受理的清单编号是{near}；平台、订单号、电商企业、申报企业也须与清单相同。",
            f"The declaration accepted in this run is {near}; platform, order number, merchant and declarant must be"
            " those of the declaration, too.",
            finding.field,
            near,
        )
    ]


def _parcel(finding: Finding, facts: Facts) -> Fix:
    near = closest(finding.found, facts.parcels) or next(iter(sorted(facts.parcels)), "")
    if not near:
        return _look(
            finding,
            "本次测试中没有已受理清单的包裹；清单受理后再报送。",
            "No parcel of this run has an accepted declaration: send this when one has.",
        )
    return Fix(
        f"本次测试中清单已受理的包裹是{near}；logisticsCode也须与清单相同。",
        f"The parcel of this run with an accepted declaration is {near}; logisticsCode must be that of the declaration,"
        " too.",
        finding.field,
        near,
    )


FIXES: dict[str, Way] = {
    "format.size": size_fix,
    "format.xml": xml_fix,
    "format.unknown": unknown_fix,
    "format.schema": schema_fixes,
    "message.guid_reused": _new_guid,
    "sign.missing": missing_fix,
    "sign.invalid": lambda finding, facts, raw: invalid_fix(raw),
    "sign.certificate": lambda finding, facts, raw: certificate_fix(raw, facts.certificates(finding.needed)),
    "party.unknown": _party,
    "party.role": _role,
    "party.sender": _sender,
    "document.items": _line_number,
    "duplicate.order": _new_number,
    "duplicate.payment": _new_number,
    "duplicate.waybill": _new_number,
    "duplicate.declaration": _new_number,
    "document.in_use": _says(
        "已放行的清单用着这份单证：先撤销清单，或报送新的单证。",
        "An accepted declaration uses it: cancel that first, or send a new document.",
    ),
    "document.stale": _later,
    "document.unknown": _needed,
    "field.mode": _mode_field,
    "mode.unsupported": _mode,
    "buyer.id": _identity,
    "field.amount": _amount,
    "simplified.licence": lambda finding, facts, raw: [_set("statisticsFlag", "B")],
    "waiting.order": _says(
        "报送订单（CEB311，出口CEB303），orderNo为{needed}。",
        "Send the order (CEB311, of an export CEB303) with orderNo {needed}.",
    ),
    "waiting.payment": _says(
        "报送支付单（CEB411），orderNo为{needed}。", "Send the payment (CEB411) with orderNo {needed}."
    ),
    "waiting.waybill": _says(
        "报送运单（CEB511，出口CEB505），logisticsNo为{needed}。",
        "Send the waybill (CEB511, of an export CEB505) with logisticsNo {needed}.",
    ),
    "waiting.receipt": _says(
        "报送收款单（CEB403），orderNo为{needed}。", "Send the receipt of money (CEB403) with orderNo {needed}."
    ),
    **dict.fromkeys(
        (
            "match.ebc", "match.buyer", "match.items", "match.order_sum", "match.amount", "match.payer",
            "match.payment_no", "match.consignee", "match.waybill_order", "match.freight", "book.mismatch",
            "match.order_type", "match.receipt", "match.parcel", "return.mode",
        ),
        _needed,
    ),
    "goods.unknown": _goods,
    "goods.unlisted": _goods,
    "goods.prohibited": _says(
        "此商品不得零售进口（{needed}），改编码不能解决。", "These goods may not enter as retail imports ({needed})."
    ),
    "limit.single": _single,
    "limit.annual": _annual,
    "book.unknown": _book,
    "book.insufficient": _number_limit,
    "guarantee.insufficient": _says(
        "担保可用余额{found}元，本票税款{needed}元：增加担保，或换一个担保企业。",
        "The guarantee has {found} CNY left, the tax is {needed}: add to it, or name another guarantor.",
    ),
    "selection.inspect": _says("配合查验，无须更正。", "Nothing to mend: the goods are examined."),
    "selection.review": _says("等候人工审核，无须更正。", "Nothing to mend: an officer looks at it."),
    "selection.random": _says("配合查验，无须更正。", "Nothing to mend: the goods are examined."),
    "officer.release": _says("关员已放行，无须更正。", "Nothing to mend: an officer has released it."),
    "officer.detain": _says("按关员的理由处理：{found}", "Do what the officer's reason says: {found}"),
    "officer.send_back": _says(
        "按关员的理由更正后重新申报：{found}", "Correct what the officer says and declare again: {found}"
    ),
    "declaration.unknown": _request,
    "declaration.state": _says(
        "清单状态{found}不能办理；可办理的状态是{needed}。",
        "Its state {found} does not allow it; one of {needed} would.",
    ),
    "return.late": _number_limit,
    "return.untallied": _says(
        "先报送退货申请（CEB213），受理后再理货。", "Send the return (CEB213) first; tally when it was taken."
    ),
    "return.quantity": lambda finding, facts, raw: (
        _number_limit(finding, facts, raw)
        if finding.needed
        else [_look(finding, "清单没有这一项，请删去。", "The declaration has no such line: leave it out.")]
    ),
}  # fmt: skip
"""How the nearest fix is found, by the slug of the rule. Every rule card has its way."""
