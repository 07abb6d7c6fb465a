"""A few services of the demo zone's firms, with two orders that were carried out: made up, and marked so."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from silkgate.identity.api import PERSON, Actor
from silkgate.kernel.clock import china_day
from silkgate.kernel.text import Text
from silkgate.programmes import api as market
from silkgate.programmes.api import Price, Quoted, Terms, Wanted


class _Offered(NamedTuple):
    code: str
    kind: str
    title: Text
    about: Text
    form: str
    cents: int | None
    conditions: Text
    area: Text
    capacity: Text = Text("", "")


_DAMAGE = Text(
    "破损、遗失按货值赔付；次月5日结算。",
    "Damage and loss are made good at value; settled on the 5th of the next month.",
)
_HOURS = Text(
    "工作日8:30至18:00受理，2小时内答复。", "Taken on working days from 8:30 to 18:00, answered within 2 hours."
)
_CHINA, _BONDED_ZONE = Text("全国", "All of China"), Text("新郑综保区", "Xinzheng bonded zone")

SERVICES = (
    _Offered("41019800L1", "logistics", Text("空港次日达", "Next-day delivery from the airport zone"),
             Text("新郑综保区出区包裹次日送达全国主要城市，含签收回传。",
                  "Parcels leaving the Xinzheng bonded zone reach the main cities next day; signatures are sent back."),
             "parcel", 420, _DAMAGE, _CHINA, Text("每日20000件", "20,000 parcels a day")),
    _Offered("41019800L2", "logistics", Text("陆港经济快递", "Economy parcels from the inland port"),
             Text("河南省内次日、全国三日送达。", "Henan next day, the rest of China within three days."),
             "parcel", 290, _DAMAGE, _CHINA, Text("每日8000件", "8,000 parcels a day")),
    _Offered("41019800L3", "logistics", Text("中欧班列拼箱", "Part loads on the Zhengzhou–Europe trains"),
             Text("郑州至汉堡、列日，每周六班，含集货和报关。",
                  "Zhengzhou to Hamburg and Liège six times a week, collection and customs included."),
             "kg", 1_150, _DAMAGE, Text("中欧", "China–Europe"), Text("每周40标箱", "40 TEU a week")),
    _Offered("41014600W1", "storage", Text("保税仓储与打包", "Bonded storage and packing"),
             Text("上架、贴标、打包、出区一条龙，按件计价。",
                  "Shelving, labels, packing and leaving the zone, by the parcel."),
             "parcel", 180, _HOURS, _BONDED_ZONE, Text("2万平方米", "20,000 m²")),
    _Offered("41014600W2", "storage", Text("恒温保税仓", "Bonded storage at controlled temperature"),
             Text("15至20℃恒温，适合保健品、巧克力和化妆品，按托盘月计价。",
                  "15 to 20 °C, for food supplements, chocolate and cosmetics, by pallet and month."),
             "month", 26_000, _HOURS, _BONDED_ZONE, Text("1200托盘", "1,200 pallets")),
    _Offered("41019800B1", "brokerage", Text("零售进口清单申报", "Retail import declarations"),
             Text("代理1210、9610清单申报、撤销和退货，系统直连。",
                  "Declares, cancels and returns under 1210 and 9610, connected to your system."),
             "parcel", 35, _HOURS, Text("郑州", "Zhengzhou"), Text("每日30000票", "30,000 declarations a day")),
    _Offered("41019800B3", "agency", Text("跨境综合服务代理", "Foreign-trade agency"),
             Text("备案、订舱、报关、结汇、退税代办，费用按项目商定。",
                  "Filing, booking, customs, exchange and tax refund, at a price by quotation."),
             "quote", None, _HOURS, Text("河南", "Henan")),
    _Offered("41019800Y2", "payment", Text("跨境收付款", "Cross-border payments"),
             Text("支付单实时推送海关，按月计费。", "Payment messages to customs in real time, by the month."),
             "month", 80_000, _HOURS, _CHINA),
    _Offered("41019600P2", "marketing", Text("新品直播推广", "Live shows for new products"),
             Text("每场两小时，含脚本、主播和数据复盘。",
                  "Two hours each, with script, host and a report on the figures."),
             "fixed", 600_000, _HOURS, _CHINA, Text("每周5场", "5 a week")),
)  # fmt: skip
"""What the demo zone's firms offer; codes are those of `traffic.enterprises`."""
_ORDERS = (
    ("41019800L1", "41019600E1", 5, "次日到得稳，破损为零。"),
    ("41019800B1", "41019600E2", 4, "申报很快，月底稍慢。"),
)
"""Provider, buyer, stars, words of the orders that were carried out."""


def fill_market(at: datetime) -> int:
    """Offer the demo's services, and let two orders be carried out and reviewed; how many services there are.

    By the functions that the pages use, in the name of somebody called demo.
    """
    numbers: dict[str, tuple[int, _Offered]] = {}
    for one in SERVICES:
        numbers[one.code] = (
            market.offer_service(_clerk(one.code), one.code, one.kind, _terms(one, at), at=at, demo=True),
            one,
        )
    for provider, buyer, stars, words in _ORDERS:
        _carry_out(*numbers[provider], buyer, stars, words, at)
    return len(SERVICES)


def _clerk(code: str) -> Actor:
    return Actor("demo", PERSON, roles={code: frozenset({"filer"})})


def _terms(one: _Offered, at: datetime) -> Terms:
    price = Price(one.form, one.cents, "CNY", True)
    return Terms(one.title, one.about, price, one.conditions, one.area, ("zh", "en"), one.capacity, china_day(at), None)


def _carry_out(service: int, one: _Offered, code: str, stars: int, words: str, at: datetime) -> None:
    buyer, provider = _clerk(code), _clerk(one.code)
    later = china_day(at) + timedelta(days=30)
    enquiry = market.enquire(buyer, code, service, Wanted("演示：每天五百个包裹。", 500, later), at=at)
    quoted = Quoted(Price(one.form, one.cents, "CNY", True), 500, "演示报价。", later, later)
    offer = market.quote(provider, enquiry.pk, quoted, at=at)
    order = market.accept(buyer, offer.pk, at=at)
    market.move_order(provider, order.pk, "deliver", at=at)
    market.move_order(buyer, order.pk, "confirm", at=at)
    market.review(buyer, order.pk, stars, words, at=at)
