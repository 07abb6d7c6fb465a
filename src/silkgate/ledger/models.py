"""Accounts and transfers of everything scarce: yearly allowances, bonded stock, tax guarantees."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q


class Account(models.Model):
    """What there is (`capacity`) and what is taken of it (`used`), in the account's smallest unit.

    The two checks are the promise that nothing is overspent, whatever any program does.
    """

    id = models.BigAutoField(primary_key=True)
    kind = models.TextField(db_comment="allowance (cents), stock (0.00001 of the unit) or guarantee (cents)")
    key = models.TextField(db_comment="ID number/year, account book/item record, guarantor's code")
    capacity = models.BigIntegerField()
    used = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["kind", "key"], name="ledger_account_key"),
            models.CheckConstraint(condition=Q(used__gte=0), name="ledger_account_not_below_zero"),
            models.CheckConstraint(condition=Q(used__lte=F("capacity")), name="ledger_account_not_overspent"),
        )


class Transfer(models.Model):
    """One change of an account's `used`. Never edited, never deleted: a correction is another transfer."""

    id = models.BigAutoField(primary_key=True)
    account_id = models.BigIntegerField(db_comment="ledger_account.id")
    kind = models.TextField(db_comment="open, reserve or void")
    amount = models.BigIntegerField(db_comment="added to used; negative where something is given back")
    reference_kind = models.TextField(db_comment="what it was for, e.g. declaration")
    reference_id = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes = (
            # An account's transfers lie anywhere: a Bloom filter for each few pages says where they do not.
            BrinIndex(
                fields=["account_id"],
                name="ledger_transfer_of_account",
                opclasses=["int8_bloom_ops"],
                autosummarize=True,
                pages_per_range=32,
            ),
            # Subjects come in the order of their numbers but for what is given back: a summary of pages is enough.
            BrinIndex(fields=["reference_id"], name="ledger_transfer_subject"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(kind="open", amount__gte=0)
                | Q(kind="reserve", amount__gte=0)
                | Q(kind="void", amount__lte=0),
                name="ledger_transfer_sign",
            ),
        )
