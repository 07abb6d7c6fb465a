"""Inbox and outbox. What came in is kept byte for byte; what went out is kept as it was sent."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Segment(models.Model):
    """A micro-batch of received messages, compressed together. Its id is the recorded order of arrival.

    Ids are allotted under an advisory lock that is held until commit, so a reader that has seen segment n has
    seen every segment below n that will ever exist.
    """

    id = models.BigIntegerField(primary_key=True)
    received_at = models.DateTimeField()
    messages = models.IntegerField()
    body = models.BinaryField(db_comment="zstd of the received bytes, one after the other")
    recognised = models.BinaryField(db_comment="zstd of msgpack: what the intake stages found in each message")


class Message(models.Model):
    """One received message: where its bytes are and what intake found. id = segment id × 4096 + place."""

    id = models.BigIntegerField(primary_key=True)
    offset = models.IntegerField(db_comment="of its bytes in the uncompressed segment")
    length = models.IntegerField()
    sha256 = models.BinaryField(db_comment="of the received bytes")
    kind = models.TextField(db_comment="root name such as CEB621Message, or Unknown")
    guid = models.TextField()
    sender = models.TextField(db_comment="BaseTransfer/copCode; empty where it could not be read")
    documents = models.SmallIntegerField()
    channel = models.TextField(db_comment="http, folder, nats or cli")


class Answer(models.Model):
    """What became of a message. Written once, in the transaction that carries its effects."""

    message_id = models.BigIntegerField(primary_key=True)
    batch_no = models.BigIntegerField()
    kind = models.TextField()
    guid = models.TextField()
    digest = models.BinaryField(db_comment="SHA-256 of the business message")
    claims = models.BooleanField(db_comment="holds its kind and guid against later messages")
    outcome = models.TextField(db_comment="accepted, rejected or duplicate")
    reasons = models.TextField(db_comment="rule slugs, ';'-separated, sorted")
    findings = models.TextField(db_comment="JSON list of findings; empty where there are none")
    original_id = models.BigIntegerField(null=True, db_comment="of a duplicate: the message that was answered")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["guid", "kind"], condition=models.Q(claims=True), name="exchange_answer_guid"
            ),
        )


class ReceiptSegment(models.Model):
    """The receipts of one engine batch, compressed together."""

    id = models.BigIntegerField(primary_key=True, db_comment="the engine's batch number")
    body = models.BinaryField(db_comment="zstd of the receipt messages, one after the other")


class Receipt(models.Model):
    """One receipt message (CEB312 …) that answers documents of one received message."""

    id = models.BigIntegerField(primary_key=True)
    message_id = models.BigIntegerField(db_comment="the message that it answers")
    segment_id = models.BigIntegerField()
    offset = models.IntegerField()
    length = models.IntegerField()
    kind = models.TextField(db_comment="root name such as CEB622Message")
    documents = models.SmallIntegerField()
    recipient = models.TextField(db_comment="code of the enterprise that sent the message")
    dxp_id = models.TextField()

    class Meta:
        indexes = (
            models.Index(fields=["message_id", "id"], name="exchange_receipt_message"),
            models.Index(fields=["recipient", "id"], name="exchange_receipt_recipient"),
        )


class KeptAnswer(models.Model):
    """What a POST with an Idempotency-Key was answered, for a day."""

    digest = models.BinaryField(primary_key=True, db_comment="SHA-256 of the actor and the key")
    at = models.DateTimeField(db_index=True)
    fingerprint = models.BinaryField(db_comment="SHA-256 of the request")
    status = models.SmallIntegerField()
    headers = models.TextField(db_comment="JSON")
    body = models.BinaryField(db_comment="nonce and AES-256-GCM of the body; its key is made with the sender's own")


class Subscription(models.Model):
    """Where an organisation wants to be told of events."""

    id = models.BigAutoField(primary_key=True)
    organisation_code = models.TextField(db_index=True)
    url = models.TextField()
    types = ArrayField(models.TextField(), db_comment="of the catalogue of events")
    secret = models.BinaryField(db_comment="what deliveries are signed with, encrypted with the site's secret key")
    former_secret = models.BinaryField(null=True, db_comment="the one before, which also signs until former_until")
    former_until = models.DateTimeField(null=True)
    made_by = models.TextField(db_comment="user name or client")
    made_at = models.DateTimeField()
    cursor = models.BigIntegerField(db_comment="last event of the journal that was looked at for it")
    failing_since = models.DateTimeField(null=True, db_comment="of the first failure after the last success")
    disabled_at = models.DateTimeField(null=True)
    disabled_because = models.TextField(blank=True, default="", db_default="", db_comment="failing, or who did it")

    class Meta:
        indexes = (
            models.Index(fields=["cursor"], condition=models.Q(disabled_at=None), name="exchange_subscription_active"),
        )


class Delivery(models.Model):
    """One event on its way to one subscription. Gone a while after it has arrived."""

    id = models.BigAutoField(primary_key=True)
    subscription = models.ForeignKey(Subscription, models.PROTECT, db_index=False)
    event_id = models.BigIntegerField(db_comment="of the journal; 0: a trial that was asked for")
    attempts = models.SmallIntegerField(default=0, db_default=0)
    due_at = models.DateTimeField(null=True, db_comment="of the next attempt; null: delivered, or given up")
    tried_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    status = models.SmallIntegerField(null=True, db_comment="of the last answer over HTTP; null: none came")
    reason = models.TextField(blank=True, default="", db_default="", db_comment="why the last attempt failed")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["subscription", "event_id"], name="exchange_delivery_once"),)
        indexes = (
            models.Index(
                fields=["subscription", "due_at"],
                condition=models.Q(due_at__isnull=False),
                name="exchange_delivery_due",
            ),
        )


class CarrierPlace(models.Model):
    """How far a stream of a carrier is in the inbox, or the outbox in a stream; written with what it tells of."""

    name = models.TextField(primary_key=True, db_comment="stream, its identity, and the firm whose messages it carries")
    sequence = models.BigIntegerField(
        db_comment="of the last message that is in the inbox, or of the last receipt that left"
    )


class CarrierOrigin(models.Model):
    """Who published a message that names no sender: its answer goes there."""

    message_id = models.BigIntegerField(primary_key=True)
    code = models.TextField(db_comment="of the firm that published it")
