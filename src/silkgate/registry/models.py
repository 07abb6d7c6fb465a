"""Enterprises on file, with the roles in which they may appear."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Enterprise(models.Model):
    """One filed enterprise. `code` is its customs registration (10) or unified social credit code (18)."""

    id = models.BigAutoField(primary_key=True)
    code = models.TextField(unique=True)
    name = models.TextField()
    roles = ArrayField(models.TextField(), db_comment="ebp, ebc, pay, logistics, area, agent, assure, operator")
    credit_class = models.TextField(blank=True)
    dxp_id = models.TextField(blank=True, db_comment="address in the exchange network; empty: not filed")


class Zone(models.Model):
    """The zone that this installation serves: one row."""

    id = models.SmallIntegerField(primary_key=True)
    name = models.TextField()
    customs_code = models.TextField(db_comment="customs office that gives the invtNo its first four digits")
    guarantees_checked = models.BooleanField(db_comment="false: no guarantee is filed with the zone, none is checked")
    selection_key = models.BinaryField(db_comment="secret that random inspection is drawn with")
    policy = models.TextField(db_comment="JSON: overrides of policy values by name")
