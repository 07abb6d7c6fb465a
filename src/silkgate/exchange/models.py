"""Inbox and outbox. What came in is kept byte for byte; what went out is kept as it was sent."""

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
