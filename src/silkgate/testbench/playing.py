"""A run: the messages of a firm, and those that the bench sends for others, through intake and engine of production.

Nothing is kept here and nothing of production is changed: the engine plays on a sandbox in memory. From the database
are read the law of the day, the zone's policy, who is filed and with which certificate.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from silkgate.clearance import api as clearance
from silkgate.client import Sender, SigningKey, signed
from silkgate.exchange import api as exchange
from silkgate.identity import api as identity
from silkgate.kernel.clock import CHINA
from silkgate.kernel.text import Text
from silkgate.registry import api as registry
from silkgate.risk import api as risk
from silkgate.standards.xmldsig import Certificate
from silkgate.tariff import api as tariff
from silkgate.testbench.checking import checks
from silkgate.testbench.domain import (
    BENCH,
    BYTES_PER_RUN,
    DOCUMENTS_PER_RUN,
    MESSAGES_PER_RUN,
    ROLES,
    YOU,
    DeclarationTold,
    MessageTold,
    Refused,
    Report,
    Scenario,
)
from silkgate.testbench.fixes import Facts, told
from silkgate.testbench.samples import composed
from silkgate.testbench.scenarios import document_of, published, words_for


class Firm(NamedTuple):
    """The firm whose system is tested."""

    code: str
    name: str
    certificates: tuple[Certificate, ...] = ()
    """Uploaded to the bench; those filed count as well."""


class Item(NamedTuple):
    """A message of a run before it is played."""

    who: str
    raw: bytes


class Receipt(NamedTuple):
    """A receipt of a run; `message` is the number of the message that it answers."""

    message: int
    kind: str
    recipient: str
    body: bytes


class Ran(NamedTuple):
    """What a run came to, with everything that was sent and received."""

    report: Report
    items: tuple[Item, ...]
    receipts: tuple[Receipt, ...]
    program: str
    law_version: str


class Ground(NamedTuple):
    """What a run is played on: the law of a day and a zone of its own."""

    law: tariff.Law
    at: datetime
    zone: clearance.SandboxZone
    certificates: Callable[[str], Sequence[Certificate]]
    words: Mapping[str, str]


def play(firm: Firm, day: date, raws: Sequence[bytes], scenario: Scenario | None = None) -> Ran:
    """Play the messages of `firm` under the law of `day`: as they are, or as its part of `scenario`.

    Raises Refused for more than the bench takes at once, tariff.NotInForceError for a day without law.
    """
    _check_size(raws)
    ground = prepare(firm, day, scenario.role if scenario else "")
    items = _in_order(raws, scenario, ground.words) if scenario else tuple(Item(YOU, raw) for raw in raws)
    sandbox = clearance.Sandbox(ground.zone, ground.law, ground.at)
    founds, outcomes = [], []
    documents = 0
    for item in items:
        found = _examined(item.raw, ground)
        documents += found.document_count
        if documents > DOCUMENTS_PER_RUN:
            raise Refused(
                Text(
                    f"一次测试最多{DOCUMENTS_PER_RUN}份单证，请分成几次。",
                    f"A run has at most {DOCUMENTS_PER_RUN} documents: make it several runs.",
                )
            )
        founds.append(found)
        outcomes.append(_checked(item.raw, found, sandbox.take(found), ground))
    receipts = tuple(Receipt(one.message_id, one.kind, one.recipient, one.body) for one in sandbox.receipts)
    messages, declarations = _told(ground, sandbox, items, founds, outcomes, receipts)
    report = Report(messages, declarations, checks(scenario, ground.words, items, messages, declarations))
    return Ran(report, items, receipts, _program(), f"{ground.law.version}.{ground.law.tariff_version}")


def _examined(raw: bytes, ground: Ground, *, checking: bool = False) -> exchange.Found:
    return exchange.examine(
        raw, ground.certificates, max_message_bytes=ground.law.max_message_bytes, channel="bench", checking=checking
    ).found


def _checked(raw: bytes, found: exchange.Found, played: clearance.Played, ground: Ground) -> clearance.Played:
    """Of a message of a kind that the service refuses, also what can be checked of it."""
    if found.kind[3:6] not in exchange.CHECKED:
        return played
    checked = clearance.judge(_examined(raw, ground, checking=True), ground.zone.parties)
    return played._replace(findings=(*played.findings, *checked.findings))


def prepare(firm: Firm, day: date, role: str) -> Ground:
    """The sandbox for a firm: it is filed there in `role`, or, without one, in the roles that it is filed in (all that
    the bench knows, where it is not filed yet)."""
    known = published()
    with connection.cursor() as cursor:
        zone = registry.zone(cursor)
        filed = registry.enterprises(cursor)
        certificates = identity.certificates(cursor)
    policy: dict[str, Any] = dict(zone.policy) if zone else {}
    # The same messages have the same end on the bench; who is drawn in service depends on a secret.
    law = tariff.law_of(day, policy={**policy, "random_inspection_rate": Decimal(0)})
    law = law.with_rates({**known.rates, **law.rates})
    # Nobody learns here at which address another is reached.
    parties = {code: clearance.Party(code, one.roles, "") for code, one in filed.items()}
    parties |= {one.code: clearance.Party(one.code, one.roles, one.dxp_id) for one in known.firms}
    own = filed.get(firm.code)
    roles = (own.roles if own else frozenset()) | ({role} if role else frozenset())
    parties[firm.code] = clearance.Party(firm.code, roles or frozenset(ROLES), own.dxp_id if own else "")
    bench = bench_key().certificate
    by_code = {**certificates, **{one.code: (bench,) for one in known.firms}}
    by_code[firm.code] = (*certificates.get(firm.code, ()), *firm.certificates)
    limit_cents = law.annual_limit_cents
    return Ground(
        law=law,
        at=datetime(day.year, day.month, day.day, known.hour, tzinfo=CHINA),
        zone=clearance.SandboxZone(
            "testbench",
            customs_code(zone),
            parties,
            known.items,
            {one.code: one.guarantee_cents for one in known.firms if one.guarantee_cents},
            {buyer: limit_cents - left for buyer, left in known.left_cents.items()},
            risk.Selection(risk.SelectionRule(*rule) for rule in known.selection),
        ),
        certificates=lambda code: by_code.get(code, ()),
        words=words_for(role, firm.code, firm.name, day=day, customs_code=customs_code(zone)),
    )


def customs_code(zone: registry.ZoneRecord | None) -> str:
    """The customs office of the bench: the zone's, and before one is loaded that of the scenarios."""
    return zone.customs_code if zone else published().customs_code


def data_for(firm: Firm, day: date, role: str) -> tuple[dict[str, str], Sender]:
    """What stands in the `{…}` of a scenario's data for a firm, and how it names itself as the sender."""
    with connection.cursor() as cursor:
        zone = registry.zone(cursor)
    filed = registry.current(firm.code)
    dxp_id = filed.data.get("dxp_id", "") if filed else ""
    words = words_for(role, firm.code, firm.name, day=day, customs_code=customs_code(zone))
    return words, Sender(firm.code, firm.name, dxp_id or firm.code)


@functools.cache
def bench_key() -> SigningKey:
    """What the bench signs with in the place of other firms; made when a process first needs it, kept nowhere."""
    return SigningKey.generate_sm2("Silkgate test bench")


def bench_message(scenario: Scenario, place: int, words: Mapping[str, str]) -> bytes:
    """The message that the bench sends at this step (from 0), from the firm that would send it."""
    step = scenario.steps[place]
    firm = published().firm(sender_role(step.kind, scenario.role))
    raw = composed(scenario, place, document_of(step, words, place), Sender(firm.code, firm.name, firm.dxp_id))
    return signed(raw, bench_key()) if step.signed else raw


_SENDERS = {
    **dict.fromkeys(("311", "303"), "ebp"),
    **dict.fromkeys(("411", "403"), "pay"),
    **dict.fromkeys(("511", "513", "505", "509"), "logistics"),
    **dict.fromkeys(("711", "507", "215"), "operator"),
}
"""Who sends a kind of message; the others are the declarant's."""


def sender_role(kind: str, tested: str = "") -> str:
    """The role of the bench's firm that sends a kind of message while a firm is tested in the role `tested`."""
    role = _SENDERS.get(kind, "agent")
    return "ebc" if role == tested == "agent" else role


def _check_size(raws: Sequence[bytes]) -> None:
    if not raws:
        raise Refused(Text("没有报文，请选择文件。", "There is no message: choose a file."))
    if len(raws) > MESSAGES_PER_RUN or sum(map(len, raws)) > BYTES_PER_RUN:
        raise Refused(
            Text(
                f"一次测试最多{MESSAGES_PER_RUN}份报文、{BYTES_PER_RUN // 2**20}MB，请分成几次。",
                f"A run has at most {MESSAGES_PER_RUN} messages and {BYTES_PER_RUN // 2**20} MB: make it several runs.",
            )
        )


def _in_order(raws: Sequence[bytes], scenario: Scenario, words: Mapping[str, str]) -> tuple[Item, ...]:
    """The firm's messages where the scenario has them, the bench's between; what is too much comes last."""
    waiting = list(raws)
    items = []
    for place, step in enumerate(scenario.steps):
        if step.who == BENCH:
            items.append(Item(BENCH, bench_message(scenario, place, words)))
        elif waiting:
            items.append(Item(YOU, waiting.pop(0)))
    return (*items, *(Item(YOU, raw) for raw in waiting))


def _told(
    ground: Ground,
    sandbox: clearance.Sandbox,
    items: Sequence[Item],
    founds: Sequence[exchange.Found],
    outcomes: Sequence[clearance.Played],
    receipts: Sequence[Receipt],
) -> tuple[list[MessageTold], list[DeclarationTold]]:
    ended = sandbox.declarations()
    accepted = [one for one in ended if one.invt_no]
    facts = Facts(
        ground.law,
        ground.zone,
        {one.invt_no for one in accepted},
        ground.certificates,
        {one.logistics_no for one in accepted},
    )
    messages = []
    for number, (item, found, played) in enumerate(zip(items, founds, outcomes, strict=True), start=1):
        messages.append(
            MessageTold(
                number=number,
                who=item.who,
                kind=found.kind,
                guid=found.guid,
                sender=found.sender,
                documents=found.document_count,
                sha256=hashlib.sha256(item.raw).hexdigest(),
                outcome=played.outcome,
                findings=[told(finding, facts, item.raw) for finding in played.findings],
                receipts=[one.kind[3:6] for one in receipts if one.message == number],
                modes=sorted({one.mode for one in ended if one.message == number}),
            )
        )
    declarations = []
    for one in ended:
        assessed = one.assessment
        declarations.append(
            DeclarationTold(
                message=one.message,
                ebp_code=one.ebp_code,
                order_no=one.order_no,
                logistics_no=one.logistics_no,
                mode=one.mode,
                invt_no=one.invt_no,
                state=one.state,
                findings=[told(finding, facts, items[one.message - 1].raw) for finding in one.findings],
                dutiable_cents=assessed.dutiable_cents if assessed else None,
                duty_cents=assessed.duty_cents if assessed else None,
                value_added_tax_cents=assessed.value_added_tax_cents if assessed else None,
                consumption_tax_cents=assessed.consumption_tax_cents if assessed else None,
            )
        )
    return messages, declarations


def _program() -> str:
    from silkgate import __version__

    return __version__
