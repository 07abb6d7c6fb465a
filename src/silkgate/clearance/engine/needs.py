"""What the documents of a batch name: the keys that deciding them asks for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from silkgate.clearance.domain import IMPORT, Key
from silkgate.exchange.api import Found

Messages = Sequence[tuple[int, Found, list[Any]]]
"""Message number, what intake found, its documents."""


class Needs:
    """Keys that the documents of a batch name; those of orders and waybills, which several name, each once."""

    def __init__(self, messages: Messages) -> None:
        self.claims: list[tuple[str, str]] = []
        self.orders: list[Key] = []
        self.payments: list[Key] = []
        self.waybills: list[Key] = []
        self.statuses: list[Key] = []
        self.entries: list[Key] = []
        self.transports: list[Key] = []
        self.parcels: list[Key] = []
        """Waybills whose export lists go on their way; each is among `waybills`, too."""
        self.invt_nos: list[str] = []
        self.declarations: list[Any] = []
        """The documents themselves."""
        for _, found, documents in messages:
            if found.refusal:
                continue
            self.claims.append((found.guid, found.kind))
            code = found.code
            if code in ("311", "303"):
                self.orders.extend([document.key for document in documents])
            elif code in ("621", "603"):
                self.declarations.extend(documents)
                for document in documents:
                    self.orders.append(document.key)
                    self.waybills.append(document.waybill_key)
            elif code in ("411", "403"):
                for document in documents:
                    self.payments.append(document.key)
                    self.orders.append(document.order_key)
            elif code in ("511", "505"):
                self.waybills.extend([document.key for document in documents])
            elif code == "513":
                self.statuses.extend([document.key for document in documents])
            elif code == "711":
                self.entries.extend([document.key for document in documents])
            elif code in ("607", "507", "509"):
                for document in documents:
                    self.transports.append(document.key)
                    self.parcels.extend([(document.logistics_code, line.logistics_no) for line in document.lines])
            else:
                self.invt_nos.extend([document.invt_no for document in documents])
        self.orders = list(dict.fromkeys(self.orders))
        self.waybills = list(dict.fromkeys(self.waybills + self.parcels))


def accounts_of(declarations: Iterable[Any], day: date) -> list[Key]:
    """The accounts that declarations would use if they were accepted on `day`."""
    accounts = []
    for document in declarations:
        if document.code == IMPORT:
            accounts.append(("allowance", f"{document.buyer_id_number}/{day.year}"))
            accounts.append(("guarantee", document.assure_code))
        if document.ems_no:
            accounts.extend([("stock", f"{document.ems_no}/{line.item_record_no}") for line in document.lines])
    return accounts
