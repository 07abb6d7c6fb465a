"""The journal: what was decided, by whom, when, on which version of the law. Rows are only ever added."""

from django.db import models


class Event(models.Model):
    """One decision. A trigger of the database refuses changes and deletions."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_comment="clock of the decision")
    batch_no = models.BigIntegerField(null=True, db_comment="engine batch that decided; null where a person did")
    actor = models.TextField(db_comment="engine, or the officer's user name")
    kind = models.TextField(db_comment="subject.verb, e.g. declaration.released")
    subject_kind = models.TextField(db_comment="declaration, message, document, enterprise …")
    subject_id = models.BigIntegerField()
    law_version = models.TextField(db_comment="hash over the rule cards, parameters and rates that applied")
    detail = models.TextField(db_comment="JSON: findings with rule slugs, amounts, references")

    class Meta:
        indexes = (
            models.Index(fields=["subject_id", "subject_kind"], name="journal_event_subject"),
            # The few that people and loaders cause: the log looks for them each time it seals.
            models.Index(fields=["id"], condition=models.Q(batch_no=None), name="journal_event_of_people"),
        )


class Revision(models.Model):
    """How often something that others keep copies of has changed."""

    topic = models.TextField(primary_key=True)
    number = models.BigIntegerField()


class LogState(models.Model):
    """How far the verifiable log has come. One row; whoever seals moves it on in the transaction of what it seals."""

    id = models.SmallIntegerField(primary_key=True)
    size = models.BigIntegerField(db_comment="leaves")
    batch_no = models.BigIntegerField(db_comment="last batch of decisions whose leaves are in")
    event_id = models.BigIntegerField(db_comment="last journal event of that batch")
    item_id = models.BigIntegerField(db_comment="last receipt of that batch")
    salt_key = models.BinaryField(db_comment="what the salts of statements are made with")


class LogTile(models.Model):
    """Up to 256 hashes of one level of the tree; the entries themselves stand at level -1. Only ever added to."""

    pk = models.CompositePrimaryKey("level", "number")
    level = models.SmallIntegerField()
    number = models.BigIntegerField()
    hashes = models.BinaryField(db_comment="32 bytes each, one after the other")


class LogRange(models.Model):
    """Which leaves belong to what: those of a batch (its receipts in order, then itself), or that of one event."""

    first_index = models.BigIntegerField(primary_key=True)
    leaves = models.IntegerField()
    kind = models.TextField(db_comment="batch or event")
    number = models.BigIntegerField(db_comment="of the batch, or of the event")
    first_item = models.BigIntegerField(db_comment="number of a batch's first receipt; the event's own")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["kind", "number"], name="journal_logrange_of"),)


class LogCheckpoint(models.Model):
    """A state of the log that we have signed."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    note = models.TextField(db_comment="signed note (c2sp.org/tlog-checkpoint)")
    signed_at = models.DateTimeField()


class LogKey(models.Model):
    """A public key that checkpoints are signed with, in the order in which they came into use."""

    vkey = models.TextField(primary_key=True, db_comment="c2sp.org/signed-note; begins with the log's name")
    since_size = models.BigIntegerField(db_comment="of the first checkpoint signed with it")
