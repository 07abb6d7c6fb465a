"""One batch decided: the part of the engine that service and replay share. Pure but for what `Prefetch` reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from silkgate.clearance.domain import DETAINED, HELD, OfficerInstruction, Party
from silkgate.clearance.engine.answer import Answering
from silkgate.clearance.engine.effects import Effects
from silkgate.clearance.engine.needs import Messages
from silkgate.clearance.engine.prefetch import Prefetch
from silkgate.clearance.engine.settle import Settling, Zone
from silkgate.clearance.engine.state import State
from silkgate.clearance.engine.take import Taking
from silkgate.exchange.api import Segment
from silkgate.registry import api as registry
from silkgate.risk import api as risk
from silkgate.tariff import api as tariff


class Reference(NamedTuple):
    """What other rooms keep and the engine judges by."""

    zone: Zone
    policy: Mapping[str, Any]
    """The zone's policy values, as `tariff.law_of` takes them."""
    filed: Mapping[str, Party]
    """Enterprises by code."""
    selection: risk.Selection
    classes: registry.Classes = registry.NO_CLASSES
    """Credit classes of enterprises at any time; empty where no selection rule asks for one."""


def read_reference(cursor: Any) -> Reference:
    """The reference as it stands now. Raises LookupError before a zone was loaded."""
    zone = registry.zone(cursor)
    if zone is None:
        raise LookupError("no zone is loaded: run `silkgate load` first / 尚未装载综试区：请先运行silkgate load")
    enterprises = registry.enterprises(cursor)
    filed = {code: Party(code, enterprise.roles, enterprise.dxp_id) for code, enterprise in enterprises.items()}
    selection = risk.selection(cursor)
    return Reference(
        Zone(zone.name, zone.customs_code, zone.guarantees_checked, zone.selection_key),
        zone.policy,
        filed,
        selection,
        registry.all_classes(cursor, enterprises) if selection.asks_for_class else registry.NO_CLASSES,
    )


def messages_of(segments: Iterable[Segment]) -> Messages:
    """The messages of segments in recorded order, with their documents."""
    return [
        (segment.message_id(place), found, found.records())
        for segment in segments
        for place, found in enumerate(segment.found)
    ]


def decide(
    state: State,
    prefetch: Prefetch,
    reference: Reference,
    law: tariff.Law,
    at: datetime,
    messages: Messages,
    instructions: Sequence[OfficerInstruction],
) -> Answering:
    """Decide the next batch at `at`: first the officers' instructions, then the messages.

    Leaves `state` after the batch; what came of it is in the `effects` of the answers that are returned.
    """
    prefetch(
        messages,
        declared=[instruction.declaration_id for instruction in instructions],
        day=law.day,
        annual_limit_cents=law.annual_limit_cents,
    )
    state.batch_no += 1
    effects = Effects(state.batch_no, at)
    answering = Answering(state, effects, tariff.cards())
    settling = Settling(
        state, reference.zone, law, reference.filed, reference.selection, effects, answering, reference.classes
    )
    taking = Taking(state, reference.filed, effects, settling, answering)
    for instruction in instructions:
        _carry_out(state, instruction, settling, answering)
    for message_id, found, documents in messages:
        taking.message(message_id, found, documents)
    settling.forget_used()
    return answering


def _carry_out(state: State, instruction: OfficerInstruction, settling: Settling, answering: Answering) -> None:
    """An officer's decision on a held or detained declaration; CEB622 follows."""
    effects = settling.effects
    entry = state.living.get(instruction.declaration_id)
    if entry is None or entry.state not in HELD | set(DETAINED):
        outcome = f"not held any more: {entry.state}" if entry else "no such declaration"
        effects.instructions.append((instruction.id, outcome))
        return
    effects.declared(entry)
    entry.decided_at = effects.at
    if instruction.state == "800":
        entry.findings, entry.reasons = [], ()
        settling.release(entry, instruction.officer, instruction.reason)
    else:
        if instruction.state == "100":
            settling.aftercare.send_back(entry, instruction)
            kind, word = "declaration.sent_back", "海关退单"
        else:
            settling.aftercare.detain(entry, instruction)
            kind, word = "declaration.detained", "扣留"
        detail = {
            "state": entry.state,
            "reason": instruction.reason,
            "findings": [f.to_list() for f in entry.findings],
        }
        effects.event(kind, "declaration", entry.id, detail, instruction.officer)
        answering.decided_by_officer(entry, f"{word}：{instruction.reason}"[:1000])
    entry.doc = None
    effects.instructions.append((instruction.id, "done"))
