"""Credentials of organisations: the certificates they have filed. Officers are users of django.contrib.auth."""

from django.db import models


class Certificate(models.Model):
    """A signing certificate filed for an enterprise."""

    id = models.BigAutoField(primary_key=True)
    enterprise_code = models.TextField(db_index=True)
    fingerprint_sha256 = models.TextField(db_comment="of the DER form, hexadecimal")
    pem = models.TextField()
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["enterprise_code", "fingerprint_sha256"], name="identity_certificate_once"),
        )
