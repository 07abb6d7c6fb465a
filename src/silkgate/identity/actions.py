"""What people do for their organisations: register, invite, delegate, file and revoke certificates.

Each takes the actor and the time, writes an event into the journal, and raises RefusedError where it cannot be done.
Whether the actor may is decided before, in `access`.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import connection, transaction
from django.db.models import F, Q

from silkgate.identity.domain import ON_FILE, REPRESENTATIVE, ROLES, SCOPES, TOPIC, Actor
from silkgate.identity.models import Certificate, Delegation, Invitation, Membership, Organisation, not_ended
from silkgate.journal import api as journal
from silkgate.kernel.text import Text
from silkgate.standards import uscc
from silkgate.standards.xmldsig import Certificate as Signing

INVITATION_DAYS = 7
LONGEST_NAME = 120
MOST_CERTIFICATE_BYTES = 16 * 1024
SECRET_BYTES = 32


class RefusedError(ValueError):
    """It cannot be done; `text` says why and what to do, `field` is the form's field that it is about (or empty)."""

    def __init__(self, field: str, zh: str, en: str) -> None:
        super().__init__(en)
        self.field, self.text = field, Text(zh, en)


def _told(actor: Actor, at: datetime, kind: str, subject: tuple[str, int], **detail: Any) -> None:
    with connection.cursor() as cursor:
        # Times and codes as JSON writes them.
        plain = json.loads(json.dumps(detail, default=str))
        journal.record(cursor, at=at, actor=actor.name, kind=kind, subject=subject, detail=plain)


def _organisation(code: str, *, locked: bool = False) -> Organisation:
    rows = Organisation.objects.select_for_update() if locked else Organisation.objects
    found = rows.filter(code=code).first()
    if found is None:
        raise RefusedError("", f"没有代码为{code}的单位。", f"There is no organisation with the code {code}.")
    return found


# --- Registering ------------------------------------------------------------------------------------------------------


def checked_code(code: str) -> str:
    """A code as it is kept. Raises RefusedError that says which position is wrong."""
    normal = uscc.normal(code)
    mistake = uscc.mistake_in(normal)
    if mistake:
        raise RefusedError("code", *mistake.text)
    return normal


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not 2 <= len(name) <= LONGEST_NAME:
        raise RefusedError("name", f"单位名称应为2至{LONGEST_NAME}字。", f"A name has 2 to {LONGEST_NAME} characters.")
    return name


def register(code: str, name: str, *, actor: Actor, at: datetime) -> Organisation:
    """A new organisation, whose representative is the person who registers it.

    A code that the zone has on file already is not given to whoever asks: its representative is invited by an officer.
    """
    code, name = checked_code(code), _checked_name(name)
    if actor.user_id is None:
        raise RefusedError("", "只有个人可以登记单位。", "Only a person can register an organisation.")
    with transaction.atomic():
        if Organisation.objects.filter(code=code).exists():
            raise RefusedError(
                "code",
                "该单位已登记。请向其负责人索取邀请链接；负责人已离职的，请联系平台账户管理员。",
                "This organisation is registered. Ask its representative for an invitation, or the officers in charge"
                " of accounts where it has none any more.",
            )
        if Certificate.objects.filter(enterprise_code=code).exists() or any(knows(code) for knows in ON_FILE):
            raise RefusedError(
                "code",
                "该代码已在园区备案，须核验身份：请携营业执照联系平台账户管理员，由其发出负责人邀请。",
                "This code is on file in the zone, so it has to be shown who you are: bring the business licence to the"
                " officers in charge of accounts, who will invite its representative.",
            )
        made, new = Organisation.objects.get_or_create(code=code, defaults={"name": name, "registered_at": at})
        if not new:
            raise RefusedError("code", "该单位刚刚由他人登记。", "Somebody else has just registered it.")
        Membership.objects.create(user_id=actor.user_id, organisation=made, role=REPRESENTATIVE, since=at)
        _told(actor, at, "organisation.registered", ("organisation", made.id), code=code, name=name)
    return made


def open_for(code: str, name: str, *, actor: Actor, at: datetime) -> str:
    """An officer in charge of accounts has seen who somebody is: the secret of an invitation as representative."""
    code, name = checked_code(code), _checked_name(name)
    with transaction.atomic():
        made, new = Organisation.objects.get_or_create(code=code, defaults={"name": name, "registered_at": at})
        if new:
            _told(actor, at, "organisation.registered", ("organisation", made.id), code=code, name=name)
        return invite(code, REPRESENTATIVE, actor=actor, at=at)


# --- Members ----------------------------------------------------------------------------------------------------------


def digest_of(secret: str) -> str:
    """What is kept of an invitation's secret."""
    return sha256(secret.encode()).hexdigest()


def invite(code: str, role: str, *, actor: Actor, at: datetime) -> str:
    """The secret of a new invitation; only its digest is kept, so this is the one time that it is seen."""
    if role not in ROLES:
        raise RefusedError("role", "请选择角色。", "Choose a role.")
    organisation = _organisation(code)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    with transaction.atomic():
        made = Invitation.objects.create(
            organisation=organisation,
            role=role,
            digest=digest_of(secret),
            invited_by=actor.name,
            expires_at=at + timedelta(days=INVITATION_DAYS),
        )
        _told(actor, at, "member.invited", ("organisation", organisation.id), role=role, invitation=made.id)
    return secret


def withdraw(code: str, number: int, *, actor: Actor, at: datetime) -> None:
    """An invitation that nobody has used ends now."""
    with transaction.atomic():
        ended = Invitation.objects.filter(id=number, organisation__code=code, used_at=None, expires_at__gt=at).update(
            expires_at=at
        )
        if not ended:
            raise RefusedError("", "该邀请已使用或已失效。", "The invitation was used or has ended already.")
        _told(actor, at, "invitation.withdrawn", ("organisation", _organisation(code).id), invitation=number)


def accept(secret: str, *, actor: Actor, at: datetime) -> Organisation:
    """Take the place that an invitation holds. It works once, for seven days."""
    if actor.user_id is None:
        raise RefusedError("", "只有个人可以接受邀请。", "Only a person can accept an invitation.")
    with transaction.atomic():
        invitation = (
            Invitation.objects.select_for_update(of=("self",))
            .select_related("organisation")
            .filter(digest=digest_of(secret))
            .first()
        )
        if invitation is None or invitation.used_at or invitation.expires_at <= at:
            raise RefusedError(
                "",
                "该邀请已使用、已过期或已撤回，请向邀请人索取新的链接。",
                "This invitation was used, withdrawn or has expired. Ask for a new one.",
            )
        held = Membership.objects.filter(
            not_ended(at),
            user_id=actor.user_id,
            organisation=invitation.organisation,
            role=invitation.role,
        )
        if held.exists():
            raise RefusedError(
                "",
                "您在该单位已有此角色，邀请仍留给他人使用。",
                "You have this role already; the invitation is left for somebody else.",
            )
        Membership.objects.create(
            user_id=actor.user_id, organisation=invitation.organisation, role=invitation.role, since=at
        )
        invitation.used_at, invitation.used_by = at, actor.name
        invitation.save(update_fields=["used_at", "used_by"])
        subject = ("organisation", invitation.organisation.id)
        _told(actor, at, "member.joined", subject, role=invitation.role, invitation=invitation.id)
    return invitation.organisation


def end_membership(code: str, number: int, *, actor: Actor, at: datetime) -> None:
    """A person's role ends now. The last representative stays, for without one nobody could act for it."""
    with transaction.atomic():
        # Locked, so that two representatives cannot end each other at the same moment.
        organisation = _organisation(code, locked=True)
        standing = Membership.objects.filter(not_ended(at), organisation=organisation)
        membership = standing.filter(id=number).first()
        if membership is None:
            raise RefusedError("", "该成员的角色已经结束。", "This role has ended already.")
        representatives = standing.filter(role=REPRESENTATIVE).values("user").distinct().count()
        if membership.role == REPRESENTATIVE and representatives < 2:
            raise RefusedError(
                "",
                "这是最后一位负责人，不能结束。请先邀请另一位负责人。",
                "This is the last representative. Invite another one first.",
            )
        membership.until = at
        membership.save(update_fields=["until"])
        subject = ("organisation", organisation.id)
        _told(actor, at, "member.ended", subject, role=membership.role, membership=membership.id)


# --- Delegation -------------------------------------------------------------------------------------------------------


def delegate(
    code: str,
    agent_code: str,
    scopes: Iterable[str],
    since: datetime,
    until: datetime | None,
    *,
    actor: Actor,
    at: datetime,
) -> Delegation:
    """Let an agent do what `scopes` say, from `since` until before `until` (None: until it is ended)."""
    given = sorted(set(scopes) & SCOPES.keys())
    if not given:
        raise RefusedError("scopes", "请至少选择一项委托事项。", "Choose at least one thing to delegate.")
    if until is not None and until <= max(since, at):
        raise RefusedError(
            "until", "截止日应不早于起始日，且不能已经过去。", "The last day is after the first one and not past."
        )
    agent_code = uscc.normal(agent_code)
    if agent_code == code:
        raise RefusedError("agent", "不能委托给本单位。", "An organisation cannot delegate to itself.")
    agent = Organisation.objects.filter(code=agent_code).first()
    if agent is None:
        mistake = uscc.mistake_in(agent_code)
        raise RefusedError(
            "agent",
            mistake.text.zh if mistake else "该代码的单位还没有在平台登记，请其先登记。",
            mistake.text.en if mistake else "No organisation with this code is registered here; ask it to register.",
        )
    with transaction.atomic():
        made = Delegation.objects.create(
            principal=_organisation(code), agent=agent, scopes=given, since=since, until=until, given_by=actor.name
        )
        _told(
            actor,
            at,
            "delegation.given",
            ("organisation", made.principal.id),
            agent=agent.code,
            scopes=given,
            since=since,
            until=until,
            delegation=made.id,
        )
    return made


def end_delegation(code: str, number: int, *, actor: Actor, at: datetime) -> None:
    """Either side ends a delegation now; one that has yet to begin never does."""
    with transaction.atomic():
        made = (
            Delegation.objects.select_for_update(of=("self",))
            .filter(Q(principal__code=code) | Q(agent__code=code), not_ended(at), id=number)
            .first()
        )
        if made is None:
            raise RefusedError("", "该委托已经结束。", "This delegation has ended already.")
        made.until, made.ended_by = at, actor.name
        made.save(update_fields=["until", "ended_by"])
        _told(actor, at, "delegation.ended", ("organisation", made.principal_id), delegation=made.id)


# --- Certificates -----------------------------------------------------------------------------------------------------

_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def readable_certificate(data: bytes, at: datetime) -> tuple[Signing, str]:
    """A certificate that may be filed, and its PEM text. Raises RefusedError."""
    if len(data) > MOST_CERTIFICATE_BYTES:
        raise RefusedError(
            "pem",
            f"文件过大：证书文件最多{MOST_CERTIFICATE_BYTES // 1024} KiB。",
            f"The file is too large: {MOST_CERTIFICATE_BYTES // 1024} KiB are the most for a certificate.",
        )
    if b"PRIVATE KEY" in data:
        raise RefusedError(
            "pem",
            "文件中有私钥！私钥绝不能交给任何人，本平台没有保存它。请只上传证书，并考虑更换该密钥。",
            "The file holds a private key. Never give that to anybody; it was not kept here."
            " Upload the certificate alone (BEGIN CERTIFICATE), and consider a new key.",
        )
    blocks = _BLOCK.findall(data)
    if len(blocks) != 1:
        raise RefusedError(
            "pem",
            f"应为一张PEM格式的证书（以BEGIN CERTIFICATE开头），文件中有{len(blocks)}张。",
            f"One certificate in PEM form (BEGIN CERTIFICATE) is needed; the file has {len(blocks)}.",
        )
    try:
        text = x509.load_pem_x509_certificate(blocks[0]).public_bytes(Encoding.PEM).decode("ascii")
        certificate = Signing.from_pem(blocks[0])
    except ValueError as error:
        raise RefusedError(
            "pem",
            "证书无法读取，或密钥不是RSA、SM2。请从证书颁发机构重新导出PEM文件。",
            "The certificate cannot be read, or its key is neither RSA nor SM2. Export it again as PEM.",
        ) from error
    if certificate.not_after <= at:
        raise RefusedError(
            "pem",
            f"证书已于{certificate.not_after:%Y-%m-%d}到期，请换发后再上传。",
            f"The certificate expired on {certificate.not_after:%Y-%m-%d}. Upload its successor.",
        )
    return certificate, text


def file_certificate(code: str, data: bytes, *, actor: Actor, at: datetime) -> Certificate:
    """File a certificate with which the organisation signs from now on."""
    certificate, pem = readable_certificate(data, at)
    with transaction.atomic():
        organisation = _organisation(code, locked=True)
        known = Certificate.objects.filter(fingerprint_sha256=certificate.fingerprint)
        if known.filter(enterprise_code=code).exists():
            raise RefusedError(
                "pem",
                "这张证书已经上传过；撤销了的证书不能恢复，请换发。",
                "This certificate was filed before. A revoked one cannot come back: get a new one.",
            )
        if known.exists():
            raise RefusedError(
                "pem", "这张证书已由其他单位使用。", "This certificate is filed for another organisation."
            )
        made = Certificate.objects.create(
            enterprise_code=code,
            fingerprint_sha256=certificate.fingerprint,
            pem=pem,
            not_before=certificate.not_before,
            not_after=certificate.not_after,
            filed_by=actor.name,
        )
        subject = ("organisation", organisation.id)
        _told(actor, at, "certificate.filed", subject, fingerprint=certificate.fingerprint)
        with connection.cursor() as cursor:
            journal.bump(cursor, TOPIC)
    return made


def revoke(code: str, number: int, *, actor: Actor, at: datetime) -> None:
    """From now on nothing that this certificate signed is accepted. Cannot be undone."""
    with transaction.atomic():
        organisation = _organisation(code, locked=True)
        rows = Certificate.objects.filter(id=number, enterprise_code=code, revoked_at=None)
        fingerprint = rows.values_list(F("fingerprint_sha256"), flat=True).first()
        if fingerprint is None:
            raise RefusedError("", "该证书已经撤销。", "This certificate is revoked already.")
        rows.update(revoked_at=at, revoked_by=actor.name)
        _told(actor, at, "certificate.revoked", ("organisation", organisation.id), fingerprint=fingerprint)
        with connection.cursor() as cursor:
            journal.bump(cursor, TOPIC)
