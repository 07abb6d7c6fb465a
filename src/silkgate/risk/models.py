"""Selection rules: which declarations a person has to look at."""

from django.db import models


class SelectionRule(models.Model):
    """A declaration that meets `kind` = `value` goes to `action`."""

    id = models.BigAutoField(primary_key=True)
    kind = models.TextField(
        choices=[
            ("gcode_prefix", "gcode_prefix"),
            ("ebc_code", "ebc_code"),
            ("country", "country"),
            ("credit_class", "credit_class"),
        ]
    )
    value = models.TextField()
    action = models.TextField(choices=[("inspect", "inspect"), ("review", "review")])
