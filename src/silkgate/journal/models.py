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
        indexes = (models.Index(fields=["subject_id", "subject_kind"], name="journal_event_subject"),)


class Revision(models.Model):
    """How often something that others keep copies of has changed."""

    topic = models.TextField(primary_key=True)
    number = models.BigIntegerField()
