"""What the portal keeps of the service itself: when each part was seen at work, and counts of what passed through."""

from django.db import models


class Beat(models.Model):
    """In this minute this part was seen at work. Availability is the share of minutes that have such a row."""

    pk = models.CompositePrimaryKey("part", "minute")
    part = models.TextField(db_comment="web, engine, intake, watch, log or database")
    minute = models.DateTimeField(db_comment="its beginning")


class Counter(models.Model):
    """A count since the beginning. Moved on in one transaction with `Position`: nothing is counted twice or not."""

    pk = models.CompositePrimaryKey("measure", "label")
    measure = models.TextField()
    label = models.TextField()
    amount = models.BigIntegerField()


class Minute(models.Model):
    """The same counts by the minute in which it happened, for a few weeks."""

    pk = models.CompositePrimaryKey("minute", "measure", "label")
    minute = models.DateTimeField()
    measure = models.TextField()
    label = models.TextField()
    amount = models.BigIntegerField()


class Position(models.Model):
    """How far the counting has come. One row; whoever counts holds it locked."""

    id = models.SmallIntegerField(primary_key=True)
    arrived_segment = models.BigIntegerField(db_comment="last segment whose arrival was counted")
    decided_segment = models.BigIntegerField(db_comment="last segment whose answers were counted")
    receipt = models.BigIntegerField(db_comment="last receipt counted")
    batch_no = models.BigIntegerField(db_comment="last batch whose decisions were counted")
    event = models.BigIntegerField(db_comment="last journal event of such a batch")
