"""Complete case folders from a seed, adversarial on purpose: what the contract speaks of happens, and often at once.

The generator watches a run of the oracle while it writes, so that cancels and returns name numbers that were really
given, amounts come to rest exactly on what is left of an allowance, and what was refused is declared again.
"""

from __future__ import annotations

import random
from collections import deque
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from . import clearing, damage, documents, messages, zone
from .casefolder import CHINA
from .export_parcels import arrival, departure, manifest
from .follow_ups import follow_up
from .intake import PARTIES, SIGNED_KINDS
from .parcels import Document, again, app_time, signed_for, stored_in
from .random_exports import random_sale, twisted_sale
from .random_parcels import Parcel, identity_number, random_parcel, twisted

KINDS = frozenset({
    "match", "same", "parties", "fields", "goods", "stock", "limits", "guarantee", "selection", "modes", "waiting",
    "documents", "messages", "signatures", "senders", "styles", "redeclare", "cancel", "return", "status", "warehouse",
})  # fmt: skip
"""Everything on which the contract speaks plainly."""
EXPORTS = "exports"
"""Sales abroad beside the purchases; not among the default kinds."""
CORNERS = "corners"
"""Where the contract is silent and README.md says how we read it; not among the default kinds."""
MAX_BATCH = 20
WINDOW = 30
MAX_ROUNDS = 5


class Event(NamedTuple):
    """A document to be sent; `alone`: not in one message with the next event of its purchase."""

    document: Document
    alone: bool = False
    sender: str = ""


class Purchase:
    """One purchase on its way: what agrees, what is shown, and what is still to be sent."""

    def __init__(self, number: int, good: Parcel, shown: Parcel) -> None:
        self.number, self.good, self.shown = number, good, shown
        self.declares = "603" if "603" in shown else "621"
        self.events: deque[Event] = deque()
        self.rounds = 0
        self.last_at = number % 3000

    def later(self) -> str:
        """A fresh appTime, later than all before."""
        self.last_at += 7
        return app_time(self.last_at)

    def key(self) -> tuple[str, ...]:
        return documents.key_of(self.shown[self.declares])


class Generator:
    """Writes one case: tables first, then messages, each of which the oracle takes in at once."""

    def __init__(self, folder: Path, seed: int, parcels: int, kinds: frozenset[str]) -> None:
        self.chance = random.Random(seed)
        self.kinds = kinds
        self.writer = zone.CaseWriter(folder, seed)
        self.buyers = [
            *zone.BUYERS[:3],
            *((identity_number(self.chance), f"买家{n}") for n in range(max(6, parcels // 8))),
        ]
        self.make_tables()
        self.writer.finish()
        self.world = clearing.new_world(folder)
        self.sent: list[tuple[bytes, str]] = []
        self.seen: set[str] = set()  # every outcome, status and finding that has come up on the way
        self.seen_of_exports: set[str] = set()  # so for export lists alone
        self.schemas: Path | None = None

    # --- Tables ----------------------------------------------------------------------------------------------------

    def make_tables(self) -> None:
        chance, tables = self.chance, self.writer.tables
        if chance.random() < 0.1:
            self.writer.as_of = chance.choice(("2018-12-31T23:59:59+08:00", "2018-12-31T16:00:00+00:00"))
        if EXPORTS in self.kinds and chance.random() < 0.4:
            self.writer.as_of = chance.choice(("2024-12-14T23:59:59+08:00", "2024-12-14T16:00:00+00:00"))
        day = read_day(self.writer.as_of)
        tables["tariff"] = dated(zone.tariff_rows(), day)
        tables["books"] = [
            {**row, "qty": chance.choice((*["5000"] * 7, "20", "7.5", "3", "1.33333"))} for row in zone.book_rows()
        ]
        if "limits" in self.kinds:
            tables["allowances"] = [
                {"buyer_id_number": buyer[0], "year": year, "used": used}
                for buyer in self.buyers[:4]
                for year, used in ((day[:4], self.used()), (str(int(day[:4]) - 1), self.used()))
            ]
        if "guarantee" in self.kinds:
            balances = (*["1000000.00"] * 12, "3000.00", "300.00", "91.00", "18.20", "0.00")
            tables["guarantees"] = [
                {"assure_code": code, "balance": chance.choice(balances)}
                for code in (zone.PLATFORM, zone.PLATFORM_2, zone.SHOP, zone.CARRIER)
                if chance.random() < 0.95
            ]
            if chance.random() < 0.1:
                tables["guarantees"] = None
        if "selection" in self.kinds:
            rules = [
                ("gcode_prefix", "22", "inspect"),
                ("gcode_prefix", "3304990029", "review"),
                ("ebc_code", zone.SHOP_2, "review"),
                ("country", "609", "inspect"),
                ("country", "502", "review"),
                ("credit_class", "dishonest", "inspect"),
                ("credit_class", "regular", "review"),
            ]
            chosen = chance.sample(rules, chance.choice((0, 0, 1, 2)))
            tables["selection"] = [dict(zip(zone.COLUMNS["selection"], rule, strict=True)) for rule in chosen]
            for row in tables["enterprises"] or []:
                row["credit_class"] = chance.choice(("regular", "regular", "dishonest", "certified", ""))
            if chance.random() < 0.03:
                self.writer.policy["random_inspection_rate"] = 1
        if "modes" in self.kinds and chance.random() < 0.5:
            self.writer.policy["allow_1239"] = True
        if "messages" in self.kinds and chance.random() < 0.6:
            self.writer.policy["max_message_bytes"] = chance.choice((12000, 20000))

    def used(self) -> str:
        return self.chance.choice((*["0"] * 5, "0.01", "19999.99", "25000.00", "25899.99", "26000.00", "12345.67"))

    # --- Sending ---------------------------------------------------------------------------------------------------

    def put(self, data: bytes, name: str) -> None:
        self.writer.put(data, name)
        answer = clearing.receive(data, self.world, self.schemas)
        self.seen.update([answer["outcome"], *answer["reasons"].split(";")])
        for declaration in self.world["shelves"]["621"].values():
            found = [declaration["row"]["status"], *declaration["row"]["reasons"]]
            self.seen.update(found)
            if declaration["kind"] == "603":
                self.seen_of_exports.update(found)
        self.sent.append((data, name))

    def send(self, documents: list[Document], sender: str) -> None:
        """One message, perhaps written in another style, enveloped, damaged before or repeated after."""
        chance, kind = self.chance, documents[0]["kind"]
        if "messages" in self.kinds and chance.random() < 0.06:
            unsigned = self.plain(documents, sender)
            self.put(damage.one_of(chance, damage.BROKEN, unsigned), kind)
        if "senders" in self.kinds and chance.random() < 0.04:
            self.put(self.wrongly_sent(documents, sender), kind)
        if "signatures" in self.kinds and chance.random() < 0.12:
            self.put(self.badly_signed(documents, sender), kind)
        data = self.signed(self.plain(documents, sender), kind, sender)
        self.put(self.perhaps_enveloped(data, kind, sender), kind)
        if "messages" in self.kinds and chance.random() < 0.05:
            self.repeat(data, kind, sender)

    def plain(self, documents: list[Document], sender: str, guid: str = "") -> bytes:
        if not guid and "messages" in self.kinds and self.chance.random() < 0.03:
            guid = self.guid_of_another_kind(documents[0]["kind"])
        data = self.writer.message(documents, sender=sender, sign=False, guid=guid)
        if "styles" in self.kinds and self.chance.random() < 0.4:
            data = damage.STYLES[self.chance.choice(sorted(damage.STYLES))](data)
        return data

    def guid_of_another_kind(self, kind: str) -> str:
        """A guid that only messages of other kinds have: numbers are counted by kind."""
        taken = {guid for message_type, guid in self.world["claimed"] if message_type == f"CEB{kind}Message"}
        others = sorted({guid for _, guid in self.world["claimed"]} - taken)
        return self.chance.choice(others) if others else ""

    def signed(self, data: bytes, kind: str, sender: str) -> bytes:
        key = zone.key_of(sender)
        if key is None or (kind not in SIGNED_KINDS and self.chance.random() < 0.9):
            return data
        method = "rsa-sha1" if key.kind == "rsa" and self.chance.random() < 0.2 else ""
        return messages.signed(data, key, method=method, embed=self.chance.random() < 0.9)

    def perhaps_enveloped(self, data: bytes, kind: str, sender: str) -> bytes:
        if self.chance.random() < 0.75:
            return data
        return messages.enveloped(data, zone.dxp_id_of(sender), f"CEB{kind}Message")

    def repeat(self, data: bytes, kind: str, sender: str) -> None:
        """The same message again, an old one again, or another one under its number."""
        choice = self.chance.randrange(4)
        if choice == 0:
            self.put(data, kind)
        elif choice == 1:
            self.put(messages.enveloped(data, zone.dxp_id_of(sender), f"CEB{kind}Message"), kind)
        elif choice == 2:
            self.put(*self.chance.choice(self.sent[:-1] or self.sent))
        else:
            self.put(data.replace(b"Message>", b"Message >"), kind)

    def wrongly_sent(self, documents: list[Document], sender: str) -> bytes:
        chance, kind = self.chance, documents[0]["kind"]
        choice = chance.randrange(4)
        if choice == 0:
            return self.writer.message(documents, sender="4101900X99")
        if choice == 1:
            strangers = (zone.SHOP_2, zone.WAREHOUSE, zone.PAYER, zone.AGENT_SM2, zone.CARRIER_2)
            stranger = chance.choice([code for code in strangers if code != sender])
            return self.writer.message(documents, sender=stranger)
        if choice == 2:
            return self.writer.message(documents, sender=sender, dxp_id="DXPENT0000000000")
        return messages.enveloped(
            self.writer.message(documents, sender=sender), "DXPENT0000000000", f"CEB{kind}Message"
        )

    def badly_signed(self, documents: list[Document], sender: str) -> bytes:
        chance, data = self.chance, self.plain(documents, sender)
        kind, key, other = documents[0]["kind"], zone.key_of(sender), zone.key_of(zone.OPERATOR)
        thief = zone.key_of(zone.PAYER if sender != zone.PAYER else zone.AGENT)
        assert other is not None
        assert thief is not None
        if key is None:
            return messages.signed(data, thief)
        choice = chance.randrange(6)
        if choice == 0 and kind in SIGNED_KINDS:
            return data
        if choice == 1:
            return messages.signed(data, thief if chance.random() < 0.5 else other)
        if choice == 2:
            return messages.signed(data, thief, certificate=key)
        if choice == 3:
            return messages.signed(data, thief, embed=False)
        return damage.one_of(chance, damage.TAMPERED, messages.signed(data, key))

    # --- Purchases -------------------------------------------------------------------------------------------------

    def sale(self, number: int) -> Purchase:
        good = random_sale(self.chance, number)
        found = Purchase(number, good, twisted_sale(self.chance, good, self.kinds))
        order = ["303", "403", "505", "603"]
        if self.chance.random() < 0.5:
            order.remove("403")
        if "waiting" in self.kinds and self.chance.random() < 0.5:
            self.chance.shuffle(order)
        for kind in order:
            if "waiting" in self.kinds and self.chance.random() < 0.06:
                continue  # never sent, or sent by a follow-up
            found.events.extend(self.life_of(found, kind))
        if "status" in self.kinds and self.chance.random() < 0.1:
            make = self.chance.choice((manifest, arrival, departure))
            notice = make([good["505"]], at=found.last_at, cop_no=f"E{number}")
            found.events.insert(self.chance.randrange(len(found.events) + 1), Event(notice))
        return found

    def purchase(self, number: int) -> Purchase:
        if EXPORTS in self.kinds and self.chance.random() < 0.5:
            return self.sale(number)
        good = random_parcel(self.chance, number, self.buyers, self.world, self.kinds)
        found = Purchase(number, good, twisted(self.chance, good, self.kinds))
        order = ["311", "411", "511", "621"]
        if "waiting" in self.kinds and self.chance.random() < 0.5:
            self.chance.shuffle(order)
        for kind in order:
            if "waiting" in self.kinds and self.chance.random() < 0.06:
                continue  # never sent, or sent by a follow-up
            found.events.extend(self.life_of(found, kind))
        if "status" in self.kinds and self.chance.random() < 0.15:
            status = self.chance.choice(("1", "2", "2"))
            notice = again(signed_for(good["511"], at=found.last_at), appStatus=status)
            found.events.insert(self.chance.randrange(len(found.events) + 1), Event(notice))
            if self.chance.random() < 0.4:
                more = self.chance.choice(("1", "2"))
                if CORNERS in self.kinds:
                    more, status = self.chance.choice(("1", "2", "3")), self.chance.choice(("1", "2"))
                found.events.append(Event(again(notice, appType=more, appStatus=status)))
        if "warehouse" in self.kinds and self.chance.random() < 0.1:
            listed = stored_in([good["511"]], at=found.last_at)
            if self.chance.random() < 0.2:
                listed = again(listed, items=[*listed["items"], *listed["items"]])
            found.events.append(Event(listed, sender=zone.OPERATOR))
        return found

    def life_of(self, purchase: Purchase, kind: str) -> list[Event]:
        """How one document comes in: mostly once, sometimes as a draft, corrected, taken back, too late, twice."""
        chance, document = self.chance, purchase.shown[kind]
        start = again(document, appTime=purchase.later())
        if "documents" not in self.kinds or chance.random() > 0.3:
            return [Event(start)]
        wrong = again(start, **self.misprint(kind))
        later = again(document, appTime=purchase.later(), appType="2")
        older = "20260618065959"
        lives = [
            [Event(again(start, appStatus="1"))],
            [Event(again(wrong, appStatus="1")), Event(again(start, appTime=older))],
            [
                Event(again(wrong, appStatus="1")),
                Event(again(wrong, appStatus="1")),
                Event(again(later, appTime=older)),
            ],
            [Event(wrong, alone=True), Event(later)],
            [Event(wrong, alone=True), Event(again(later, appTime=older), alone=True), Event(later)],
            [Event(wrong, alone=True), Event(again(later, appType="3"), alone=True), Event(again(later, appType="1"))],
            [Event(start), Event(again(wrong, appTime=purchase.later()))],
            [Event(again(wrong, appType="2")), Event(again(start, appType="3")), Event(start)],
            [
                Event(start, alone=True),
                Event(again(later, appStatus="1"), alone=True),
                Event(again(later, appType="1")),
            ],
            [
                Event(again(start, appStatus="1"), alone=True),
                Event(again(later, appType="3"), alone=True),
                Event(start),
            ],
        ]
        if document["items"]:
            twice = [*document["items"], {**document["items"][0], "gnum": f"0{document['items'][0]['gnum']}"}]
            lives.append([Event(again(start, items=twice)), Event(start)])
        if kind == "411":
            spare = again(start, payTransactionId=f"SPARE{purchase.number}", amountPaid=start["head"]["amountPaid"])
            lives.append([Event(spare, alone=True), Event(start, alone=True), Event(again(spare, appType="3"))])
            lives.append([Event(start, alone=True), Event(again(spare, amountPaid="1"), alone=True)])
        if kind == "403":
            spare = again(start, payNo=f"SPARE{purchase.number}")
            lives.append([Event(spare, alone=True), Event(start, alone=True), Event(again(spare, appType="3"))])
            lives.append([Event(again(spare, charge="1"), alone=True), Event(start, alone=True)])
        return chance.choice(lives)

    def misprint(self, kind: str) -> dict[str, Any]:
        return {
            "311": {"buyerName": "误写"},
            "411": {"amountPaid": "0.01"},
            "511": {"consignee": "误写"},
            "621": {"buyerName": "误写"},
            "303": {"orderType": "B"},
            "403": {"charge": "0.01"},
            "505": {"packNo": "9"},
            "603": {"packNo": "9"},
        }[kind]

    # --- Running ---------------------------------------------------------------------------------------------------

    def run(self, count: int) -> None:
        waiting = deque(range(1, count + 1))
        open_purchases: list[Purchase] = []
        while waiting or open_purchases:
            while waiting and len(open_purchases) < WINDOW:
                open_purchases.append(self.purchase(waiting.popleft()))
            self.send_batch([purchase for purchase in open_purchases if purchase.events])
            for purchase in [purchase for purchase in open_purchases if not purchase.events]:
                purchase.rounds += 1
                documents = follow_up(purchase, self.world, self.chance, self.kinds)
                purchase.events.extend(Event(document, alone=True) for document in documents)
                if not documents or purchase.rounds > MAX_ROUNDS:
                    open_purchases.remove(purchase)

    def send_batch(self, ready: list[Purchase]) -> None:
        """Take the next event of one purchase, and what others have for the same sender, into one message."""
        if not ready:
            return
        first = self.chance.choice(ready)
        size = self.chance.choice((1, 1, 2, 3, 5, 8, MAX_BATCH))
        sender = self.sender_of(first.events[0])
        kind = first.events[0].document["kind"]
        batch: list[Document] = []
        for purchase in self.chance.sample(ready, len(ready)):
            while purchase.events and len(batch) < size and fits(purchase.events[0], kind, sender):
                event = purchase.events.popleft()
                batch.append(event.document)
                if (event.alone and CORNERS not in self.kinds) or self.chance.random() < 0.5:
                    break
        self.send(batch, sender)

    def sender_of(self, event: Event) -> str:
        head, kind = event.document["head"], event.document["kind"]
        if event.sender:
            return event.sender
        if kind in ("311", "303") and self.chance.random() < 0.4:
            return str(head["ebcCode"])
        if kind == "403" and head["payCode"] and self.chance.random() < 0.5:
            return str(head["payCode"])
        if (
            kind in ("621", "623", "625", "603", "605", "213")
            and head["ebcCode"] == zone.SHOP
            and self.chance.random() < 0.3
        ):
            return zone.SHOP
        return zone.default_sender(event.document)


def fits(event: Event, kind: str, sender: str) -> bool:
    """Whether an event may go into a message of this kind by this sender."""
    document = event.document
    return document["kind"] == kind and sender in [document["head"][name] for name in PARTIES[kind]]


def read_day(as_of: str) -> str:
    return datetime.fromisoformat(as_of).astimezone(CHINA).date().isoformat()


def dated(rows: list[dict[str, str]], day: str) -> list[dict[str, str]]:
    """The tariff as it is in force on a day, with what ended the day before and what begins the day after."""
    today = date.fromisoformat(day)
    before, after = str(today - timedelta(days=1)), str(today + timedelta(days=1))
    found = []
    for number, row in enumerate(rows):
        if number % 3 == 0:
            found.append({**row, "valid_from": "", "valid_to": before, "vat_rate": "0.16"})
            found.append({**row, "valid_from": day, "valid_to": day})
            found.append({**row, "valid_from": after, "valid_to": "", "vat_rate": "0.10"})
        else:
            found.append({**row, "valid_from": "2016-04-08"})
    found.append({**rows[0], "gcode": "1111111111", "valid_from": "2016-04-08", "valid_to": before})
    found.append({**rows[0], "gcode": "2222222222", "valid_from": after, "valid_to": ""})
    return found


def write_random_case(folder: Path, seed: int, parcels: int, *, kinds: frozenset[str] = KINDS) -> Path:
    """Write a case folder that does not exist yet; the same seed, count and kinds give the same documents in order.

    Keys, and so signatures, are those of this machine's temporary folder. `kinds`: of `KINDS`, `EXPORTS` and `CORNERS`.
    """
    unknown = kinds - KINDS - {EXPORTS, CORNERS}
    if unknown:
        raise ValueError(f"no such kinds: {sorted(unknown)}")
    generator = Generator(folder, seed, parcels, kinds)
    generator.run(parcels)
    return folder
