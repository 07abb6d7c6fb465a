"""Words of the market: prices, the courses of an enquiry and of an order, who makes which move. No database here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from silkgate.kernel.text import Text
from silkgate.ui.formats import grouped, yuan

# --- Prices -----------------------------------------------------------------------------------------------------------

FIXED, PER_PARCEL, PER_KG, PER_MONTH, QUOTE = "fixed", "parcel", "kg", "month", "quote"
FORMS = {
    FIXED: Text("一口价", "Fixed price"),
    PER_PARCEL: Text("按件", "Per parcel"),
    PER_KG: Text("按千克", "Per kg"),
    PER_MONTH: Text("按月", "Per month"),
    QUOTE: Text("面议", "By quotation"),
}
"""How a price is meant."""


class Unit(NamedTuple):
    """What a quantity counts: as a price is for each of it, and as several are counted."""

    each: Text
    many: Text


_JOB = Unit(Text("项", "job"), Text("项", "jobs"))
UNITS = {
    FIXED: _JOB,
    PER_PARCEL: Unit(Text("件", "parcel"), Text("件", "parcels")),
    PER_KG: Unit(Text("千克", "kg"), Text("千克", "kg")),
    PER_MONTH: Unit(Text("月", "month"), Text("个月", "months")),
    QUOTE: _JOB,
}
"""What a quantity counts under each form of price."""
CURRENCIES = ("CNY", "USD", "EUR", "GBP", "HKD")
"""Of which 100 cents make one."""
LANGUAGES = {
    "zh": Text("中文", "Chinese"),
    "en": Text("英语", "English"),
    "ru": Text("俄语", "Russian"),
    "ja": Text("日语", "Japanese"),
    "ko": Text("韩语", "Korean"),
    "de": Text("德语", "German"),
    "fr": Text("法语", "French"),
    "es": Text("西班牙语", "Spanish"),
}
"""In which a provider serves (ISO 639-1)."""
MOST_CENTS, MOST_QUANTITY = 10**11, 10**8


class Price(NamedTuple):
    """What something costs: cents of a currency for each unit of the form; by quotation there is no amount."""

    form: str
    cents: int | None
    currency: str
    tax_included: bool

    @property
    def words(self) -> Text:
        """The price as people read it."""
        if self.cents is None:
            return FORMS[QUOTE]
        unit, tax = UNITS[self.form].each, ("含税", "tax included") if self.tax_included else ("不含税", "before tax")
        shown = money(self.cents, self.currency)
        if self.form == FIXED:
            return Text(f"{shown}（{tax[0]}）", f"{shown} ({tax[1]})")
        return Text(f"{shown}/{unit.zh}（{tax[0]}）", f"{shown} per {unit.en} ({tax[1]})")

    def total_cents(self, quantity: int) -> int | None:
        """What `quantity` units cost; a fixed price is for all of it. None by quotation."""
        if self.cents is None:
            return None
        return self.cents if self.form == FIXED else self.cents * quantity

    def total(self, quantity: int) -> str:
        """What `quantity` units cost, as people read it; empty by quotation."""
        cents = self.total_cents(quantity)
        return "" if cents is None else money(cents, self.currency)


def money(cents: int, currency: str) -> str:
    """An amount as people read it.

    >>> money(123450, "CNY"), money(5, "USD")
    ('¥1,234.50', 'USD 0.05')
    """
    shown = yuan(cents)
    return shown if currency == "CNY" else f"{currency} {shown.removeprefix('¥')}"


def counted(form: str, quantity: int) -> Text:
    """A quantity with what it counts under a form of price.

    >>> counted(PER_PARCEL, 1200), counted(PER_MONTH, 1)
    (Text(zh='1,200件', en='1,200 parcels'), Text(zh='1个月', en='1 month'))
    """
    unit, number = UNITS[form], grouped(quantity)
    return Text(f"{number}{unit.many.zh}", f"{number} {(unit.each if quantity == 1 else unit.many).en}")


# --- Courses ----------------------------------------------------------------------------------------------------------

BUYER, PROVIDER, OPERATOR = "buyer", "provider", "operator"
SIDES = {
    BUYER: Text("需求方", "Buyer"),
    PROVIDER: Text("服务商", "Provider"),
    OPERATOR: Text("平台管理方", "Operator"),
}


class State(NamedTuple):
    """Where an enquiry or an order may stand."""

    words: Text
    waits_for: str
    """A side; empty: it is closed."""
    mark: str
    """Which of the five marks pages show."""


class Move(NamedTuple):
    """One thing to do, with the state that it leads to from each state for each side that may."""

    name: str
    words: Text
    ways: Mapping[tuple[str, str], str]
    reason: bool = False


class Course(NamedTuple):
    """States and moves of an enquiry, or of an order."""

    name: str
    states: Mapping[str, State]
    moves: Mapping[str, Move]

    def target(self, move: str, state: str, side: str) -> str | None:
        """The state to which `side` brings it by `move`; None: it may not."""
        return self.moves[move].ways.get((state, side)) if move in self.moves else None


def _moves(*moves: Move) -> dict[str, Move]:
    return {move.name: move for move in moves}


SENT, OFFERED, ORDERED, DECLINED, WITHDRAWN = "sent", "offered", "ordered", "declined", "withdrawn"

ENQUIRY = Course(
    "enquiry",
    {
        SENT: State(Text("已询价，待报价", "Waits for an offer"), PROVIDER, "waiting"),
        OFFERED: State(Text("已报价，待答复", "Offer made"), BUYER, "held"),
        ORDERED: State(Text("已成交", "Ordered"), "", "released"),
        DECLINED: State(Text("服务商谢绝", "Declined"), "", "refused"),
        WITHDRAWN: State(Text("需求方撤回", "Withdrawn"), "", "returned"),
    },
    _moves(
        Move("offer", Text("报价", "Make an offer"), {(SENT, PROVIDER): OFFERED, (OFFERED, PROVIDER): OFFERED}),
        Move("withdraw_offer", Text("撤回报价", "Withdraw the offer"), {(OFFERED, PROVIDER): SENT}),
        Move(
            "decline",
            Text("谢绝", "Decline"),
            {(SENT, PROVIDER): DECLINED, (OFFERED, PROVIDER): DECLINED},
            reason=True,
        ),
        Move("accept", Text("接受报价，下单", "Accept the offer and order"), {(OFFERED, BUYER): ORDERED}),
        Move(
            "turn_down",
            Text("不接受，请重新报价", "Turn it down, ask for another"),
            {(OFFERED, BUYER): SENT},
            reason=True,
        ),
        Move(
            "withdraw",
            Text("撤回询价", "Withdraw the enquiry"),
            {(SENT, BUYER): WITHDRAWN, (OFFERED, BUYER): WITHDRAWN},
        ),
    ),
)

PLACED, DELIVERED, DISPUTED, CONFIRMED = "placed", "delivered", "disputed", "confirmed"
CANCELLED, DISSOLVED = "cancelled", "dissolved"
BUYER_CANCELS, PROVIDER_CANCELS = "buyer_cancels", "provider_cancels"
_RUNNING = (PLACED, DELIVERED, BUYER_CANCELS, PROVIDER_CANCELS)

ORDER = Course(
    "order",
    {
        PLACED: State(Text("履约中", "Being carried out"), PROVIDER, "waiting"),
        DELIVERED: State(Text("已交付，待确认", "Delivered"), BUYER, "held"),
        BUYER_CANCELS: State(Text("需求方请求取消", "Buyer asks to cancel"), PROVIDER, "held"),
        PROVIDER_CANCELS: State(Text("服务商请求取消", "Provider asks to cancel"), BUYER, "held"),
        DISPUTED: State(Text("有争议，待裁定", "Disputed"), OPERATOR, "held"),
        CONFIRMED: State(Text("已完成", "Completed"), "", "released"),
        CANCELLED: State(Text("双方同意取消", "Cancelled by both"), "", "returned"),
        DISSOLVED: State(Text("经裁定解除", "Dissolved by decision"), "", "refused"),
    },
    _moves(
        Move("deliver", Text("已交付", "Report delivery"), {(PLACED, PROVIDER): DELIVERED}),
        Move(
            "confirm",
            Text("确认完成", "Confirm delivery"),
            {(DELIVERED, BUYER): CONFIRMED, (DISPUTED, BUYER): CONFIRMED},
        ),
        Move(
            "ask_cancel",
            Text("请求取消", "Ask to cancel"),
            {(PLACED, BUYER): BUYER_CANCELS, (PLACED, PROVIDER): PROVIDER_CANCELS},
            reason=True,
        ),
        Move(
            "agree_cancel",
            Text("同意取消", "Agree to cancel"),
            {(BUYER_CANCELS, PROVIDER): CANCELLED, (PROVIDER_CANCELS, BUYER): CANCELLED},
        ),
        Move(
            "carry_on",
            Text("不取消，继续履约", "Do not cancel, carry on"),
            {(state, side): PLACED for state in (BUYER_CANCELS, PROVIDER_CANCELS) for side in (BUYER, PROVIDER)},
        ),
        Move(
            "dispute",
            Text("提出争议，请平台裁定", "Dispute it, let the operator decide"),
            {(state, side): DISPUTED for state in _RUNNING for side in (BUYER, PROVIDER)},
            reason=True,
        ),
        Move(
            "uphold",
            Text("裁定：已履约，订单完成", "Decide: it was delivered"),
            {(DISPUTED, OPERATOR): CONFIRMED},
            reason=True,
        ),
        Move(
            "dissolve",
            Text("裁定：未履约，订单解除", "Decide: it was not delivered"),
            {(DISPUTED, OPERATOR): DISSOLVED},
            reason=True,
        ),
    ),
)
COURSES = {ENQUIRY.name: ENQUIRY, ORDER.name: ORDER}

OPEN, SUPERSEDED, TAKEN_BACK, TURNED_DOWN, ACCEPTED, CLOSED = (
    "open", "superseded", "taken_back", "turned_down", "accepted", "closed",
)  # fmt: skip
OFFER_STATES = {
    OPEN: Text("有效", "Open"),
    SUPERSEDED: Text("已由新报价取代", "Replaced by a newer one"),
    TAKEN_BACK: Text("已撤回", "Withdrawn"),
    TURNED_DOWN: Text("未被接受", "Turned down"),
    ACCEPTED: Text("已接受", "Accepted"),
    CLOSED: Text("随询价结束", "Ended with the enquiry"),
}
"""What has become of an offer."""
OFFER_AFTER = {
    "offer": SUPERSEDED,
    "withdraw_offer": TAKEN_BACK,
    "turn_down": TURNED_DOWN,
    "accept": ACCEPTED,
    "decline": CLOSED,
    "withdraw": CLOSED,
}
"""What becomes of the open offer with each move of its enquiry."""

# --- Reviews ----------------------------------------------------------------------------------------------------------

STARS = {
    5: Text("非常满意", "Very satisfied"),
    4: Text("满意", "Satisfied"),
    3: Text("基本满意", "Fairly satisfied"),
    2: Text("不满意", "Dissatisfied"),
    1: Text("非常不满意", "Very dissatisfied"),
}
"""The five levels in which services are evaluated."""


def in_stars(level: int) -> Text:
    """A level, or a sum of levels, in words."""
    return Text(f"{level}星", f"{level} star" if level == 1 else f"{level} stars")


RATING_RULE = Text(
    "综合评分＝全部评价星级之和÷评价条数，四舍五入到0.1；只计已完成订单的评价，每单一条，不加权，不删改。",
    "The rating is the sum of all stars divided by the number of reviews, rounded half up to 0.1. Only completed orders"
    " are reviewed, each once; nothing is weighted, edited or removed.",
)


@dataclass(frozen=True, slots=True)
class Rating:
    """Reviews in figures; everything follows from how many there are of each level."""

    counts: tuple[int, int, int, int, int]
    """Reviews with 1 to 5 stars."""

    @property
    def count(self) -> int:
        """How many reviews there are."""
        return sum(self.counts)

    @property
    def stars(self) -> int:
        """All stars together."""
        return sum(stars * count for stars, count in enumerate(self.counts, start=1))

    @property
    def levels(self) -> list[tuple[Text, int]]:
        """Each level with how many reviews have it, the best first."""
        return [(in_stars(level), self.counts[level - 1]) for level in STARS]

    @property
    def tenths(self) -> int | None:
        """Mean of the stars in tenths, rounded half up; None without reviews.

        >>> Rating((0, 0, 0, 1, 1)).tenths, Rating((0, 0, 0, 3, 1)).tenths, Rating((0, 0, 0, 0, 0)).tenths
        (45, 43, None)
        """
        return (20 * self.stars + self.count) // (2 * self.count) if self.count else None

    @property
    def shown(self) -> str:
        """`4.5`; empty without reviews."""
        return "" if self.tenths is None else f"{self.tenths // 10}.{self.tenths % 10}"


NO_RATING = Rating((0, 0, 0, 0, 0))

# --- What is told -----------------------------------------------------------------------------------------------------


class Problem(NamedTuple):
    """What is wrong with something, and where; the sentence says how to mend it."""

    field: str
    """Key of the field; empty: the whole."""
    what: Text


class Refused(ValueError):  # noqa: N818 - a refusal is an outcome
    """Something is not done. `problems` say what is wrong, where, and what to do."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{problem.field or '-'}: {problem.what.en}" for problem in problems))

    @property
    def text(self) -> Text:
        """All problems in one sentence of each language."""
        return Text(
            "；".join(problem.what.zh for problem in self.problems),
            " ".join(problem.what.en for problem in self.problems),
        )


def refused(zh: str, en: str, field: str = "") -> Refused:
    """A refusal for one reason."""
    return Refused(Problem(field, Text(zh, en)))


class NotYours(LookupError):  # noqa: N818 - says nothing about whether it is there
    """There is no such thing for whoever asks: it does not exist, or it is not theirs to see."""


class Terms(NamedTuple):
    """What a provider promises in one version of a service."""

    title: Text
    about: Text
    price: Price
    conditions: Text
    area: Text
    languages: tuple[str, ...]
    capacity: Text
    valid_from: date
    valid_to: date | None
    """Last day, included; None: open."""


class Wanted(NamedTuple):
    """What a buyer asks for."""

    what: str
    quantity: int
    """In the unit of the service's price."""
    needed_by: date


class Quoted(NamedTuple):
    """What a provider offers for an enquiry."""

    price: Price
    quantity: int
    conditions: str
    deliver_by: date
    valid_until: date
    """Last day on which it can be accepted."""


class Rated(NamedTuple):
    """A review as everybody reads it."""

    order_id: int
    demo: bool
    """Made up, for a demonstration."""
    stars: int
    words: str
    at: datetime
    answer: str
    answered_at: datetime | None

    @property
    def level(self) -> Text:
        """The stars in words."""
        return in_stars(self.stars)


ENQUIRY_SUBJECT, ORDER_SUBJECT = "market_enquiry", "market_order"
"""What the journal calls an enquiry and an order."""
EVENTS = {
    "offer": "enquiry.offered",
    "withdraw_offer": "enquiry.offer_withdrawn",
    "decline": "enquiry.declined",
    "turn_down": "enquiry.turned_down",
    "withdraw": "enquiry.withdrawn",
    "accept": "enquiry.accepted",
    "deliver": "serviceorder.delivered",
    "confirm": "serviceorder.confirmed",
    "ask_cancel": "serviceorder.cancel_asked",
    "agree_cancel": "serviceorder.cancelled",
    "carry_on": "serviceorder.carried_on",
    "dispute": "serviceorder.disputed",
    "uphold": "serviceorder.upheld",
    "dissolve": "serviceorder.dissolved",
}
"""The event in the journal that each move makes."""
