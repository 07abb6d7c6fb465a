"""What organisations have tried on the bench. Nothing here is anybody's record but their own; the oldest goes."""

from django.db import models


class Certificate(models.Model):
    """A signing certificate that counts on the bench only."""

    id = models.BigAutoField(primary_key=True)
    organisation_code = models.TextField()
    fingerprint_sha256 = models.TextField(db_comment="of the DER form, hexadecimal")
    pem = models.TextField()
    uploaded_by = models.TextField(db_comment="user name or client")
    uploaded_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["organisation_code", "fingerprint_sha256"], name="testbench_certificate_once"
            ),
        )


class Run(models.Model):
    """Messages that were played together, and what they came to."""

    id = models.BigAutoField(primary_key=True)
    organisation_code = models.TextField()
    scenario = models.TextField(db_comment="id in reference/scenarios; empty: messages as they were sent")
    law_day = models.DateField(db_comment="by whose law it was decided")
    program = models.TextField(db_comment="version of the program")
    law_version = models.TextField()
    set_version = models.TextField(db_comment="of the published scenarios")
    passed = models.BooleanField(null=True, db_comment="null: no scenario")
    report = models.JSONField(db_comment="domain.Report")
    size_bytes = models.BigIntegerField(db_comment="of its files")
    played_by = models.TextField(db_comment="user name or client")
    played_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["organisation_code", "-id"], name="testbench_run_of"),)


class File(models.Model):
    """A message or a receipt of a run, byte for byte."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Run, models.CASCADE)
    number = models.IntegerField(db_comment="from 1: messages as they were played, then receipts as they arose")
    who = models.TextField(db_comment="you, bench or customs")
    kind = models.TextField()
    message = models.IntegerField(db_comment="which message it is, or which one a receipt answers")
    body = models.BinaryField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["run", "number"], name="testbench_file_once"),)


class Result(models.Model):
    """How an organisation stands with a scenario: its last run of it. Outlives the run."""

    id = models.BigAutoField(primary_key=True)
    organisation_code = models.TextField()
    scenario = models.TextField()
    passed = models.BooleanField()
    run_number = models.BigIntegerField(db_comment="testbench_run.id; the run may have gone")
    law_day = models.DateField()
    program = models.TextField()
    law_version = models.TextField()
    set_version = models.TextField()
    inputs_sha256 = models.TextField(db_comment="of what the organisation sent, hexadecimal")
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["organisation_code", "scenario"], name="testbench_result_once"),)


class Statement(models.Model):
    """A signed statement of conformance. Anybody who knows its name may read it."""

    id = models.BigAutoField(primary_key=True)
    name = models.TextField(unique=True, db_comment="in addresses: first 20 digits of the SHA-256 of its text")
    organisation_code = models.TextField()
    role = models.TextField()
    body = models.TextField(db_comment="the file, JSON")
    signed_by = models.TextField(db_comment="user name or client who asked for it")
    signed_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["organisation_code", "-id"], name="testbench_statement_of"),)
