"""People's places in organisations and agencies, what organisations delegate, their certificates, who read what."""

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q


def not_ended(at: datetime) -> Q:
    """Memberships and delegations that have not ended by then; they may have yet to begin."""
    return Q(until=None) | Q(until__gt=at)


def in_force(at: datetime) -> Q:
    """Memberships and delegations that count at that time."""
    return Q(since__lte=at) & not_ended(at)


class Certificate(models.Model):
    """A signing certificate filed for an enterprise."""

    id = models.BigAutoField(primary_key=True)
    enterprise_code = models.TextField(db_index=True)
    fingerprint_sha256 = models.TextField(db_comment="of the DER form, hexadecimal")
    pem = models.TextField()
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    filed_by = models.TextField(blank=True, db_default="", db_comment="user name; empty: came with the zone")
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.TextField(blank=True, db_default="")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["enterprise_code", "fingerprint_sha256"], name="identity_certificate_once"),
        )


class Organisation(models.Model):
    """An organisation whose people may sign in. What it is filed for stands in the registry."""

    id = models.BigAutoField(primary_key=True)
    code = models.TextField(unique=True, db_comment="unified social credit code (GB 32100), or customs code of old")
    name = models.TextField()
    registered_at = models.DateTimeField()


class Membership(models.Model):
    """A person's role in an organisation, for a time. Ended, never deleted."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)
    organisation = models.ForeignKey(Organisation, models.PROTECT)
    role = models.TextField()
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["user", "organisation", "role"], condition=Q(until=None), name="identity_membership_once"
            ),
        )


class Delegation(models.Model):
    """What an organisation lets an agent do in its name, from a day to a day."""

    id = models.BigAutoField(primary_key=True)
    principal = models.ForeignKey(Organisation, models.PROTECT, related_name="given")
    agent = models.ForeignKey(Organisation, models.PROTECT, related_name="received")
    scopes = ArrayField(models.TextField())
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    given_by = models.TextField(db_comment="user name")
    ended_by = models.TextField(blank=True, db_comment="user name of whoever ended it before its time")

    class Meta:
        constraints = (
            models.CheckConstraint(condition=~Q(principal=F("agent")), name="identity_delegation_to_another"),
        )


class Officer(models.Model):
    """A person who works for an agency here, and what with."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, primary_key=True)
    agency = models.TextField()
    duties = ArrayField(models.TextField())


class Invitation(models.Model):
    """A place in an organisation, held for whoever brings the link. Used once."""

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT)
    role = models.TextField()
    digest = models.TextField(unique=True, db_comment="SHA-256 of the secret in the link, hexadecimal")
    invited_by = models.TextField(db_comment="user name")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_by = models.TextField(blank=True, db_default="")


class Client(models.Model):
    """A program that acts for an organisation: OAuth2 client credentials, or a certificate in the TLS connection."""

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT)
    name = models.TextField()
    client_id = models.TextField(unique=True)
    scopes = ArrayField(models.TextField())
    certificate_sha256 = models.TextField(
        blank=True, db_default="", db_comment="of the DER form, hexadecimal, for mTLS"
    )
    made_by = models.TextField(db_comment="user name")
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.TextField(blank=True, db_default="")


class AccessRecord(models.Model):
    """Somebody was denied something, or read personal data. Never changed."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    actor = models.TextField(blank=True, db_comment="user name or client; empty: nobody had signed in")
    agency = models.TextField(blank=True)
    action = models.TextField()
    organisation_code = models.TextField(blank=True, db_comment="to whom belonged what was asked for")
    subject = models.TextField()
    purpose = models.TextField(blank=True)
    allowed = models.BooleanField()

    class Meta:
        indexes = (
            models.Index(fields=["organisation_code", "id"], name="identity_access_organisation"),
            models.Index(fields=["actor", "id"], name="identity_access_actor"),
        )
