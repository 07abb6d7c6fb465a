"""The demo zone: who is filed, what may be traded, what is in stock, who guarantees, what is looked at."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from silkgate.kernel.clock import CHINA
from silkgate.site.traffic.enterprises import ENTERPRISES, Enterprise
from silkgate.site.traffic.goods import PROHIBITED, SCARCE, STOCKED, TARIFF, Article, TariffLine
from silkgate.site.traffic.keys import certificate_pem, kept_key, made_key
from silkgate.site.traffic.people import Person, person
from silkgate.standards.xmldsig import SigningKey

ANNUAL_LIMIT_CENTS = 2_600_000
SINGLE_LIMIT_CENTS = 500_000


class BookItem(NamedTuple):
    """A row of books.csv."""

    ems_no: str
    area_code: str
    item_record_no: str
    gcode: str
    unit: str
    qty: int


class Shop(NamedTuple):
    """How one e-commerce firm works: where it sells, who pays, carries, stores, declares and guarantees for it."""

    ebc: Enterprise
    ebp: Enterprise
    pay: Enterprise
    logistics: Enterprise
    area: Enterprise
    agent: Enterprise
    assure_code: str
    ems_no: str
    sends_orders: bool
    declares: bool
    withholds_tax: bool
    weight: int


@dataclass(frozen=True)
class Zone:
    """A zone that follows from `seed`: the same seed gives the same files, keys aside.

    `as_of` is the clock of a run, `stock` the quantity of every book record but the scarce ones (`scarce_stock`,
    at most 12), `guarantee_cents` the balance of every guarantor. Keys are kept in `keys_dir`; without it they live as
    long as the process.
    """

    seed: int = 1
    as_of: datetime = datetime(2026, 6, 18, 10, tzinfo=CHINA)
    stock: int = 10_000_000
    scarce_stock: int = 5
    guarantee_cents: int = 10_000_000_000
    keys_dir: Path | None = None
    name: str = "zhengzhou"
    customs_code: str = "4612"
    policy: tuple[tuple[str, bool | int | float], ...] = ()
    enterprises: tuple[Enterprise, ...] = ENTERPRISES
    tariff: tuple[TariffLine, ...] = TARIFF
    selection: tuple[tuple[str, str, str], ...] = (
        ("gcode_prefix", "220830", "inspect"),
        ("ebc_code", "4101960E12", "review"),
        ("country", "136", "review"),
        ("gcode_prefix", "910211", "inspect"),
    )
    _keys: dict[str, SigningKey] = field(default_factory=dict, repr=False, compare=False)

    def enterprise(self, code: str) -> Enterprise:
        """The filed enterprise; KeyError for any other code."""
        return self._by_code[code]

    def in_role(self, role: str) -> list[Enterprise]:
        """Every enterprise filed in `role`, in filing order."""
        return [enterprise for enterprise in self.enterprises if role in enterprise.roles]

    def key(self, code: str) -> SigningKey:
        """The signing key of an enterprise that files a certificate."""
        if code not in self._keys:
            firm = self.enterprise(code)
            self._keys[code] = kept_key(code, firm.key, self.keys_dir) if self.keys_dir else made_key(code, firm.key)
        return self._keys[code]

    @cached_property
    def _by_code(self) -> dict[str, Enterprise]:
        return {enterprise.code: enterprise for enterprise in self.enterprises}

    @cached_property
    def shops(self) -> tuple[Shop, ...]:
        """One per e-commerce firm, the busiest first."""
        platforms, payments, carriers = self.in_role("ebp"), self.in_role("pay"), self.in_role("logistics")
        areas, agents = self.in_role("area"), self.in_role("agent")
        shops = []
        for number, ebc in enumerate(self.in_role("ebc")):
            ebp, carrier = platforms[number % len(platforms)], carriers[number % 2]
            guarantors = [ebp.code, carrier.code, ebc.code] if "assure" in ebc.roles else [ebp.code, carrier.code]
            area = number % len(areas)
            shops.append(
                Shop(
                    ebc,
                    ebp,
                    payments[number * 2 % len(payments)],
                    carrier,
                    areas[area],
                    agents[number % len(agents)],
                    guarantors[number % len(guarantors)] if ebc.code != self.without_guarantee else ebp.code,
                    f"T{self.customs_code}W{area + 1:06d}",
                    sends_orders=number in (3, 7),
                    declares=number in (4, 7),
                    withholds_tax=number % 3 != 0,
                    weight=1 if ebc.credit_class == "C" else 24 // (number + 1) + 2,
                )
            )
        return tuple(shops)

    @property
    def without_guarantee(self) -> str:
        """A guarantor with no row in guarantees.csv, so that what it covers is refused."""
        return "41019600E8"

    def record_no(self, article: Article) -> str:
        """The article's item number, the same in every account book; "" where no warehouse has it."""
        return self._record_numbers.get(article.sku, "")

    @cached_property
    def _record_numbers(self) -> dict[str, str]:
        return {article.sku: f"R{number:03d}" for number, article in enumerate(STOCKED, start=1)}

    @cached_property
    def books(self) -> tuple[BookItem, ...]:
        """One account book per warehouse, every article in each."""
        rows = []
        for number, area in enumerate(self.in_role("area"), start=1):
            ems_no = f"T{self.customs_code}W{number:06d}"
            for article in STOCKED:
                qty = self.scarce_stock if article in SCARCE else self.stock
                rows.append(BookItem(ems_no, area.code, self.record_no(article), article.gcode, article.unit, qty))
        return tuple(rows)

    @cached_property
    def spent_buyers(self) -> tuple[tuple[Person, int], ...]:
        """Buyers who have used the year up but for less than 10 CNY, with what they used in cents."""
        first = 1_400_000 + self.seed % 1_000 * 40
        return tuple((person(first + n), ANNUAL_LIMIT_CENTS - 1 - (n * 37 + self.seed) % 999) for n in range(40))

    def write(self, folder: Path) -> None:
        """Writes case.toml, the tables and certs/ as a case folder has them; creates `folder` where needed."""
        (folder / "certs").mkdir(parents=True, exist_ok=True)
        policy = "".join(f"{key} = {str(value).lower()}\n" for key, value in self.policy)
        (folder / "case.toml").write_text(
            f'zone = "{self.name}"\ncustoms_code = "{self.customs_code}"\nas_of = "{self.as_of.isoformat()}"\n'
            + (f"\n[policy]\n{policy}" if policy else ""),
            encoding="utf-8",
        )
        for firm in self.enterprises:
            if firm.key:
                (folder / "certs" / f"{firm.code}.pem").write_bytes(certificate_pem(self.key(firm.code)))
        _table(
            folder / "enterprises.csv",
            ("code", "name", "roles", "credit_class", "dxp_id", "certificate"),
            (
                (e.code, e.name, ";".join(e.roles), e.credit_class, e.dxp_id, f"{e.code}.pem" if e.key else "")
                for e in self.enterprises
            ),
        )
        _table(folder / "tariff.csv", TariffLine._fields, self.tariff)
        _table(folder / "prohibited.csv", ("gcode_prefix", "reason", "valid_from", "valid_to"), PROHIBITED)
        _table(folder / "books.csv", BookItem._fields, self.books)
        year = self.as_of.astimezone(CHINA).year
        _table(
            folder / "allowances.csv",
            ("buyer_id_number", "year", "used"),
            ((buyer.id_number, year, f"{used / 100:.2f}") for buyer, used in self.spent_buyers),
        )
        guarantors = [e.code for e in self.in_role("assure") if e.code != self.without_guarantee]
        balance = f"{self.guarantee_cents // 100}.{self.guarantee_cents % 100:02d}"
        _table(folder / "guarantees.csv", ("assure_code", "balance"), ((code, balance) for code in guarantors))
        _table(folder / "selection.csv", ("kind", "value", "action"), self.selection)


def _table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
