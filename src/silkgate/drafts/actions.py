"""What people do with drafts: make, save, copy, discard, stamp for signing, send."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import psycopg
from django.db import transaction

from silkgate.clearance import api as clearance
from silkgate.drafts import queries, rules
from silkgate.drafts.domain import HEAD, KEYS, Content, Problem
from silkgate.drafts.models import Draft
from silkgate.drafts.signing import SignatureRefusedError, assembled
from silkgate.exchange import api as exchange
from silkgate.identity.api import Actor
from silkgate.kernel.text import Text
from silkgate.tariff import api as tariff


class ConflictError(Exception):
    """Somebody else has changed the draft since it was shown; `now` is how it stands."""

    def __init__(self, now: Draft) -> None:
        super().__init__(f"draft {now.pk} is at version {now.version}")
        self.now = now


class SentError(Exception):
    """The draft was signed, and sent or about to be: it cannot be changed any more."""


class NotReadyError(Exception):
    """A draft cannot be sent as it is; `problems` say why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.what.en for problem in problems))
        self.problems = problems


class UnavailableError(Exception):
    """The exchange takes nothing at the moment; `text` says what to do."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


_NOT_KEPT = Text(
    "报文未能保存，请稍后再次发送；同一份报文只算一次。",
    "The message could not be kept. Send it again later; the same message counts once.",
)


def new_guid() -> str:
    """An identifier as messages carry it: 36 characters, letters in upper case."""
    return str(uuid.uuid4()).upper()


def make(actor: Actor, organisation: str, kind: str, content: Content, *, faults: int, at: datetime) -> Draft:
    """Keep a new draft of the organisation `organisation`."""
    return Draft.objects.create(
        organisation_code=organisation,
        kind=kind,
        **_typed(kind, content),
        faults=faults,
        version=1,
        made_by=actor.name,
        made_at=at,
        changed_by=actor.name,
        changed_at=at,
        guid=new_guid(),
        document_guid=new_guid(),
    )


def _typed(kind: str, content: Content) -> dict[str, Any]:
    return {
        "title": content.head.get(KEYS[kind], "")[:100],
        "head": dict(content.head),
        "lines": [dict(line) for line in content.lines],
    }


def save(actor: Actor, number: int, version: int, content: Content, *, faults: int, at: datetime) -> Draft:
    """Keep what was typed over the version that was shown. What was stamped for signing has to be stamped again.

    Raises ConflictError where another has saved meanwhile, SentError where it was sent; nothing is changed then.
    """
    with transaction.atomic():
        draft = Draft.objects.select_for_update().get(pk=number)
        if draft.signed is not None:
            raise SentError
        if draft.version != version:
            raise ConflictError(draft)
        for name, value in _typed(draft.kind, content).items():
            setattr(draft, name, value)
        draft.faults, draft.version = faults, version + 1
        draft.changed_by, draft.changed_at, draft.stamped_at = actor.name, at, None
        draft.save()
    return draft


def copy(actor: Actor, draft: Draft, *, at: datetime) -> Draft:
    """A new draft with everything that was typed in another one."""
    return make(actor, draft.organisation_code, draft.kind, queries.content(draft), faults=draft.faults, at=at)


def discard(number: int, version: int) -> None:
    """Delete a draft that was not sent. Raises ConflictError, SentError."""
    with transaction.atomic():
        draft = Draft.objects.select_for_update().get(pk=number)
        if draft.signed is not None:
            raise SentError
        if draft.version != version:
            raise ConflictError(draft)
        draft.delete()


def stamp(number: int, *, at: datetime) -> Draft:
    """Give a draft without fault the time that its message carries, so that everybody signs the same bytes.

    Raises NotReadyError with what is wrong, SentError.
    """
    with transaction.atomic():
        draft = Draft.objects.select_for_update().get(pk=number)
        if draft.signed is not None:
            raise SentError
        problems = rules.judge(draft.kind, queries.content(draft), queries.sender(draft.organisation_code), at).problems
        draft.faults = len(problems)
        draft.stamped_at = None if problems else at
        draft.save(update_fields=["faults", "stamped_at"])
    if problems:
        raise NotReadyError(problems)
    return draft


def send(actor: Actor, number: int, certificate_id: str, value: bytes, *, origin: str, at: datetime) -> Draft:
    """Sign with the value that somebody's key gave, and send through the door of the exchange, exactly once.

    The row stays locked until the message is durable: of two clicks the second finds it sent. A process that dies in
    between leaves the signed bytes, which are sent again as they are; the exchange answers the same bytes once.
    Raises SignatureRefusedError, NotReadyError (what intake would refuse), UnavailableError.
    """
    _sign(actor, number, certificate_id, value, at)
    with transaction.atomic():
        draft = Draft.objects.select_for_update().get(pk=number)
        if draft.message_id is None:
            assert draft.signed is not None
            try:
                _, numbers = exchange.shared_receiver().admit([bytes(draft.signed)], "http", origin)
            except exchange.Refused as refused:
                raise UnavailableError(refused.text) from refused
            except psycopg.Error as error:
                raise UnavailableError(_NOT_KEPT) from error
            draft.message_id, draft.sent_at, draft.sent_by = numbers[0], at, actor.name
            draft.save(update_fields=["message_id", "sent_at", "sent_by"])
    return draft


def _sign(actor: Actor, number: int, certificate_id: str, value: bytes, at: datetime) -> None:
    """Keep the signed message, unless that was done before."""
    with transaction.atomic():
        draft = Draft.objects.select_for_update().get(pk=number)
        if draft.signed is not None:
            return
        if draft.stamped_at is None:
            told = Text(
                "单证在签名前又有改动，请重新签名。", "The document was changed before it was signed; sign it again."
            )
            raise SignatureRefusedError(told)
        certificate = queries.certificate(draft.organisation_code, certificate_id, at)
        if certificate is None:
            told = Text(
                "没有这张证书，或者已经撤销、过期，请另选一张。",
                "There is no such certificate, or it is revoked or expired: choose another one.",
            )
            raise SignatureRefusedError(told)
        raw = assembled(queries.unsigned(draft), certificate, value)
        checked = clearance.check_message(raw)
        if checked.outcome != "accepted":
            cards = tariff.cards()
            raise NotReadyError(
                [
                    Problem(HEAD, "", cards[one.code].tell(one), one.code, mend=cards[one.code].advise(one))
                    for one in checked.findings
                ]
            )
        draft.signed = raw
        draft.save(update_fields=["signed"])
