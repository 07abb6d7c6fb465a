"""One way of going wrong for each reason that clearing may give: each parcel made here has that reason and no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from silkgate.kernel.fixed import CENT_E5, e5, format_cents
from silkgate.site.traffic.drawing import Draw, Parcel
from silkgate.site.traffic.goods import DEAR_ARTICLE, PROHIBITED_ARTICLE, SCARCE, UNLISTED_ARTICLE

Fault = Callable[[Draw, int], Parcel]


def _order(parcel: Parcel, **changes: Any) -> Parcel:
    return parcel._replace(order=parcel.order._replace(**changes), status="100")


def _payment(parcel: Parcel, **changes: Any) -> Parcel:
    return parcel._replace(payment=parcel.payment._replace(**changes), status="100")


def _waybill(parcel: Parcel, **changes: Any) -> Parcel:
    return parcel._replace(waybill=parcel.waybill._replace(**changes), status="100")


def _declaration(parcel: Parcel, **changes: Any) -> Parcel:
    return parcel._replace(declaration=parcel.declaration._replace(**changes), status="100")


def _first_item(parcel: Parcel, **changes: Any) -> Parcel:
    first, *others = parcel.declaration.items
    return _declaration(parcel, items=(first._replace(**changes), *others))


def _plus(amount: str, cents: int) -> str:
    return format_cents(e5(amount) // CENT_E5 + cents)


def party_unknown(draw: Draw, number: int) -> Parcel:
    parcel = draw.parcel(number, bonded=True)
    code = f"41019{draw.random.randrange(10_000):04d}9"
    # Not assureCode: an unknown guarantor is at the same time none of the parties, and that has a reason of its own.
    return _declaration(parcel, area_code=code)._replace(status="-10102")


def party_role(draw: Draw, number: int) -> Parcel:
    parcel = draw.parcel(number, bonded=True)
    declaration = parcel.declaration
    own = (declaration.ebp_code, declaration.ebc_code, declaration.logistics_code)
    stranger = next(e for e in draw.zone.in_role("assure") if e.code not in own)
    change = {"assure_code": stranger.code} if number % 2 else {"area_code": declaration.logistics_code}
    return _declaration(parcel, **change)._replace(status="-10101")


def field_mode(draw: Draw, number: int) -> Parcel:
    parcel = draw.parcel(number)
    if parcel.declaration.trade_mode == "9610":
        return _declaration(parcel, **{draw.random.choice(("traf_no", "voyage_no", "bill_no")): ""})
    if number % 2:
        return _first_item(parcel, item_record_no="")
    return _declaration(parcel, **{draw.random.choice(("ems_no", "area_name")): ""})


def mode_unsupported(draw: Draw, number: int) -> Parcel:
    return _declaration(draw.parcel(number), trade_mode=draw.random.choice(("0110", "9710", "1039")))


def buyer_id(draw: Draw, number: int) -> Parcel:
    parcel = draw.parcel(number)
    good = parcel.order.buyer_id_number
    broken = good[:-1] + ("1" if good[-1] != "1" else "2")
    parcel = _order(parcel, buyer_id_number=broken)
    return _declaration(_payment(parcel, payer_id_number=broken), buyer_id_number=broken)


def field_amount(draw: Draw, number: int) -> Parcel:
    parcel = draw.parcel(number)
    if number % 2:
        return _first_item(parcel, qty1="0")
    freight = parcel.declaration.freight + "5"
    return _declaration(_waybill(parcel, freight=freight), freight=freight)


def _waiting(companion: str) -> Fault:
    def make(draw: Draw, number: int) -> Parcel:
        return draw.parcel(number)._replace(missing=companion, status="2")

    return make


def match_ebc(draw: Draw, number: int) -> Parcel:
    parcel = draw.parcel(number)
    other = next(e for e in draw.zone.in_role("ebc") if e.code != parcel.order.ebc_code)
    return _order(parcel, ebc_code=other.code, ebc_name=other.name)


def match_buyer(draw: Draw, number: int) -> Parcel:
    parcel = draw.parcel(number)
    other = draw.fresh_buyer()
    if number % 2:
        return _declaration(parcel, buyer_id_number=other.id_number)
    return _declaration(parcel, buyer_name=other.name + "宇")


def match_items(draw: Draw, number: int) -> Parcel:
    parcel = draw.parcel(number)
    if number % 3 == 0:
        return _first_item(parcel, country="501")
    if number % 3 == 1:
        return _first_item(parcel, total_price=_plus(parcel.declaration.items[0].total_price, -1))
    return _first_item(parcel, qty=str(int(parcel.declaration.items[0].qty) + 1))


def match_order_sum(draw: Draw, number: int) -> Parcel:
    parcel = draw.parcel(number)
    return _order(parcel, discount=_plus(parcel.order.discount, 2 + number % 7))


def match_amount(draw: Draw, number: int) -> Parcel:
    parcel = draw.parcel(number)
    return _payment(parcel, amount_paid=_plus(parcel.payment.amount_paid, -1 if number % 2 else 200))


def match_payer(draw: Draw, number: int) -> Parcel:
    other = draw.fresh_buyer()
    return _payment(draw.parcel(number), payer_id_number=other.id_number, payer_name=other.name + "宇")


def match_payment_no(draw: Draw, number: int) -> Parcel:
    parcel = draw.parcel(number)
    return _payment(parcel, pay_transaction_id=parcel.payment.pay_transaction_id + "9")


def match_consignee(draw: Draw, number: int) -> Parcel:
    parcel = draw.parcel(number)
    if number % 2:
        return _waybill(parcel, consignee_telephone=draw.fresh_buyer().telephone + "0")
    return _waybill(parcel, consignee_address=parcel.waybill.consignee_address + "（菜鸟驿站）")


def match_waybill_order(draw: Draw, number: int) -> Parcel:
    parcel = draw.parcel(number)
    return _waybill(parcel, order_no=parcel.waybill.order_no + "X")


def match_freight(draw: Draw, number: int) -> Parcel:
    parcel = draw.parcel(number)
    return _waybill(parcel, insured_fee=_plus(parcel.declaration.insured_fee, 150))


def goods_unknown(draw: Draw, number: int) -> Parcel:
    return _first_item(draw.parcel(number), gcode=f"98765{number % 100_000:05d}")


def goods_unlisted(draw: Draw, number: int) -> Parcel:
    return draw.parcel(number, bonded=False, lines=[draw.line(UNLISTED_ARTICLE)])._replace(status="100")


def goods_prohibited(draw: Draw, number: int) -> Parcel:
    return draw.parcel(number, bonded=False, lines=[draw.line(PROHIBITED_ARTICLE)])._replace(status="100")


def limit_single(draw: Draw, number: int) -> Parcel:
    lines = [draw.line(DEAR_ARTICLE, qty=2)]
    return draw.parcel(number, lines=lines, buyer=draw.fresh_buyer())._replace(status="-621005")


def limit_annual(draw: Draw, number: int) -> Parcel:
    buyer, _ = draw.random.choice(draw.zone.spent_buyers)
    return draw.parcel(number, buyer=buyer)._replace(status="-621018")


def book_unknown(draw: Draw, number: int) -> Parcel:
    parcel = draw.parcel(number, bonded=True)
    if number % 2:
        return _first_item(parcel, item_record_no="R999")
    return _declaration(parcel, ems_no=f"T{draw.zone.customs_code}W999999")


def book_mismatch(draw: Draw, number: int) -> Parcel:
    parcel = draw.parcel(number, bonded=True)
    if number % 2:
        other = next(area for area in draw.zone.in_role("area") if area.code != parcel.declaration.area_code)
        return _declaration(parcel, area_code=other.code, area_name=other.name)
    gcode = parcel.declaration.items[0].gcode
    record = next(item.item_record_no for item in draw.zone.books if item.gcode != gcode)
    return _first_item(parcel, item_record_no=record)


def book_insufficient(draw: Draw, number: int) -> Parcel:
    lines = [draw.line(SCARCE[0], qty=draw.zone.scarce_stock + 1)]
    return draw.parcel(number, bonded=True, lines=lines)._replace(status="100")


def guarantee_insufficient(draw: Draw, number: int) -> Parcel:
    zone = draw.zone
    shop = next(shop for shop in zone.shops if shop.ebc.code == zone.without_guarantee)
    return _declaration(draw.parcel(number, shop=shop), assure_code=zone.without_guarantee)


FAULTS: dict[str, Fault] = {
    "party.unknown": party_unknown,
    "party.role": party_role,
    "field.mode": field_mode,
    "mode.unsupported": mode_unsupported,
    "buyer.id": buyer_id,
    "field.amount": field_amount,
    "waiting.order": _waiting("order"),
    "waiting.payment": _waiting("payment"),
    "waiting.waybill": _waiting("waybill"),
    "match.ebc": match_ebc,
    "match.buyer": match_buyer,
    "match.items": match_items,
    "match.order_sum": match_order_sum,
    "match.amount": match_amount,
    "match.payer": match_payer,
    "match.payment_no": match_payment_no,
    "match.consignee": match_consignee,
    "match.waybill_order": match_waybill_order,
    "match.freight": match_freight,
    "goods.unknown": goods_unknown,
    "goods.unlisted": goods_unlisted,
    "goods.prohibited": goods_prohibited,
    "limit.single": limit_single,
    "limit.annual": limit_annual,
    "book.unknown": book_unknown,
    "book.mismatch": book_mismatch,
    "book.insufficient": book_insufficient,
    "guarantee.insufficient": guarantee_insufficient,
}
