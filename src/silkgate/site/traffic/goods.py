"""What the demo zone trades: tariff lines (`tariff.csv`) and the articles sold under them (`articles.csv`).

Rates and statutory units are those of the tariff as read in 2024 to 2026, where `rates_read` says so; the others are
plausible. Specific and threshold rates: beer 0.2227 CNY/L, whisky 20 % and 0.912 CNY/L, high-end cosmetics 15 % from
10,000 CNY/kg, high-end watches 20 % from 10,000 CNY each. Articles and prices are made up.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple


class TariffLine(NamedTuple):
    """A row of a case's tariff.csv. Rates are decimal fractions, specific and threshold CNY per unit1."""

    gcode: str
    name: str
    duty_rate: str
    vat_rate: str
    consumption_rate: str
    unit1: str
    unit2: str
    listed_modes: str
    valid_from: str
    valid_to: str
    consumption_specific: str
    consumption_threshold: str


class Article(NamedTuple):
    """Something sold. `statutory_e5` and `second_e5` are one unit of sale in unit1 and unit2 (0: no unit2).

    Prices are in CNY; `heat` is its share of the order lines; countries of origin are customs' three-digit codes.
    """

    sku: str
    gcode: str
    name: str
    model: str
    unit: str
    statutory_e5: int
    second_e5: int
    weight_grams: int
    price_from: int
    price_to: int
    countries: tuple[str, ...]
    heat: int


def _rows(name: str) -> list[dict[str, str]]:
    with (Path(__file__).parent / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _articles(part: str) -> tuple[Article, ...]:
    return tuple(
        Article(
            row["sku"],
            row["gcode"],
            row["name"],
            row["model"],
            row["unit"],
            int(row["statutory_e5"]),
            int(row["second_e5"]),
            int(row["weight_grams"]),
            int(row["price_from"]),
            int(row["price_to"]),
            tuple(row["countries"].split(";")),
            int(row["heat"]),
        )
        for row in _rows("articles.csv")
        if row["part"] == part
    )


TARIFF = tuple(TariffLine(*(row[column] for column in TariffLine._fields)) for row in _rows("tariff.csv"))
TARIFF_BY_CODE = {line.gcode: line for line in TARIFF}

ARTICLES = _articles("plenty")
(DEAR_ARTICLE,) = _articles("dear")
"""The one article dear enough to be over the single limit by itself."""
SCARCE = _articles("scarce")
"""Wanted by many, in stock for few."""
(UNLISTED_ARTICLE,) = _articles("unlisted")
(PROHIBITED_ARTICLE,) = _articles("prohibited")
STOCKED = (*ARTICLES, DEAR_ARTICLE, *SCARCE)

PROHIBITED = (
    ("2402", "烟草制品", "2016-04-08", ""),
    ("854340", "电子烟及类似设备", "2022-05-01", ""),
    ("0802", "疫情期间暂停进口（已恢复）", "2020-02-01", "2020-12-31"),
)
"""Rows of prohibited.csv: gcode_prefix, reason, valid_from, valid_to. Examples of a zone's negative list, not law."""
