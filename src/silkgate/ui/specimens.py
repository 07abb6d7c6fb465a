"""Values for the component page: one of each shape in each of its states. Facts are those of a made-up parcel."""

from __future__ import annotations

from datetime import date, datetime

from silkgate.kernel.clock import CHINA
from silkgate.kernel.text import Text
from silkgate.ui import shapes
from silkgate.ui.formats import yuan

WHEN = datetime(2026, 11, 23, 10, 0, 0, tzinfo=CHINA)
LIMIT_LAW = shapes.Law(Text("财关税〔2018〕49号", "Notice Cai Guan Shui 2018 No. 49"), date(2019, 1, 1), "#decision")
TAX_LAW = shapes.Law(Text("财关税〔2016〕18号", "Notice Cai Guan Shui 2016 No. 18"), date(2016, 4, 8), "#money")

REFUSED = shapes.Decision(
    status="-621005",
    summary=Text(
        "完税价格超过单次交易限值，不能按零售进口放行。", "The dutiable value is above the single-transaction limit."
    ),
    reasons=(
        shapes.Reason(
            code="limit.single",
            rule=Text(
                "单次交易完税价格不得超过5,000元；仅一件且不可分割的，可按全额税款通关。",
                "A transaction may not exceed ¥5,000 in dutiable value; one indivisible item may pass at full rates.",
            ),
            field=Text("完税价格", "Dutiable value"),
            element="totalPrice",
            found="¥5,120.00",
            needed="≤ ¥5,000.00",
            law=LIMIT_LAW,
            nearest=Text(
                "减少¥120.00，或分单销售不同商品。", "Lower it by ¥120.00, or sell the goods in separate orders."
            ),
        ),
        shapes.Reason(
            code="match.buyer",
            rule=Text("订单与清单的订购人须一致。", "Order and declaration must name the same buyer."),
            field=Text("订购人姓名", "Buyer’s name"),
            element="buyerName",
            line=2,
            found="李明花",
            needed="李明华",
            nearest=Text("将清单订购人姓名改为“李明华”。", "Change the buyer’s name in the declaration to “李明华”."),
        ),
    ),
    who=Text("通关引擎", "Clearance engine"),
    when=WHEN,
    proof_href="#timeline",
)
RELEASED = shapes.Decision(
    status="800",
    summary=Text("三单一致，税款已担保，未布控。", "Documents match, tax is guaranteed, not selected for control."),
    who=Text("通关引擎", "Clearance engine"),
    when=WHEN,
)
WAITING = shapes.Decision(
    status="2", summary=Text("尚缺支付单、运单。", "Payment and waybill have not arrived."), when=WHEN
)

COMPARISON = shapes.Comparison(
    sources=(
        shapes.Source(Text("清单", "Declaration"), "46112026I000000001"),
        shapes.Source(Text("订单", "Order"), "D202606180001"),
        shapes.Source(Text("支付单", "Payment"), "2026061889211009986849"),
        shapes.Source(Text("运单", "Waybill"), missing=True),
    ),
    groups=(
        shapes.ComparisonGroup(
            Text("订购人", "Buyer"),
            (
                shapes.compare(Text("姓名", "Name"), ("李明华", "李明花", "李明华", None), "buyerName"),
                shapes.compare(
                    Text("证件号码", "Identity number"),
                    ("410105198803129810", "410105198803129810", "410105198803129810", None),
                    "buyerIdNumber",
                ),
            ),
        ),
        shapes.ComparisonGroup(
            Text("金额", "Amounts"),
            (shapes.compare(Text("实付金额", "Amount paid"), (None, "340.90", "304.90", None), "acturalPaid"),),
        ),
    ),
    goods=(
        shapes.ComparisonGroup(
            Text("第1项 婴幼儿配方奶粉", "Line 1 Infant formula"),
            (
                shapes.compare(Text("数量", "Quantity"), ("2", "3"), "qty", reference=1),
                shapes.compare(Text("总价", "Total price"), ("329.90", "329.90"), "totalPrice"),
            ),
        ),
    ),
)

MONEY = shapes.MoneyTable(
    caption=Text("税款计算", "How the tax was computed"),
    groups=(
        shapes.MoneyGroup(
            Text("第1项 婴幼儿配方奶粉", "Line 1 Infant formula"),
            (
                shapes.MoneyLine(Text("完税价格", "Dutiable value"), 34_090, working="¥329.90 + ¥11.00"),
                shapes.MoneyLine(Text("关税", "Customs duty"), 0, 34_090, "0%", "¥340.90 × 0%", TAX_LAW),
                shapes.MoneyLine(Text("增值税", "VAT"), 3_102, 34_090, "13%", "¥340.90 × 13% × 70%", TAX_LAW),
            ),
            "1901101000",
        ),
        shapes.MoneyGroup(
            Text("第2项 护手霜", "Line 2 Hand cream"),
            (
                shapes.MoneyLine(Text("完税价格", "Dutiable value"), 10_000, working="¥100.00 + ¥0.00"),
                shapes.MoneyLine(Text("增值税", "VAT"), 910, 10_000, "13%", "¥100.00 × 13% × 70%", TAX_LAW),
            ),
            "3304990039",
        ),
    ),
    sums=(
        shapes.MoneySum(Text("完税价格合计", "Dutiable value in all"), (34_090, 10_000)),
        shapes.MoneySum(Text("增值税合计", "VAT in all"), (3_102, 910)),
        shapes.MoneySum(Text("应缴税款", "Tax due"), (0, 0, 4_012), strong=True),
    ),
)

EVENTS = (
    shapes.Event(
        WHEN, Text("收到清单", "Declaration received"), Text("豫见优选电子商务平台", "Platform"), mark="waiting"
    ),
    shapes.Event(
        WHEN, Text("三单到齐", "All documents arrived"), detail=Text("等待了2秒。", "Waited for 2 s."), mark="waiting"
    ),
    shapes.Event(
        WHEN, Text("放行", "Released"), Text("通关引擎", "Clearance engine"), mark="released", href="#decision"
    ),
)


def _balance(used: int, reserved: int, free: int) -> shapes.Balance:
    name = Text("2026年度个人额度", "Personal allowance of 2026")
    return shapes.Balance(name, used, reserved, free, yuan(used), yuan(reserved), yuan(free))


BALANCES = (_balance(1_234_500, 340_900, 1_024_600), _balance(0, 0, 2_600_000), _balance(2_600_000, 0, 0))

CHIPS = (
    shapes.Chip(Text("全部", "All"), "#chips", chosen=True, total=1286),
    shapes.Chip(Text("待齐单", "Waiting"), "#chips", total=12, mark="waiting"),
    shapes.Chip(Text("放行", "Released"), "#chips", total=1240, mark="released"),
    shapes.Chip(Text("查验", "Inspection"), "#chips", total=9, mark="held"),
    shapes.Chip(Text("退单", "Refused"), "#chips", total=25, mark="refused"),
)
PAGER = shapes.Pager(first_href="#chips", next_href="#chips")

CHART = shapes.Chart(
    Text("今日各状态票数", "Declarations today by state"),
    Text("状态", "State"),
    Text("票数", "Declarations"),
    (
        shapes.Bar(Text("放行", "Released"), 1240, "1,240", "released"),
        shapes.Bar(Text("退单", "Refused"), 25, "25", "refused"),
        shapes.Bar(Text("查验", "Inspection"), 9, "9", "held"),
    ),
)
