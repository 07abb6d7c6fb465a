"""Every rule, met once by the real intake and engine: the examples of the help pages are recorded from this.

Two zones of made traffic: one in which everything goes wrong that can, then officers decide, goods come back; and one
whose policy draws every declaration for inspection. No person and no firm in it exists.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from lxml import etree

from clearance.rig import SELECTION_KEY, connector
from portal.help_spares import spare_examples
from portal.help_storage import storage_examples
from silkgate.clearance import actions
from silkgate.clearance.api import Engine, load_zone
from silkgate.clearance.domain import RELEASED
from silkgate.clearance.explain import selection_findings
from silkgate.exchange import api as exchange
from silkgate.identity import api as identity
from silkgate.kernel.clock import CHINA
from silkgate.kernel.findings import Finding
from silkgate.site.scratch import private_database
from silkgate.site.traffic import samples
from silkgate.site.traffic.drawing import Draw
from silkgate.site.traffic.exports import ExportParcels
from silkgate.site.traffic.faults import FAULTS
from silkgate.site.traffic.goods import STOCKED
from silkgate.site.traffic.hostile import HOSTILE, hostile, reused_guid
from silkgate.site.traffic.messages import Traffic, messages
from silkgate.site.traffic.zone import Zone
from silkgate.tariff.api import cards

CEB = "{http://www.chinaport.gov.cn/ceb}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
LATER = timedelta(days=32)
AROUND = 2
"""Elements shown on each side of the one that a finding is about."""


COMPANIONS = {
    "match.order_sum": "311",
    "match.amount": "411",
    "match.payer": "411",
    "match.payment_no": "411",
    "match.consignee": "511",
    "match.waybill_order": "511",
    "match.order_type": "303",
    "match.receipt": "403",
}
"""Where what was found stands, of rules that compare."""


class Example(NamedTuple):
    """What a help page shows of a rule: the finding, the message's kind and fragment, what the receipt said."""

    finding: list[str | int | None]
    message: str
    fragment: str
    receipt: str


Recorded = dict[str, dict[str, Any]]


def recorded(server: str, folder: Path) -> Recorded:
    """Examples of all rules and receipt statuses, as the data file of the help pages holds them."""
    rules: dict[str, Example] = {}
    statuses: dict[str, str] = {}
    for name, zone, tell in (
        ("wrong", samples.zone(), _everything_wrong),
        ("drawn", _drawing_zone(), _one_parcel),
        ("abroad", _zone_of_2024(), _exports),
    ):
        zone.write(folder / name)
        with private_database(server) as url:
            story = _Story(url, folder / name, zone)
            tell(story)
            for slug, example in story.examples():
                rules.setdefault(slug, example)
            for status, fragment in story.statuses():
                statuses.setdefault(status, fragment)
    for slug, (finding, asked, answer) in {**spare_examples(server), **storage_examples(server)}.items():
        rules[slug] = Example(finding.to_list(), "", asked, answer)
    return {
        "rules": {slug: rules[slug]._asdict() for slug in sorted(rules)},
        "statuses": {status: statuses[status] for status in sorted(statuses)},
    }


def written(found: Recorded) -> str:
    """The data file's text."""
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def _zone_of_2024() -> Zone:
    """When a retail export still needed a receipt of money."""
    return replace(samples.zone(), as_of=datetime(2024, 6, 18, 10, tzinfo=CHINA))


def _drawing_zone() -> Zone:
    return replace(samples.zone(), policy=(("random_inspection_rate", 1),), selection=())


class _Story:
    """A zone in a private database; messages come in, the engine decides."""

    def __init__(self, url: str, folder: Path, zone: Zone) -> None:
        self.zone, self.connect, self.now = zone, connector(url), zone.as_of
        load_zone(folder, selection_key=SELECTION_KEY)
        self._raw: dict[int, bytes] = {}

    def send(self, *raws: bytes) -> list[int]:
        """Take messages in, one after the other, and decide; their numbers."""
        with self.connect() as connection:
            connection.autocommit = True
            filed = identity.certificates(connection.cursor())
            numbers = []
            for raw in raws:
                received = exchange.examine(raw, lambda code: filed.get(code, ()), max_message_bytes=10 * 2**20)
                numbers += exchange.store(connection, [received], self.now)
        self._raw |= dict(zip(numbers, raws, strict=True))
        self.decide()
        return numbers

    def decide(self) -> None:
        with Engine(self.connect, lambda: self.now) as engine:
            engine.drain()

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            return connection.execute(sql, values).fetchall()  # type: ignore[arg-type]

    # --- What came of it ---

    def examples(self) -> Iterator[tuple[str, Example]]:
        """Every finding of this story that was the first of its rule, with its fragment and receipt."""
        for message_id, found in self.rows("select message_id, findings from exchange_answer order by message_id"):
            for finding in json.loads(found or "[]"):
                yield self._example(Finding(*finding), message_id, 0)
        declared = self.rows(
            "select id, message_id, position, state, findings, assessment, invt_no"
            " from clearance_declaration order by id"
        )
        for number, message_id, position, state, found, assessment, invt_no in declared:
            findings = [Finding(*finding) for finding in json.loads(found or "[]")]
            selected = json.loads(assessment)["selected_by"] if assessment else []
            findings += selection_findings(state, selected, invt_no) if state in {"300", "500"} else []
            if (RELEASED,) in self.rows("select state from clearance_instruction where declaration_id = %s", number):
                findings.append(Finding("officer.release"))
            for finding in findings:
                yield self._example(finding, message_id, position)

    def _example(self, finding: Finding, message_id: int, position: int) -> tuple[str, Example]:
        raw = self._raw[self._where(finding.code, message_id)]
        with suppress(etree.XMLSyntaxError):
            root = etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))
            if root.tag.startswith(CEB):
                kind = root.tag.removeprefix(CEB)[3:6]
                return finding.code, Example(
                    finding.to_list(),
                    kind,
                    fragment(root, 0 if finding.code in COMPANIONS else position, finding),
                    self._receipt(message_id, finding.code),
                )
        return finding.code, Example(finding.to_list(), "", _head(raw), self._receipt(message_id, finding.code))

    def _where(self, slug: str, message_id: int) -> int:
        """The message that shows a finding: of a comparison, the companion that came last before the declaration."""
        kind = COMPANIONS.get(slug)
        if kind is None:
            return message_id
        root = f"<ceb:CEB{kind}Message".encode()
        return max(number for number, raw in self._raw.items() if number <= message_id and root in raw[:200])

    def _receipts(self, message_id: int | None = None) -> Iterator[tuple[str, etree._Element]]:
        with self.connect() as connection:
            found = (
                exchange.all_receipts(connection, 0)
                if message_id is None
                else exchange.receipts_of(connection, message_id)
            )
        for receipt in found:
            for document in etree.fromstring(receipt.body):
                yield receipt.kind[3:6], document

    def _receipt(self, message_id: int, slug: str) -> str:
        """What the receipt said about it: the one that names the rule, else the last with the rule's status."""
        said = ""
        for kind, document in self._receipts(message_id):
            if f"[{slug}]" in (document.findtext(f"{CEB}returnInfo") or ""):
                return _said(document)
            if document.findtext(f"{CEB}returnStatus") == cards()[slug].receipt_code(kind):
                said = _said(document)
        return said

    def statuses(self) -> Iterator[tuple[str, str]]:
        """Every status that a receipt of this story has, with what it says, the plainest first."""
        for _, document in self._receipts():
            status = document.findtext(f"{CEB}returnStatus")
            if status:
                yield status, _said(document)


def _said(document: etree._Element) -> str:
    name = etree.QName(document).localname
    lines = [
        f"  <ceb:{tag}>{_escaped(document.findtext(f'{CEB}{tag}') or '')}</ceb:{tag}>"
        for tag in ("returnStatus", "returnTime", "returnInfo")
        if document.find(f"{CEB}{tag}") is not None
    ]
    return "\n".join((f"<ceb:{name}>", *lines, f"</ceb:{name}>"))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _head(raw: bytes) -> str:
    """The beginning of what cannot be read."""
    return raw[:300].decode("utf-8", "replace") + "…"


def fragment(root: etree._Element, position: int, finding: Finding) -> str:
    """The element that a finding is about, with its neighbours and where it stands; … stands for what is left out."""
    if finding.code == "message.guid_reused":
        return f'<ceb:{etree.QName(root).localname} guid="{root.get("guid")}" version="1.0">\n  …'
    if finding.field == "Signature":
        return _signature(root)
    documents = [child for child in root if etree.QName(child).localname not in {"BaseTransfer", "BaseSubscribe"}]
    place = documents[position] if position < len(documents) else root
    transfer = root.iter(f"{CEB}BaseTransfer") if finding.field == "copCode" else ()
    for parent in (*transfer, *place, place, root):
        if finding.line is not None and parent.findtext(f"{CEB}gnum") != str(finding.line):
            continue
        names = [etree.QName(child).localname for child in parent]
        if finding.field in names:
            return _cut(parent, names.index(finding.field))
    return _cut(place[0] if len(place) else place, 4)


def _signature(root: etree._Element) -> str:
    """How a message ends: with a signature, whose values differ each time, or without."""
    name = etree.QName(root).localname
    lines = [f'<ceb:{name} guid="{root.get("guid")}" version="1.0">', "  …", "  <ceb:BaseTransfer>…</ceb:BaseTransfer>"]
    method, reference = root.find(f".//{DS}SignatureMethod"), root.find(f".//{DS}Reference")
    if method is not None and reference is not None:
        lines += [
            "  <ds:Signature>",
            f'    <ds:SignatureMethod Algorithm="{method.get("Algorithm")}"/>',
            f'    <ds:Reference URI="{reference.get("URI")}">…</ds:Reference>',
            "    …",
            "  </ds:Signature>",
        ]
    return "\n".join((*lines, f"</ceb:{name}>"))


def _cut(parent: etree._Element, middle: int) -> str:
    children = [child for child in parent if not len(child)]
    name = etree.QName(parent).localname
    first, last = max(0, middle - AROUND), middle + AROUND + 1
    lines = [
        f"  <ceb:{tag}>{_escaped(child.text or '')}</ceb:{tag}>"
        for child in children[first:last]
        for tag in (etree.QName(child).localname,)
    ]
    before, after = ["  …"] if first else [], ["  …"] if last < len(children) else []
    return "\n".join((f"<ceb:{name}>", *before, *lines, *after, f"</ceb:{name}>"))


# --- The story --------------------------------------------------------------------------------------------------------


def _four(number: int, **changes: Any) -> list[bytes]:
    """Four agreeing messages of one purchase."""
    return [
        samples.message("311", None, [samples.order(number)]),
        samples.message("411", None, [samples.payment(number)]),
        samples.message("511", None, [samples.waybill(number)]),
        samples.message("621", None, [samples.declaration(number, **changes)]),
    ]


def _one_parcel(story: _Story) -> None:
    """Drawn for inspection; and another that is only a draft."""
    story.send(*_four(1))
    story.send(samples.message("621", None, [samples.declaration(2, app_status="1")]))


def _everything_wrong(story: _Story) -> None:
    zone = story.zone
    random = Random("help")
    story.send(*_four(1))
    story.send(*[hostile(zone, name, random).raw for name in HOSTILE])
    story.send(samples.message("311", None, [samples.order(2)]) + b" " * (10 * 2**20 + 1))
    _wrong_documents(story)
    draw = Draw(zone, 1, 5_000, zone.as_of, 50_000)
    parcels = [make(draw, 5_000 + place) for place, make in enumerate(FAULTS.values())]
    story.send(*[one.raw for one in messages(parcels, zone, per_message=1)])
    _officers_decide(story)
    _aftercare(story)


def _wrong_documents(story: _Story) -> None:
    """Duplicates, changes of what is used, older, or not there."""
    again: Sequence[tuple[str, Callable[..., Any]]] = (
        ("311", samples.order),
        ("411", samples.payment),
        ("511", samples.waybill),
        ("621", samples.declaration),
    )
    first = samples.message("311", None, [samples.order(3)])
    story.send(first, reused_guid(Traffic("CEB311Message", first, 1, "")).raw)
    story.send(*[samples.message(code, None, [made(1)], guid=_guid(code)) for code, made in again])
    earlier = f"{samples.order(3).app_time[:8]}070000"
    story.send(
        samples.message("311", None, [samples.order(1, app_type="2")]),
        samples.message("311", None, [samples.order(3, app_type="2", app_time=earlier)]),
        samples.message("311", None, [samples.order(99, app_type="2")]),
        samples.message("311", None, [samples.order(4, items=(samples.order_item(), samples.order_item()))]),
        samples.message("621", None, [samples.declaration(4, items=(samples.declaration_item(),) * 2)]),
    )


def _guid(code: str) -> str:
    return f"00000000-0000-4000-8000-000000000{code}"


def _officers_decide(story: _Story) -> None:
    """What selection holds: some by what it is, some by who sells it; an officer releases, detains, sends back."""
    draw = Draw(story.zone, 2, 9_000, story.zone.as_of, 50_000)
    reviewed = next(shop for shop in story.zone.shops if shop.ebc.code == "4101960E12")
    inspected = next(article for article in STOCKED if article.gcode.startswith("220830"))
    parcels = [draw.parcel(9_000 + place, shop=reviewed, buyer=draw.fresh_buyer()) for place in range(8)]
    parcels += [draw.parcel(9_010, lines=[draw.line(inspected)], buyer=draw.fresh_buyer())]
    story.send(*[one.raw for one in messages(parcels, story.zone, per_message=1, seed=2)])
    held = story.rows("select id from clearance_declaration where state in ('300', '500') order by id")
    decisions = (
        (actions.RELEASE, "800", "查验结果与申报一致，放行"),
        (actions.DETAIN, "599", "实货与申报不符，扣留待查"),
        (actions.SEND_BACK, "100", "商品名称与实货不符，退单更正"),
        (actions.DETAIN, "501", "实货与申报不符，移送通关处理"),
        (actions.DETAIN, "502", "涉嫌走私，移送缉私处理"),
        (actions.DETAIN, "503", "涉嫌侵权，移送法规处理"),
    )
    # Two stay held, in review and in inspection.
    for (number,), (action, state, reason) in zip(held[: len(decisions)], decisions, strict=True):
        actions.instruct(number, action, state, reason, officer="zhao", at=story.now)
    story.decide()


def _aftercare(story: _Story) -> None:
    """Cancelled, returned, too much, too late."""
    story.send(*_four(10), *_four(11), *_four(12))
    numbers = dict(story.rows("select order_no, invt_no from clearance_declaration where invt_no is not null"))
    own = {n: samples.declaration(n) for n in (10, 11, 12)}
    invt_no = {n: numbers[one.order_no] for n, one in own.items()}
    too_many = samples.return_request(invt_no[12], own[12])
    too_many = too_many._replace(items=(too_many.items[0]._replace(qty="9"), *too_many.items[1:]))
    story.send(
        samples.message("623", None, [samples.cancel("46122026I999999999", own[10])]),
        samples.message("623", None, [samples.cancel(invt_no[10], own[10])]),
        samples.message("625", None, [samples.return_request(invt_no[10], own[10])]),
        samples.message("623", None, [samples.cancel(invt_no[10], own[10], cop_no="X-AGAIN")]),
        samples.message("625", None, [samples.return_request("46122026I999999999", own[10])]),
        samples.message("625", None, [too_many]),
    )
    story.now += LATER
    late = f"{int(own[11].app_time[:8]) // 100 + 1}{own[11].app_time[6:]}"
    story.send(samples.message("625", None, [samples.return_request(invt_no[11], own[11], app_time=late)]))


def _exports(story: _Story) -> None:
    """Lists that wait, differ, or are simplified with a licence; one that leaves, and comes back in two wrong ways."""
    made = ExportParcels(story.zone)

    story.send(*[one.raw for one in made.messages([made.parcel(1, bonded=False)])])
    first = made.parcel(2, bonded=False)
    for number, part, name, value in (
        (3, 0, "orderType", "B"), (4, 1, "grossWeight", "9"), (5, 2, "licenseNo", "24-AA-100123"),
    ):  # fmt: skip
        parcel = made.parcel(number, bonded=False)
        (parcel.order[0], parcel.waybill, parcel.declared[0])[part][name] = value
        if name == "licenseNo":
            parcel.declared[0]["statisticsFlag"] = "A"
        story.send(made.money(parcel).raw, *[one.raw for one in made.messages([parcel])])
    short = made.parcel(6, bonded=False)
    story.send(made.money(short, charge="1").raw, *[one.raw for one in made.messages([short])])
    story.send(made.money(first).raw, *[one.raw for one in made.messages([first])])
    ((invt_no,),) = story.rows("select invt_no from clearance_declaration where state = '800'")
    leaving = [made.transport(code, "ZB2024", [first.logistics_no]).raw for code in ("607", "507", "509")]
    story.send(*leaving, made.tally(first, invt_no).raw, made.give_back(first, invt_no, tradeMode="1261").raw)
