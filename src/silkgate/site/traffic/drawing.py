"""Drawing one parcel: an order, a payment, a waybill and a declaration that agree."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from silkgate.kernel.clock import CHINA
from silkgate.kernel.fixed import format_e5
from silkgate.site.traffic.documents import Declaration, DeclarationItem, Order, OrderItem, Payment, Waybill
from silkgate.site.traffic.goods import ARTICLES, STOCKED, TARIFF_BY_CODE, Article
from silkgate.site.traffic.people import Person, person
from silkgate.site.traffic.zone import ANNUAL_LIMIT_CENTS, SINGLE_LIMIT_CENTS, Shop, Zone

_FREIGHT_CENTS = (0, 0, 0, 600, 800, 1000, 1200, 1250, 1500, 1800, 2390)
_INSURED_CENTS = (0, 0, 0, 0, 0, 0, 100, 135, 200)
_QUANTITIES = (1, 1, 1, 1, 1, 1, 2, 2, 3, 4)
_LINES = (1, 1, 1, 1, 1, 1, 2, 2, 3, 4)
_LIKELY_QUANTITIES = 20
SCATTER, SCATTERED = 1_618_033_988_749, 10**13
"""Numbers of orders and parcels come in no order: that of the nth is n times the first modulo the second; they have no
common factor, so none comes twice."""


class Parcel(NamedTuple):
    """Four documents of one purchase, and what is to become of it.

    `fault` is the one reason it is refused or waits for ("" none); `status` the state it ends in ("" where that hangs
    on who comes first). `missing` names the companion that is never sent, `late` the one sent after the declaration.
    """

    number: int
    order: Order
    payment: Payment
    waybill: Waybill
    declaration: Declaration
    fault: str = ""
    status: str = "800"
    missing: str = ""
    late: str = ""


class Line(NamedTuple):
    """One goods line: what, how many, price of one in cents, country of origin."""

    shelf: Shelf
    qty: int
    price_cents: int
    country: str


class Shelf(NamedTuple):
    """An article with everything about it that is the same in every parcel, as text."""

    article: Article
    record_no: str
    bar_code: str
    unit1: str
    unit2: str | None
    quantities: tuple[str, ...]
    statutory: tuple[str, ...]
    second: tuple[str, ...] | None
    price_cents: int
    price_span_cents: int
    tax_per_yuan: float
    held: int


def _money(cents: int) -> str:
    """`format_cents` of what is never negative, without its care: it runs ten times for each parcel."""
    return f"{cents // 100}.{cents % 100:02d}"


def _shelf(zone: Zone, article: Article) -> Shelf:
    line = TARIFF_BY_CODE[article.gcode]
    consumption = 0.0 if line.consumption_threshold else float(line.consumption_rate)
    counts = range(_LIKELY_QUANTITIES)
    actions = [
        _HELD[action]
        for kind, value, action in zone.selection
        if kind == "gcode_prefix" and article.gcode.startswith(value)
    ]
    return Shelf(
        article,
        zone.record_no(article),
        "69" + f"{sum(map(ord, article.sku)) * 7_919 % 10**11:011d}",
        line.unit1,
        line.unit2 or None,
        tuple(str(n) for n in counts),
        tuple(format_e5(article.statutory_e5 * n) for n in counts),
        tuple(format_e5(article.second_e5 * n) for n in counts) if line.unit2 else None,
        article.price_from * 100,
        (article.price_to - article.price_from) * 100,
        0.7 * (consumption + float(line.vat_rate)) / (1 - consumption),
        max(actions, default=0),
    )


_HELD = {"review": 1, "inspect": 2}
_STATUS = ("800", "300", "500")


class Times(NamedTuple):
    """What the four documents of parcels of one second say about time."""

    order: str
    payment: str
    waybill: str
    declaration: str
    day: str
    flight: str
    bill: str


class Draw:
    """Draws parcels of a zone. `clock` is the time of the first; the same arguments and calls give the same parcels."""

    def __init__(self, zone: Zone, seed: int, start: int, clock: datetime, buyers: int) -> None:
        self.zone = zone
        self.random = Random(  # noqa: S311 - repeatable is what is wanted
            f"{zone.seed}:{seed}:{start}:{clock.isoformat()}"
        )
        self._clock = clock.astimezone(CHINA)
        self._second = -1
        self.at_second(0)
        self._shelves = {article.sku: _shelf(zone, article) for article in STOCKED}
        shelves = [self._shelves[article.sku] for article in ARTICLES for _ in range(article.heat)]
        self._bonded = tuple(shelves)
        self._direct = tuple(s for s in shelves if "9610" in TARIFF_BY_CODE[s.article.gcode].listed_modes)
        self._shops = tuple(shop for shop in zone.shops for _ in range(shop.weight))
        self._held_shops = {value: _HELD[action] for kind, value, action in zone.selection if kind == "ebc_code"}
        self._held_countries = {value: _HELD[action] for kind, value, action in zone.selection if kind == "country"}
        self._next_buyer = (zone.seed * 31 + seed) % 10 * 100_000
        self._people: list[Person] = []
        self._spent_cents: list[int] = []
        self._buyers = buyers
        self._ranks: dict[int, int] = {}

    def at_second(self, second: int) -> None:
        """Sets the time of what is drawn next, in seconds after the first."""
        if second == self._second:
            return
        self._second = second
        ordered = self._clock + timedelta(seconds=second)
        texts = [(ordered + timedelta(seconds=after)).strftime("%Y%m%d%H%M%S") for after in (0, 6, 35, 41)]
        day = texts[3][:8]
        flight = f"CZ{int(day) % 9_000 + 1_000}"
        self._times = Times(texts[0], texts[1], texts[2], texts[3], day, flight, f"784-{day}")

    def fresh_buyer(self) -> Person:
        """A person whom no parcel of this stream has named yet."""
        self._next_buyer += 1
        return person(self._next_buyer)

    def _buyer(self, dutiable_cents: int) -> Person:
        """A buyer with that much left of the year; a few buy often, most seldom."""
        share = self.random.random()
        rank = int(self._buyers * share * share * share)
        place = self._ranks.get(rank)
        if place is None:
            place = self._ranks[rank] = len(self._people)
            self._people.append(self.fresh_buyer())
            self._spent_cents.append(0)
        elif self._spent_cents[place] + dutiable_cents > ANNUAL_LIMIT_CENTS:
            self._people[place], self._spent_cents[place] = self.fresh_buyer(), 0
        self._spent_cents[place] += dutiable_cents
        return self._people[place]

    def shelf(self, article: Article) -> Shelf:
        """The article's texts; also of articles that no shop of the zone sells."""
        if article.sku not in self._shelves:
            self._shelves[article.sku] = _shelf(self.zone, article)
        return self._shelves[article.sku]

    def line(self, article: Article, qty: int = 1) -> Line:
        """A line of `article` at a price from its range."""
        shelf = self.shelf(article)
        price = shelf.price_cents + int(self.random.random() * shelf.price_span_cents)
        return Line(shelf, qty, price, self.random.choice(article.countries))

    def _lines(self, bonded: bool) -> list[Line]:
        """One to four lines of what sells, together below the single limit."""
        rnd = self.random.random
        shelves = self._bonded if bonded else self._direct
        lines = []
        left = SINGLE_LIMIT_CENTS - 5_000
        for _ in range(_LINES[int(rnd() * 10)]):
            shelf = shelves[int(rnd() * len(shelves))]
            price = shelf.price_cents + int(rnd() * shelf.price_span_cents)
            qty = _QUANTITIES[int(rnd() * 10)]
            left -= price * qty
            if left < 0:
                break
            countries = shelf.article.countries
            lines.append(Line(shelf, qty, price, countries[int(rnd() * len(countries))]))
        return lines or [Line(shelves[0], 1, shelves[0].price_cents, shelves[0].article.countries[0])]

    def parcel(
        self,
        number: int,
        *,
        bonded: bool | None = None,
        shop: Shop | None = None,
        lines: Sequence[Line] = (),
        buyer: Person | None = None,
    ) -> Parcel:
        """A parcel whose documents agree; what is not given is drawn."""
        rnd = self.random.random
        bonded = rnd() < 0.7 if bonded is None else bonded
        shop = shop or self._shops[int(rnd() * len(self._shops))]
        lines = lines or self._lines(bonded)
        freight = _FREIGHT_CENTS[int(rnd() * 11)]
        insured = _INSURED_CENTS[int(rnd() * 9)]
        goods = sum([line.qty * line.price_cents for line in lines])
        buyer = buyer or self._buyer(goods + freight + insured)
        discount = int(goods * 0.15 * rnd()) if rnd() < 0.12 else 0
        return self.purchase(number, shop, buyer, bonded, lines, freight, insured, discount)

    def purchase(
        self,
        number: int,
        shop: Shop,
        buyer: Person,
        bonded: bool,
        lines: Sequence[Line],
        freight_cents: int,
        insured_cents: int,
        discount_cents: int,
    ) -> Parcel:
        """The four agreeing documents of exactly this purchase."""
        times = self._times
        bits = self.random.getrandbits(108)
        guid = (
            f"{bits >> 76:08X}-{bits >> 60 & 0xFFFF:04X}-4{bits >> 48 & 0xFFF:03X}-A{bits >> 36 & 0xFFF:03X}-"
            f"{bits & 0xFFFFFFFFF:09X}00"
        )
        scattered = number * SCATTER % SCATTERED
        order_no, logistics_no, payment_no = f"SG{scattered:013d}", f"KG{scattered:013d}", f"{times.day}{number:014d}"
        freight, insured = _money(freight_cents), _money(insured_cents)
        goods_cents, grams, held, tax_yuan = 0, 150, self._held_shops.get(shop.ebc.code, 0), 0.0
        order_items, declaration_items = [], []
        for index, (shelf, qty, price_cents, country) in enumerate(lines, start=1):
            article, gnum, price = shelf.article, str(index), _money(price_cents)
            total_cents = price_cents * qty
            total, quantity = _money(total_cents), shelf.quantities[qty]
            goods_cents += total_cents
            grams += article.weight_grams * qty
            tax_yuan += total_cents * shelf.tax_per_yuan
            held = max(held, shelf.held, self._held_countries.get(country, 0))
            order_items.append(
                OrderItem(
                    gnum,
                    article.sku,
                    article.name,
                    article.model,
                    article.unit,
                    quantity,
                    price,
                    total,
                    "142",
                    country,
                )
            )
            declaration_items.append(
                DeclarationItem(
                    gnum,
                    shelf.record_no if bonded else "",
                    article.sku,
                    article.name,
                    article.gcode,
                    article.name,
                    article.model,
                    shelf.bar_code,
                    country,
                    country,
                    "142",
                    quantity,
                    article.unit,
                    shelf.statutory[qty],
                    shelf.unit1,
                    shelf.second[qty] if shelf.second else None,
                    shelf.unit2,
                    price,
                    total,
                )
            )
        tax_cents = int(tax_yuan + 0.5) if shop.withholds_tax else 0
        charged_cents = freight_cents + insured_cents
        paid = _money(goods_cents + charged_cents + tax_cents - discount_cents)
        weight = f"{grams / 1000:.3f}"
        order = Order(
            guid + "1",
            "1",
            times.order,
            "2",
            "I",
            order_no,
            shop.ebp.code,
            shop.ebp.name,
            shop.ebc.code,
            shop.ebc.name,
            _money(goods_cents),
            _money(charged_cents),
            _money(discount_cents),
            _money(tax_cents),
            paid,
            "142",
            buyer.account,
            buyer.name,
            buyer.telephone,
            "1",
            buyer.id_number,
            shop.pay.code,
            shop.pay.name,
            payment_no,
            buyer.name,
            buyer.telephone,
            buyer.address,
            buyer.district,
            tuple(order_items),
        )
        payment = Payment(
            guid + "2",
            "1",
            times.payment,
            "2",
            shop.pay.code,
            shop.pay.name,
            payment_no,
            order_no,
            shop.ebp.code,
            shop.ebp.name,
            "1",
            buyer.id_number,
            buyer.name,
            buyer.telephone,
            paid,
            "142",
            times.payment,
        )
        waybill = Waybill(
            guid + "3",
            "1",
            times.waybill,
            "2",
            shop.logistics.code,
            shop.logistics.name,
            logistics_no,
            "" if bonded else times.bill,
            order_no,
            freight,
            insured,
            "142",
            weight,
            "1",
            lines[0].shelf.article.name,
            buyer.name,
            buyer.address,
            buyer.telephone,
        )
        declaration = Declaration(
            guid + "4",
            "1",
            times.declaration,
            "2",
            order_no,
            shop.ebp.code,
            shop.ebp.name,
            shop.ebc.code,
            shop.ebc.name,
            logistics_no,
            shop.logistics.code,
            shop.logistics.name,
            f"C{number:013d}",
            "",
            shop.assure_code,
            shop.ems_no if bonded else "",
            "",
            "I",
            times.day,
            self.zone.customs_code,
            self.zone.customs_code,
            times.day,
            "1",
            buyer.id_number,
            buyer.name,
            buyer.telephone,
            buyer.address,
            shop.agent.code,
            shop.agent.name,
            shop.area.code if bonded else "",
            shop.area.name if bonded else "",
            "1210" if bonded else "9610",
            "Y" if bonded else "5",
            "" if bonded else times.flight,
            "" if bonded else times.day,
            "" if bonded else times.bill,
            "",
            "",
            "142" if bonded else lines[0].country,
            freight,
            insured,
            "142",
            "2",
            "1",
            weight,
            f"{(grams - 150) / 1000:.3f}",
            tuple(declaration_items),
        )
        return Parcel(number, order, payment, waybill, declaration, "", _STATUS[held])
