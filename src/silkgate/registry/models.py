"""What is on file: enterprises with their versions, goods, permits, credit classes; and what was asked for."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q


class Enterprise(models.Model):
    """One filed enterprise. `code` is its customs registration (10) or unified social credit code (18)."""

    id = models.BigAutoField(primary_key=True)
    code = models.TextField(unique=True)
    name = models.TextField()
    roles = ArrayField(models.TextField(), db_comment="those that have effect now; none while suspended or cancelled")
    credit_class = models.TextField(blank=True)
    dxp_id = models.TextField(blank=True, db_comment="address in the exchange network; empty: not filed")

    class Meta:
        # Some roles are rare among many enterprises: walking the codes would read nearly all of them.
        indexes = (GinIndex(fields=["roles"], name="registry_enterprise_roles"),)


class Zone(models.Model):
    """The zone that this installation serves: one row."""

    id = models.SmallIntegerField(primary_key=True)
    name = models.TextField()
    customs_code = models.TextField(db_comment="customs office that gives the invtNo its first four digits")
    guarantees_checked = models.BooleanField(db_comment="false: no guarantee is filed with the zone, none is checked")
    selection_key = models.BinaryField(db_comment="secret that random inspection is drawn with")
    policy = models.TextField(db_comment="JSON: overrides of policy values by name")


class Application(models.Model):
    """What an enterprise asks to have on file, or an officer to have suspended, resumed or cancelled; a case each."""

    id = models.BigAutoField(primary_key=True)
    case_id = models.BigIntegerField(unique=True, null=True, db_comment="casework_case.id; null while it is made")
    kind = models.TextField(db_comment="filing, suspend, resume or cancel")
    enterprise_code = models.TextField()
    roles = ArrayField(models.TextField())
    data = models.JSONField(db_comment="fields by key, as reference/registry declares them")
    base_number = models.IntegerField(db_comment="version that was on file when it was filed; 0: none")
    filed_by = models.TextField(db_comment="user name")
    filed_at = models.DateTimeField()
    is_open = models.BooleanField(default=True, db_default=True)

    class Meta:
        indexes = (models.Index(fields=["enterprise_code", "-id"], name="registry_application_of"),)
        constraints = (
            models.UniqueConstraint(
                fields=["enterprise_code"], condition=Q(is_open=True), name="registry_application_one_open"
            ),
        )


class FiledPaper(models.Model):
    """Which file of an application's case is which of the papers asked for; the newest of a paper counts."""

    id = models.BigAutoField(primary_key=True)
    application = models.ForeignKey(Application, models.PROTECT)
    paper = models.TextField(db_comment="key of a document in reference/registry/fields.toml")
    evidence_id = models.BigIntegerField(unique=True, db_comment="casework_evidence.id")


class Version(models.Model):
    """What was on file for an enterprise from a time on, until the next version. Never changed."""

    id = models.BigAutoField(primary_key=True)
    enterprise_code = models.TextField()
    number = models.IntegerField(db_comment="from 1")
    roles = ArrayField(models.TextField(), db_comment="as filed; without effect unless the standing is active")
    data = models.JSONField(db_comment="fields by key, as reference/registry declares them")
    standing = models.TextField(db_comment="active, suspended or cancelled")
    since = models.DateTimeField()
    case_id = models.BigIntegerField(null=True, db_comment="casework_case.id; null: loaded with the zone")
    reason = models.TextField(blank=True)
    rule = models.TextField(blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["enterprise_code", "number"], name="registry_version_number"),
            models.CheckConstraint(condition=Q(number__gte=1), name="registry_version_from_one"),
        )


class GoodsUpload(models.Model):
    """A table of goods as it was judged; what was good in it can be filed from here, once."""

    id = models.BigAutoField(primary_key=True)
    enterprise_code = models.TextField()
    name = models.TextField(db_comment="of the file")
    rows = models.IntegerField()
    items = models.JSONField(db_comment="rows without fault: values by column")
    problems = models.JSONField(db_comment="[line, column, found, zh, en] of everything that is wrong")
    uploaded_by = models.TextField(db_comment="user name or client")
    uploaded_at = models.DateTimeField()
    case_id = models.BigIntegerField(unique=True, null=True, db_comment="casework_case.id; null: not filed")


class GoodsFiling(models.Model):
    """Goods that an enterprise asks to have on file together: a case."""

    id = models.BigAutoField(primary_key=True)
    case_id = models.BigIntegerField(unique=True, null=True, db_comment="casework_case.id; null while it is made")
    enterprise_code = models.TextField()
    filed_by = models.TextField(db_comment="user name")
    filed_at = models.DateTimeField()
    rows = models.IntegerField()

    class Meta:
        indexes = (models.Index(fields=["enterprise_code", "-id"], name="registry_goodsfiling_of"),)


class Goods(models.Model):
    """One version of one item of an enterprise. In force from `since` (null: asked for only) until `until`."""

    id = models.BigAutoField(primary_key=True)
    filing = models.ForeignKey(GoodsFiling, models.PROTECT)
    enterprise_code = models.TextField()
    item_no = models.TextField()
    name = models.TextField()
    hs_code = models.TextField(db_comment="ten digits, in the tariff on the day of filing")
    composition = models.TextField(blank=True)
    brand = models.TextField()
    origin = models.TextField(db_comment="customs code of the country")
    gtin = models.TextField(blank=True, db_comment="GS1, with its check digit")
    label = models.TextField(blank=True, db_comment="Chinese label as text")
    max_quantity_e5 = models.BigIntegerField(null=True, db_comment="0.00001 of the unit for one purchase; null: none")
    unit = models.TextField(db_comment="customs code of the unit")
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["enterprise_code", "item_no", "since"], name="registry_goods_of_day"),
            models.Index(fields=["filing", "id"], name="registry_goods_of_filing"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["enterprise_code", "item_no"],
                condition=Q(since__isnull=False, until__isnull=True),
                name="registry_goods_one_in_force",
            ),
            models.UniqueConstraint(fields=["filing", "item_no"], name="registry_goods_once_a_filing"),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="registry_goods_period"
            ),
        )


class Permit(models.Model):
    """An approval of inspection and quarantine, with a quantity that is used up through the ledger."""

    id = models.BigAutoField(primary_key=True)
    number = models.TextField(unique=True)
    kind = models.TextField()
    holder_code = models.TextField()
    goods = models.TextField(db_comment="in words, as approved")
    hs_prefixes = ArrayField(models.TextField(), db_comment="leading digits of the commodity codes that it covers")
    unit = models.TextField(db_comment="customs code of the unit")
    valid_from = models.DateField(db_comment="first day")
    valid_to = models.DateField(db_comment="last day, included")
    account_id = models.BigIntegerField(unique=True, db_comment="ledger_account.id: quantity in 0.00001 of the unit")
    entered_by = models.TextField(db_comment="user name")
    entered_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=["holder_code", "-id"], name="registry_permit_of_holder"),
            models.Index(fields=["valid_to", "id"], name="registry_permit_expiry"),
        )
        constraints = (
            models.CheckConstraint(condition=Q(valid_to__gte=F("valid_from")), name="registry_permit_period"),
        )


class PermitUse(models.Model):
    """A part of a permit that was used, and for what. Never changed."""

    id = models.BigAutoField(primary_key=True)
    permit = models.ForeignKey(Permit, models.PROTECT)
    quantity_e5 = models.BigIntegerField(db_comment="0.00001 of the permit's unit")
    reference = models.TextField(db_comment="what it was used for, such as a declaration's number")
    used_by = models.TextField(db_comment="user name, client or engine")
    used_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["permit", "reference"], name="registry_permituse_once"),
            models.CheckConstraint(condition=Q(quantity_e5__gt=0), name="registry_permituse_something"),
        )


class CreditClass(models.Model):
    """The credit class of an enterprise over a period, by one scheme."""

    id = models.BigAutoField(primary_key=True)
    enterprise_code = models.TextField()
    scheme = models.TextField()
    name = models.TextField(db_comment="of a class of the scheme")
    since = models.DateField(db_comment="first day")
    until = models.DateField(null=True, db_comment="last day, included; null: open")
    reason = models.TextField()
    rule = models.TextField()
    set_by = models.TextField(db_comment="user name")
    set_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["since", "id"], name="registry_creditclass_begins"),)
        constraints = (
            models.UniqueConstraint(fields=["enterprise_code", "since"], name="registry_creditclass_once_a_day"),
            models.UniqueConstraint(
                fields=["enterprise_code"], condition=Q(until=None), name="registry_creditclass_one_open"
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="registry_creditclass_period"
            ),
        )
