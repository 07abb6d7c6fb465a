"""Drafts of declarations: what was typed, by whom, and the message that it became."""

from django.db import models


class Draft(models.Model):
    """A document typed by hand. Changed with its version until it is sent; what was sent stands in the inbox."""

    id = models.BigAutoField(primary_key=True)
    organisation_code = models.TextField(db_comment="to whom it belongs, and who sends it")
    kind = models.TextField(db_comment="311, 411, 511 or 621")
    title = models.TextField(blank=True, db_comment="the number by which people call it, as typed")
    head = models.JSONField(db_comment="what was typed, by element name")
    lines = models.JSONField(db_comment="the same for each goods line")
    faults = models.IntegerField(db_comment="how many there were when it was saved")
    version = models.IntegerField(db_comment="one more with every change: nobody overwrites what they have not seen")
    made_by = models.TextField(db_comment="user name")
    made_at = models.DateTimeField()
    changed_by = models.TextField(db_comment="user name")
    changed_at = models.DateTimeField()
    guid = models.TextField(unique=True, db_comment="of the message")
    document_guid = models.TextField(unique=True)
    stamped_at = models.DateTimeField(null=True, db_comment="appTime of what is to be signed; null: being typed")
    signed = models.BinaryField(null=True, db_comment="the message with its signature, from the moment it is sent")
    sent_by = models.TextField(blank=True, db_comment="user name")
    sent_at = models.DateTimeField(null=True)
    message_id = models.BigIntegerField(null=True, db_comment="exchange_message.id; null: not in the inbox yet")

    class Meta:
        indexes = (models.Index(fields=["organisation_code", "-changed_at", "-id"], name="drafts_draft_of"),)
