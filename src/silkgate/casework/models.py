"""Cases, their steps and the files that belong to them."""

from datetime import date

from django.db import models

NO_DEADLINE = date.max
"""Stands in `due_on` where there is no deadline, so that one index orders all."""


class CaseRow(models.Model):
    """One case as it stands."""

    id = models.BigAutoField(primary_key=True)
    workflow = models.TextField()
    state = models.TextField()
    organisation_code = models.TextField(db_comment="to whom it belongs; empty: to nobody outside")
    subject = models.TextField(db_comment="what it is about, as the room that opened it names things")
    title_zh = models.TextField()
    title_en = models.TextField()
    data = models.JSONField()
    opened_at = models.DateTimeField()
    opened_by = models.TextField(db_comment="user name or client")
    entered_at = models.DateTimeField(db_comment="when it came into its state")
    due_on = models.DateField(db_comment="last day for whoever it waits for; 9999-12-31: no deadline")
    officer_state = models.TextField(db_comment="while it waits for the applicant: the officer's state that was left")
    officer_days_left = models.IntegerField(null=True, db_comment="working days, while it waits for the applicant")
    last_officer = models.TextField(db_comment="user name of who made the last officer's move")
    version = models.IntegerField(db_comment="number of its moves, opening included")
    closed_at = models.DateTimeField(null=True)
    near_told_on = models.DateField(null=True, db_comment="the deadline that was last announced as near")
    late_told_on = models.DateField(null=True, db_comment="the deadline that was last announced as passed")

    class Meta:
        db_table = "casework_case"
        indexes = (
            models.Index(
                fields=["workflow", "state", "due_on", "id"],
                condition=models.Q(closed_at=None),
                name="casework_case_worklist",
            ),
            models.Index(fields=["due_on"], condition=models.Q(closed_at=None), name="casework_case_due"),
            models.Index(fields=["organisation_code", "workflow", "id"], name="casework_case_organisation"),
            models.Index(fields=["workflow", "subject"], name="casework_case_subject"),
        )


class StepRow(models.Model):
    """One move. Never changed."""

    id = models.BigAutoField(primary_key=True)
    case = models.ForeignKey(CaseRow, models.PROTECT)
    number = models.IntegerField(db_comment="1 is the opening")
    source = models.TextField(db_comment="empty for the opening")
    target = models.TextField()
    move = models.TextField(db_comment="empty for the opening")
    actor = models.TextField(db_comment="user name or client")
    agency = models.TextField(db_comment="of the officer; empty: the applicant")
    at = models.DateTimeField()
    reason = models.TextField()
    rule = models.TextField()
    data = models.JSONField()

    class Meta:
        db_table = "casework_step"
        constraints = (models.UniqueConstraint(fields=["case", "number"], name="casework_step_once"),)


class EvidenceRow(models.Model):
    """One file of a case; its bytes stand in the evidence folder by their SHA-256."""

    id = models.BigAutoField(primary_key=True)
    case = models.ForeignKey(CaseRow, models.PROTECT)
    name = models.TextField()
    media_type = models.TextField()
    size_bytes = models.BigIntegerField()
    sha256 = models.TextField(db_comment="hexadecimal")
    verdict = models.TextField(db_comment="clean, unscanned")
    by = models.TextField(db_comment="user name or client")
    agency = models.TextField(db_comment="of the officer; empty: the applicant")
    at = models.DateTimeField()
    case_version = models.IntegerField(db_comment="version of the case when it was added")

    class Meta:
        db_table = "casework_evidence"
