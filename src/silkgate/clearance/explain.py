"""Decisions and tax in words: findings become reasons with their law, an assessment becomes rows that add up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import NamedTuple

from silkgate.clearance.domain import AssessedLine, Assessment
from silkgate.clearance.evidence import PERSONAL, coded, field_name
from silkgate.kernel.findings import Finding
from silkgate.kernel.text import Text
from silkgate.tariff.api import Card, NotInForceError, cards, parameter
from silkgate.ui.formats import decimal, masked, yuan
from silkgate.ui.shapes import Decision, Law, MoneyGroup, MoneyLine, MoneySum, MoneyTable, Reason
from silkgate.ui.states import declaration_state

ENGINE = Text("通关引擎", "Clearance engine")

SUMMARIES = {
    "1": Text(
        "清单已暂存；以申报状态（appStatus 2）再次报送后开始审核。",
        "A draft; it is checked once sent with appStatus 2.",
    ),
    "2": Text(
        "单证尚未到齐，到齐后自动审核，无需重新申报。",
        "Documents are missing; it is checked by itself once they arrive.",
    ),
    "300": Text(
        "各项比对通过，已占用额度、库存和担保；转人工审核。",
        "All checks passed and what it needs is reserved; an officer reviews it.",
    ),
    "500": Text(
        "各项比对通过，已占用额度、库存和担保；布控查验。",
        "All checks passed and what it needs is reserved; goods are to be examined.",
    ),
    "800": Text(
        "单证一致，限值、库存和担保足够，已放行。",
        "Documents agree; limits, stock and guarantee suffice; released.",
    ),
    "cancelled": Text(
        "已按撤销申请撤销；额度、库存和担保已全部退回。",
        "Cancelled on application; allowance, stock and guarantee went back in full.",
    ),
    "part_returned": Text(
        "部分商品已退货；相应的额度、税款和库存已退回。",
        "Some goods were returned; allowance, tax and stock went back in proportion.",
    ),
    "returned": Text(
        "全部商品已退货；额度、税款和库存已退回。",
        "All goods were returned; allowance, tax and stock went back.",
    ),
}
_EXPORTS = {
    "300": Text("各项比对通过；转人工审核。", "All checks passed; an officer reviews it."),
    "500": Text("各项比对通过；布控查验。", "All checks passed; the goods are to be examined."),
    "800": Text("单证一致，已放行，等待离境；不征税。", "Documents agree; released without tax, the goods may leave."),
    "899": Text("货物已离境，清单结关。", "The goods have left the country; the list is closed."),
    "cancelled": Text(
        "已按撤销申请撤销；1210出口占用的库存已退回。", "Cancelled on application; stock taken under 1210 went back."
    ),
    "part_returned": Text(
        "部分商品申请退回；1210出口的商品理货后重新计入库存。",
        "Some goods come back; those of 1210 are stock again once they are tallied.",
    ),
    "returned": Text(
        "全部商品申请退回；1210出口的商品理货后重新计入库存。",
        "All goods come back; those of 1210 are stock again once they are tallied.",
    ),
}
"""Of export lists, where they differ."""
_EXPORT_REFUSED = Text(
    "未通过审核，未占用库存；改正后可以重新申报。", "Not accepted; no stock was taken. Correct it and declare again."
)
_DETAINED = Text("关员决定扣留，理由见下。", "An officer detained the goods for the reason given.")
_REFUSED = Text(
    "未通过审核，未占用额度、库存和担保；改正后可以重新申报。",
    "Not accepted; nothing was taken. Correct it and declare again.",
)


def law_of_card(card: Card) -> Law:
    """Where a rule is written, with the page that explains it."""
    return Law(card.law_text, card.in_force_from, f"/rules/{card.slug}", card.verified)


def reason(finding: Finding, *, in_full: bool, exported: bool = False) -> Reason:
    """One finding as people read it; personal values masked unless `in_full`. KeyError for a code without a card.

    `exported`: of an export list, whose countries are those of destination.
    """
    card = cards()[finding.code]
    if finding.field in PERSONAL and not in_full and finding.code != "buyer.id":
        finding = finding._replace(found=masked(finding.found), needed=masked(finding.needed))
    elif finding.field in PERSONAL and not in_full:
        finding = finding._replace(found=masked(finding.found))
    name = field_name(finding.field, exported=exported) if finding.field else None
    zh, en = (finding._replace(field=word) for word in name or ("", ""))
    return Reason(
        code=finding.code,
        rule=Text(card.tell(zh).zh, card.tell(en).en),
        field=name,
        element=finding.field,
        line=finding.line,
        found=coded(finding.field, finding.found),
        needed=coded(finding.field, finding.needed),
        law=law_of_card(card),
        nearest=Text(card.advise(zh).zh, card.advise(en).en),
        help_href=f"/help/{finding.code}",
    )


_SELECTED_FIELDS = {
    "gcode_prefix": "gcode",
    "ebc_code": "ebcCode",
    "country": "country",
    "credit_class": "creditClass",
}


def selection_findings(state: str, selected_by: Iterable[str], invt_no: str) -> list[Finding]:
    """Why a person has to look, as findings: `kind:value` of selection rules, or `random`."""
    findings = []
    for selected in selected_by:
        kind, _, value = selected.partition(":")
        if kind == "random":
            findings.append(Finding("selection.random", "invtNo", invt_no))
        else:
            code = "selection.inspect" if state == "500" else "selection.review"
            findings.append(Finding(code, _SELECTED_FIELDS.get(kind, kind), value))
    return findings


def decision(
    state: str,
    findings: Iterable[Finding],
    *,
    when: datetime | None,
    who: Text = ENGINE,
    in_full: bool,
    proof_href: str = "",
    exported: bool = False,
) -> Decision:
    """The decision panel of a declaration in `state` with the findings behind it; `exported`: of an export list."""
    told = tuple(reason(finding, in_full=in_full, exported=exported) for finding in findings)
    return Decision(state, _summary(state, exported=exported), told, who, when, proof_href)


def _summary(state: str, *, exported: bool) -> Text:
    known = declaration_state(state)
    if known.mark == "refused":
        return _EXPORT_REFUSED if exported else _REFUSED
    told = (_EXPORTS.get(state) if exported else None) or SUMMARIES.get(state)
    return told or (_DETAINED if known.mark == "held" else known.meaning)


# --- Tax, line by line ---------------------------------------------------------------------------------------------


class Priced(NamedTuple):
    """What the declaration says of a goods line."""

    name: str
    total_price_cents: int


def _parameter_law(name: str, day: date) -> Law | None:
    try:
        value = parameter(name, day)
    except NotInForceError:
        return None
    return Law(value.law.text, value.since, f"/rules#{name}", value.verified and value.law.verified)


def _percent(rate_e6: int) -> str:
    return f"{(Decimal(rate_e6) / 10_000).normalize():f}%"


def _money(amount: Fraction) -> str:
    """An exact amount in CNY with two decimals, or with up to six and ≈ where it has more."""
    exact = Decimal(amount.numerator) / Decimal(amount.denominator)
    if amount * 100 == int(amount * 100):
        return f"¥{exact:,.2f}"
    return f"≈ ¥{exact:,.6f}".rstrip("0")


def _cents(amount: Fraction) -> int:
    return int((Decimal(amount.numerator) * 100 / Decimal(amount.denominator)).quantize(Decimal(1), ROUND_HALF_UP))


class _Chain(NamedTuple):
    """The unrounded chain of one line, in CNY."""

    dutiable: Fraction
    duty: Fraction
    specific: Fraction
    composite: Fraction
    consumption: Fraction
    value_added: Fraction
    consumption_e6: int


def _chain(line: AssessedLine, assessment: Assessment, *, consumed: bool) -> _Chain:
    """Contract §4 in exact fractions. `consumed`: consumption tax applies (unit value reaches its threshold)."""
    dutiable = Fraction(line.dutiable_cents, 100)
    duty = dutiable * Fraction(line.duty_e6, 10**6) if assessment.full_rates else Fraction(0)
    factor = Fraction(1) if assessment.full_rates else Fraction(assessment.factor)
    consumption_e6 = line.consumption_e6 if consumed else 0
    rate = Fraction(consumption_e6, 10**6)
    specific = Fraction(line.qty1_e5, 10**5) * Fraction(line.specific_e6, 10**6) if consumed else Fraction(0)
    composite = (dutiable + duty + specific) / (1 - rate)
    return _Chain(
        dutiable,
        duty,
        specific,
        composite,
        factor * (composite * rate + specific),
        factor * composite * Fraction(line.value_added_e6, 10**6),
        consumption_e6,
    )


def _chain_as_assessed(line: AssessedLine, assessment: Assessment) -> _Chain:
    """The chain that gives the amounts on record: with consumption tax, or without where the unit value is too low."""
    with_tax, without = (_chain(line, assessment, consumed=consumed) for consumed in (True, False))
    agrees = _cents(with_tax.consumption) == line.consumption_tax_cents
    return with_tax if agrees and _cents(with_tax.value_added) == line.value_added_tax_cents else without


def tax_table(assessment: Assessment, goods: Mapping[int, Priced], day: date) -> MoneyTable:
    """Every tax of every line: base, rate, working, amount, law; and the sums. `goods` by gnum, `day` of the law."""
    reduced_law = _parameter_law("retail_import.vat_ct_factor", day)
    duty_law = _parameter_law("retail_import.duty_rate_within_limit", day)
    full_law = law_of_card(cards()["limit.single"])
    groups = tuple(
        _tax_group(line, assessment, goods.get(line.gnum), full_law if assessment.full_rates else reduced_law,
                   full_law if assessment.full_rates else duty_law)
        for line in assessment.lines
    )  # fmt: skip
    lines = assessment.lines
    sums = [
        (Text("完税价格合计", "Dutiable value in all"), tuple(line.dutiable_cents for line in lines), False),
        (Text("关税合计", "Customs duty in all"), tuple(line.duty_cents for line in lines), False),
        (Text("消费税合计", "Consumption tax in all"), tuple(line.consumption_tax_cents for line in lines), False),
        (Text("增值税合计", "VAT in all"), tuple(line.value_added_tax_cents for line in lines), False),
        (
            Text("应缴税款", "Tax due"),
            (assessment.duty_cents, assessment.consumption_tax_cents, assessment.value_added_tax_cents),
            True,
        ),
    ]
    caption = (
        Text(
            "单件不可分割商品超过单次限值，按全额税率计税。",
            "A single item above the limit: duty and taxes at full rates.",
        )
        if assessment.full_rates
        else Text(
            f"限值以内：关税为0，增值税、消费税按应纳税额的{_percent(int(Decimal(assessment.factor) * 10**6))}征收。",
            f"Within the limits: no duty; other taxes at {_percent(int(Decimal(assessment.factor) * 10**6))}.",
        )
    )
    return MoneyTable(caption, groups, tuple(MoneySum(*row) for row in sums))


def _tax_group(
    line: AssessedLine, assessment: Assessment, priced: Priced | None, tax_law: Law | None, duty_law: Law | None
) -> MoneyGroup:
    chain = _chain_as_assessed(line, assessment)
    reduced = "" if assessment.full_rates else f" × {_percent(int(Decimal(assessment.factor) * 10**6))}"
    dutiable = yuan(line.dutiable_cents)
    price = yuan(priced.total_price_cents) if priced else ""
    share = yuan(line.dutiable_cents - priced.total_price_cents) if priced else ""
    rows = [
        MoneyLine(
            Text("完税价格", "Dutiable value"), line.dutiable_cents,
            working=f"{price} + {share}" if priced else "",
            note=Text("总价＋分摊的运费、保费", "price + its share of freight and insurance"),
        ),
        MoneyLine(
            Text("关税", "Customs duty"), line.duty_cents, line.dutiable_cents,
            _percent(line.duty_e6 if assessment.full_rates else 0),
            f"{dutiable} × {_percent(line.duty_e6 if assessment.full_rates else 0)}", duty_law,
        ),
    ]  # fmt: skip
    composite = _money(chain.composite)
    parts = dutiable + (f" + {yuan(line.duty_cents)}" if chain.duty else "")
    if chain.specific:
        parts += f" + {_money(chain.specific)}"
    if chain.consumption_e6:
        parts = f"({parts}) ÷ (1 − {_percent(chain.consumption_e6)})"
    composed = parts != dutiable
    if line.consumption_e6 or line.specific_e6:
        rows.append(_consumption_row(line, chain, composite, reduced, tax_law))
    rows.append(
        MoneyLine(
            Text("增值税", "VAT"), line.value_added_tax_cents, _cents(chain.composite), _percent(line.value_added_e6),
            f"{composite} × {_percent(line.value_added_e6)}{reduced}", tax_law,
            Text(f"组成计税价格＝{parts}", f"composite price = {parts}") if composed else None,
        )
    )  # fmt: skip
    name = priced.name if priced else ""
    return MoneyGroup(Text(f"第{line.gnum}项 {name}", f"Line {line.gnum} {name}"), tuple(rows), line.gcode)


def _consumption_row(line: AssessedLine, chain: _Chain, composite: str, reduced: str, law: Law | None) -> MoneyLine:
    name = Text("消费税", "Consumption tax")
    if not chain.consumption_e6 and not chain.specific:
        return MoneyLine(
            name, line.consumption_tax_cents, law=law,
            note=Text("单位完税价格低于起征标准，不征消费税", "the unit value is below the threshold of this tax"),
        )  # fmt: skip
    pieces = []
    if chain.consumption_e6:
        pieces.append(f"{composite} × {_percent(chain.consumption_e6)}")
    if chain.specific:
        pieces.append(f"{decimal(line.qty1_e5)} × {_money(Fraction(line.specific_e6, 10**6))}")
    inner = " + ".join(pieces)
    working = f"({inner}){reduced}" if len(pieces) > 1 and reduced else inner + reduced
    return MoneyLine(
        name, line.consumption_tax_cents, _cents(chain.composite) if chain.consumption_e6 else None,
        _percent(chain.consumption_e6) if chain.consumption_e6 else "", working, law,
    )  # fmt: skip
