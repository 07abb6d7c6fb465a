"""The data set of a consolidated declaration, as it is kept, answered over HTTP and printed."""

from __future__ import annotations

from typing import Any

from silkgate.bonded.storage.domain import Consolidated, DeclaredLine
from silkgate.bonded.storage.models import StorageDeclaration
from silkgate.kernel.fixed import format_cents, format_e5

VERSION = 1


def number(row: StorageDeclaration) -> str:
    """The declaration's own number: SD, the year of declaration, its number in 8 digits."""
    return f"SD{row.declared_on.year}{row.pk:08d}"


def of(row: StorageDeclaration, made: Consolidated) -> dict[str, Any]:
    """The data set. Quantities, money (CNY) and rates are decimals as text; countries and units customs codes."""
    taxes = made.taxes
    return {
        "version": VERSION,
        "number": number(row),
        "owner": row.owner_code,
        "warehouse": row.warehouse_code,
        "book": row.ems_no,
        "direction": row.direction,
        "month": f"{row.month:%Y-%m}",
        "due_on": row.due_on.isoformat(),
        "declared_on": row.declared_on.isoformat(),
        "tariff_version": row.tariff_version,
        "currency": "CNY",
        "lines": [_line(line) for line in made.lines],
        "value": format_cents(made.value_cents),
        "duty": format_cents(taxes.duty_cents),
        "consumption_tax": format_cents(taxes.consumption_tax_cents),
        "value_added_tax": format_cents(taxes.value_added_tax_cents),
        "tax": format_cents(taxes.total_cents),
        "guarantee_released": format_cents(made.guarantee_cents),
        "draws": list(made.draws),
    }


def _line(line: DeclaredLine) -> dict[str, Any]:
    duty, consumption, value_added = (_rate(rate_e6) for rate_e6 in line.rates_e6)
    return {
        "gnum": line.gnum,
        "gcode": line.gcode,
        "name": line.name,
        "items": list(line.items),
        "unit": line.unit,
        "quantity": format_e5(line.quantity_e5),
        "unit1": line.unit1,
        "quantity1": format_e5(line.statutory_e5),
        "origin": line.origin,
        "value": format_cents(line.value_cents),
        "duty_rate": duty,
        "duty": format_cents(line.taxes.duty_cents),
        "consumption_tax_rate": consumption,
        "consumption_tax": format_cents(line.taxes.consumption_tax_cents),
        "value_added_tax_rate": value_added,
        "value_added_tax": format_cents(line.taxes.value_added_tax_cents),
    }


def _rate(rate_e6: int) -> str:
    whole, fraction = divmod(rate_e6, 1_000_000)
    return f"{whole}.{fraction:06d}".rstrip("0").rstrip(".")
