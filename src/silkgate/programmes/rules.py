"""Judges of the market: what is typed into its forms, facts in, problems out. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date

from silkgate.kernel.text import Text
from silkgate.programmes.domain import (
    CURRENCIES,
    FORMS,
    LANGUAGES,
    MOST_CENTS,
    MOST_QUANTITY,
    QUOTE,
    STARS,
    Price,
    Problem,
    Quoted,
    Refused,
    Terms,
    Wanted,
)

MAX_TITLE, MAX_TEXT, MAX_LINE = 80, 3_000, 200
SHORTEST_REASON, LONGEST_REASON = 4, 2_000
"""Characters of a reason."""
SHORTEST_WANTED = 10
_AMOUNT = re.compile(r"(\d{1,9})(?:\.(\d{1,2}))?", re.ASCII)


def amount_cents(written: str) -> int | None:
    """An amount such as `3.5` in 0.01; None: it is none.

    >>> amount_cents("3.5"), amount_cents("three")
    (350, None)
    """
    found = _AMOUNT.fullmatch(written)
    return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0")) if found else None


class _Given:
    """Answers of a form, read one by one; what is wrong is gathered."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self.answers, self.problems = answers, list[Problem]()

    def wrong(self, field: str, zh: str, en: str) -> None:
        self.problems.append(Problem(field, Text(zh, en)))

    def text(self, field: str, shortest: int, longest: int) -> str:
        value = self.answers.get(field, "").strip()
        if not shortest <= len(value) <= longest or "\0" in value:
            if shortest:
                self.wrong(field, f"请填写{shortest}至{longest}字。", f"Write {shortest} to {longest} characters.")
            else:
                self.wrong(field, f"最多{longest}字。", f"At most {longest} characters.")
        return value

    def both(self, field: str, shortest: int, longest: int) -> Text:
        """A text whose English may be left out."""
        zh, en = self.text(f"{field}_zh", shortest, longest), self.text(f"{field}_en", 0, longest)
        return Text(zh, en or zh)

    def choice(self, field: str, allowed: Collection[str]) -> str:
        value = self.answers.get(field, "")
        if value not in allowed:
            self.wrong(field, "请选择一项。", "Choose one.")
        return value

    def day(self, field: str, needed: bool = True) -> date | None:
        value = self.answers.get(field, "").strip()
        if not value and not needed:
            return None
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.wrong(field, "请填写日期，如2026-12-31。", "Give a day, such as 2026-12-31.")
            return None

    def count(self, field: str) -> int:
        value = self.answers.get(field, "").strip()
        if not (value.isascii() and value.isdigit() and 0 < int(value[:12]) <= MOST_QUANTITY and len(value) <= 12):
            self.wrong(field, f"请填写1至{MOST_QUANTITY}的整数。", f"Give a whole number from 1 to {MOST_QUANTITY}.")
            return 1
        return int(value)

    def price(self, quotable: bool) -> Price:
        forms = FORMS if quotable else FORMS.keys() - {QUOTE}
        form, currency = self.choice("price_form", forms), self.choice("currency", CURRENCIES)
        taxed = self.answers.get("tax_included") == "yes"
        written = self.answers.get("price", "").strip()
        if form == QUOTE and quotable:
            if written:
                self.wrong("price", "面议的服务不填价格。", "A price by quotation has no amount: leave it empty.")
            return Price(QUOTE, None, currency, taxed)
        cents = amount_cents(written) or 0
        if not 0 < cents <= MOST_CENTS:
            self.wrong("price", "请填写大于0的金额，最多两位小数，如3.50。", "Give an amount above 0, such as 3.50.")
        return Price(form, cents, currency, taxed)

    def end(self) -> None:
        if self.problems:
            raise Refused(*self.problems)


def terms(answers: Mapping[str, str], today: date) -> Terms:
    """What a provider promises, from a form: `title_zh`, `title_en`, `about_zh`, `about_en`, `price_form`, `price`,
    `currency`, `tax_included` (yes), `conditions_zh`, `conditions_en`, `area_zh`, `area_en`, `languages` (codes, one
    space between), `capacity_zh`, `capacity_en`, `valid_from`, `valid_to`. English texts but the title may be left out:
    then the Chinese is shown.

    Raises Refused with all that is wrong.
    """
    given = _Given(answers)
    title = Text(given.text("title_zh", 2, MAX_TITLE), given.text("title_en", 2, MAX_TITLE))
    about, conditions = given.both("about", 10, MAX_TEXT), given.both("conditions", 4, MAX_TEXT)
    price = given.price(quotable=True)
    area, capacity = given.both("area", 2, MAX_LINE), given.both("capacity", 0, MAX_LINE)
    languages = tuple(code for code in LANGUAGES if code in answers.get("languages", "").split())
    if not languages:
        given.wrong("languages", "请至少选择一种服务语言。", "Choose at least one language.")
    first, last = given.day("valid_from"), given.day("valid_to", needed=False)
    if last and last < max(first or today, today):
        given.wrong("valid_to", "截止日不能早于起始日和今天。", "It cannot end before it begins, nor before today.")
    given.end()
    return Terms(
        title,
        about,
        price,
        conditions,
        area,
        languages,
        capacity,
        first or today,
        last,
    )


def wanted(answers: Mapping[str, str], today: date) -> Wanted:
    """What a buyer asks for, from a form: `what`, `quantity`, `needed_by`. Raises Refused with all that is wrong."""
    given = _Given(answers)
    what, quantity = given.text("what", SHORTEST_WANTED, MAX_TEXT), given.count("quantity")
    needed_by = given.day("needed_by")
    if needed_by and needed_by < today:
        given.wrong("needed_by", "期望完成日不能早于今天。", "It cannot be needed before today.")
    given.end()
    return Wanted(what, quantity, needed_by or today)


def quoted(answers: Mapping[str, str], today: date) -> Quoted:
    """What a provider offers, from a form: `price_form`, `price`, `currency`, `tax_included` (yes), `quantity`,
    `conditions`, `deliver_by`, `valid_until`. Raises Refused with all that is wrong.
    """
    given = _Given(answers)
    price, quantity = given.price(quotable=False), given.count("quantity")
    conditions = given.text("conditions", 4, MAX_TEXT)
    deliver_by, valid_until = given.day("deliver_by"), given.day("valid_until")
    if deliver_by and deliver_by < today:
        given.wrong("deliver_by", "交付日不能早于今天。", "It cannot be delivered before today.")
    if valid_until and valid_until < today:
        given.wrong("valid_until", "有效期不能早于今天。", "The offer cannot end before today.")
    if not given.problems and (price.total_cents(quantity) or 0) > MOST_CENTS:
        given.wrong("quantity", "总价过大，请核对单价和数量。", "The total is too large: check price and quantity.")
    given.end()
    return Quoted(price, quantity, conditions, deliver_by or today, valid_until or today)


def stars(answers: Mapping[str, str]) -> tuple[int, str]:
    """Stars and words of a review: `stars`, `words`. Raises Refused with all that is wrong."""
    given = _Given(answers)
    chosen = given.choice("stars", {str(level) for level in STARS})
    words = given.text("words", SHORTEST_REASON, LONGEST_REASON)
    given.end()
    return int(chosen), words


def answer(answers: Mapping[str, str]) -> str:
    """A provider's answer to a review: `answer`. Raises Refused."""
    given = _Given(answers)
    words = given.text("answer", SHORTEST_REASON, LONGEST_REASON)
    given.end()
    return words


def reason_fault(needed: bool, reason: str) -> Problem | None:
    """What is wrong with the reason of a move; None: nothing."""
    if (needed and len(reason) < SHORTEST_REASON) or len(reason) > LONGEST_REASON or "\0" in reason:
        return Problem(
            "reason",
            Text(
                f"请写明理由，{SHORTEST_REASON}至{LONGEST_REASON}字，对方会看到。",
                f"Give a reason of {SHORTEST_REASON} to {LONGEST_REASON} characters; the other side reads it.",
            ),
        )
    return None
