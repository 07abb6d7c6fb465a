"""A small zone to make cases of: who is filed, what may be sold, what lies in the books; and the writer of a folder."""

from __future__ import annotations

import csv
import random
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from . import intake, keys, messages
from .export_keys import NO_CODE

AS_OF = "2026-06-18T10:00:00+08:00"
PLATFORM, PLATFORM_2 = "4101900P01", "4101900P02"
SHOP, SHOP_2 = "4101900E01", "91410100MA41K0001X"
PAYER, PAYER_2 = "4101900Y01", "4101900Y02"
CARRIER, CARRIER_2, SHIPPER = "4101900L01", "4101900L02", "4101900L03"
WAREHOUSE, WAREHOUSE_2 = "4101400W01", "4101400W02"
AGENT, AGENT_SM2 = "4101900B01", "4101900B02"
OPERATOR = "4101900S01"
ENTERPRISES = (
    # code, roles, dxp_id, kind of key ("" = no certificate filed)
    (PLATFORM, "ebp;assure", "DXPENT0000900001", ""),
    (PLATFORM_2, "ebp;assure", "DXPENT0000900002", ""),
    (SHOP, "ebc;assure", "DXPENT0000900003", "rsa"),
    (SHOP_2, "ebc", "DXPENT0000900004", ""),
    (PAYER, "pay", "DXPENT0000900005", "rsa"),
    (PAYER_2, "pay", "", ""),
    (CARRIER, "logistics;assure", "DXPENT0000900006", ""),
    (CARRIER_2, "logistics", "", ""),
    (SHIPPER, "logistics", "DXPENT0000900011", "rsa"),  # carries exports, and signs their departures
    (WAREHOUSE, "area", "DXPENT0000900007", ""),
    (WAREHOUSE_2, "area", "", ""),
    (AGENT, "agent", "DXPENT0000900008", "rsa"),
    (AGENT_SM2, "agent", "DXPENT0000900009", "sm2"),
    (OPERATOR, "operator", "DXPENT0000900010", "sm2"),
)
GOODS = {
    # word: gcode, duty, vat, consumption, unit1, listed modes, specific, threshold, unit of sale, book record
    "cream": ("3304990029", "0.01", "0.13", "0", "035", "9610;1210", "", "", "011", "R001"),
    "lipstick": ("3304100091", "0.05", "0.13", "0.15", "035", "9610;1210", "", "", "012", "R002"),
    "serum": ("3304990031", "0.01", "0.13", "0.15", "036", "9610;1210", "", "10.00", "011", "R003"),
    "wine": ("2204210000", "0.14", "0.13", "0.10", "095", "9610;1210", "", "", "142", "R004"),
    "whisky": ("2208300000", "0.10", "0.13", "0.20", "095", "9610;1210", "0.912", "", "142", "R005"),
    "beer": ("2203000000", "0", "0.13", "0", "095", "9610;1210", "0.2227", "", "142", "R006"),
    "formula": ("1901101010", "0.05", "0.13", "0", "035", "1210", "", "", "140", "R007"),
    "nappies": ("9619001100", "0.04", "0.13", "0", "035", "9610;1210", "", "", "125", "R008"),
    "honey": ("0409000000", "0.15", "0.09", "0", "035", "9610;1210", "", "", "035", "R009"),
    "watch": ("9102110000", "0.10", "0.13", "0.20", "007", "9610;1210", "", "10000.00", "007", "R010"),
    "toy": ("9503008900", "0", "0.13", "0", "006", "9610", "", "", "006", "R011"),
    "petfood": ("2309109000", "0.15", "0.09", "0", "035", "", "", "", "035", "R012"),
    "tobacco": ("2402200000", "0.25", "0.13", "0.36", "004", "9610;1210", "", "", "125", "R013"),
}
BUYERS = (
    # ID number (GB 11643 check characters; born 1988, 1979, 1995, 1992, 1999), name
    ("410105198803129810", "李明华"),
    ("110105197905219862", "王秀英"),
    ("310115199507099868", "张雨欣"),
    ("330106199201309866", "陈浩然"),
    ("44030519990226981X", "赵嘉校"),
)
EMS_NO = "T4612W000901"
DECLARING_KINDS = (*intake.SIGNED_KINDS, "605", "213", "215")
"""What the cases sign: what must be signed, and the requests of exports besides."""
Document = dict[str, Any]


def enterprise_rows(*, certificates: bool = True) -> list[dict[str, str]]:
    return [
        {
            "code": code,
            "name": f"企业{code}",
            "roles": roles,
            "credit_class": "B",
            "dxp_id": dxp_id,
            "certificate": f"{code}.pem" if kind and certificates else "",
        }
        for code, roles, dxp_id, kind in ENTERPRISES
    ]


def tariff_rows() -> list[dict[str, str]]:
    return [
        {
            "gcode": gcode,
            "name": word,
            "duty_rate": duty,
            "vat_rate": vat,
            "consumption_rate": consumption,
            "unit1": unit1,
            "unit2": "",
            "listed_modes": modes,
            "valid_from": "2019-04-01",
            "valid_to": "",
            "consumption_specific": specific,
            "consumption_threshold": threshold,
        }
        for word, (gcode, duty, vat, consumption, unit1, modes, specific, threshold, _, _) in GOODS.items()
    ]


def book_rows(qty: str = "500") -> list[dict[str, str]]:
    return [
        {
            "ems_no": EMS_NO,
            "area_code": WAREHOUSE,
            "item_record_no": line[9],
            "gcode": line[0],
            "unit": line[8],
            "qty": qty,
        }
        for line in GOODS.values()
    ]


def key_of(code: str) -> keys.Key | None:
    """The key of a filed enterprise; each has its own, so that a stolen one shows."""
    kind = next((kind for filed, _, _, kind in ENTERPRISES if filed == code), "")
    return keys.key(code, kind) if kind else None


def dxp_id_of(code: str) -> str:
    return next((dxp_id for filed, _, dxp_id, _ in ENTERPRISES if filed == code), "") or "DXPENT0000999999"


class CaseWriter:
    """Writes one case folder; messages are numbered in the order in which they are sent."""

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self.policy: dict[str, Any] = {}
        self.as_of = AS_OF
        self.sent = 0
        self.tables: dict[str, list[dict[str, str]] | None] = {
            "enterprises": enterprise_rows(),
            "tariff": tariff_rows(),
            "prohibited": [{"gcode_prefix": "2402", "reason": "烟草制品", "valid_from": "2016-04-08", "valid_to": ""}],
            "books": book_rows(),
            "allowances": None,
            "guarantees": [
                {"assure_code": code, "balance": "100000.00"} for code in (PLATFORM, PLATFORM_2, SHOP, CARRIER)
            ],
            "selection": None,
        }
        (folder / "inbox").mkdir(parents=True)
        (folder / "certs").mkdir()

    def guid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4)).upper()

    def put(self, data: bytes, name: str = "message") -> str:
        """Put bytes into the inbox as they are; the file's name."""
        self.sent += 1
        file = f"{self.sent:05d}-{name}.xml"
        (self.folder / "inbox" / file).write_bytes(data)
        return file

    def message(
        self,
        documents: Sequence[Document],
        *,
        sender: str = "",
        dxp_id: str | None = None,
        guid: str = "",
        key: keys.Key | None = None,
        sign: bool = True,
        **signature_options: Any,
    ) -> bytes:
        """The bytes of a message of one kind; what declares is signed with the sender's key where it has one."""
        kind = documents[0]["kind"]
        sender = sender or default_sender(documents[0])
        data = messages.message_xml(
            kind,
            [messages.document_xml(kind, document["head"], document["items"]) for document in documents],
            sender=sender,
            dxp_id=dxp_id_of(sender) if dxp_id is None else dxp_id,
            guid=guid or self.guid(),
        )
        key = key or (key_of(sender) if kind in DECLARING_KINDS else None)
        return messages.signed(data, key, **signature_options) if key and sign else data

    def send(self, *documents: Document, envelope: bool = False, sender_id: str | None = None, **options: Any) -> str:
        """Send documents of one kind as one message; the file's name."""
        data = self.message(documents, **options)
        kind = documents[0]["kind"]
        if envelope:
            sender = options.get("sender") or default_sender(documents[0])
            data = messages.enveloped(data, sender_id or dxp_id_of(sender), f"CEB{kind}Message")
        return self.put(data, kind)

    def finish(self) -> Path:
        """Write everything but the inbox; the folder."""
        policy = "".join(f"{name} = {str(value).lower()}\n" for name, value in self.policy.items())
        (self.folder / "case.toml").write_text(
            f'zone = "zhengzhou"\ncustoms_code = "4612"\nas_of = "{self.as_of}"\n'
            + (f"\n[policy]\n{policy}" if policy else ""),
            encoding="utf-8",
        )
        for row in self.tables["enterprises"] or []:
            key = key_of(row["code"])
            if row["certificate"] and key:
                (self.folder / "certs" / row["certificate"]).write_bytes(key.certificate_pem)
        for name, rows in self.tables.items():
            if rows is not None:
                write_csv(self.folder / f"{name}.csv", rows)
        return self.folder


COLUMNS = {
    "prohibited": ("gcode_prefix", "reason", "valid_from", "valid_to"),
    "books": ("ems_no", "area_code", "item_record_no", "gcode", "unit", "qty"),
    "allowances": ("buyer_id_number", "year", "used"),
    "guarantees": ("assure_code", "balance"),
    "selection": ("kind", "value", "action"),
}


def write_csv(path: Path, rows: Iterable[dict[str, str]]) -> None:
    rows = list(rows)
    columns = COLUMNS.get(path.stem) or list(rows[0])
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def default_sender(document: Document) -> str:
    """The first party to a document that has a key, else the first."""
    parties = [str(document["head"][name]) for name in intake.PARTIES[document["kind"]]]
    parties = [code for code in parties if code != NO_CODE]
    return next((code for code in parties if key_of(code)), parties[0])
