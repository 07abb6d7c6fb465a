"""What the engine keeps: documents by their key, declarations with their state, its own place in the inbox."""

from django.db import models
from django.db.models import F, Func, Q, Value


def hashed(column: str) -> Func:
    """PostgreSQL's 64-bit hash of a text: what an index holds where it need not be unique. The text itself is compared
    afterwards, so two texts with one hash cost a moment and nothing else."""
    return Func(F(column), Value(0), function="hashtextextended")


class Document(models.Model):
    """Where a stored document lies: the message and its place in it. The fields are read from the inbox."""

    message_id = models.BigIntegerField()
    position = models.SmallIntegerField(db_comment="place in the message, from 0")
    app_time = models.TextField(db_comment="yyyyMMddHHmmss; a later document with an older time is stale")
    draft = models.BooleanField(db_comment="appStatus 1: counts as not arrived")

    class Meta:
        abstract = True


class Order(Document):
    pk = models.CompositePrimaryKey("order_no", "ebp_code")
    ebp_code = models.TextField()
    order_no = models.TextField()


class Payment(Document):
    pk = models.CompositePrimaryKey("pay_transaction_id", "pay_code")
    pay_code = models.TextField()
    pay_transaction_id = models.TextField()
    ebp_code = models.TextField()
    order_no = models.TextField()

    class Meta:
        indexes = (models.Index(hashed("order_no"), name="clearance_payment_of_order"),)


class Waybill(Document):
    pk = models.CompositePrimaryKey("logistics_no", "logistics_code")
    logistics_code = models.TextField()
    logistics_no = models.TextField()


class WaybillStatus(Document):
    """CEB513: the parcel was signed for."""

    pk = models.CompositePrimaryKey("logistics_no", "logistics_code")
    logistics_code = models.TextField()
    logistics_no = models.TextField()


class WarehouseEntry(Document):
    """CEB711: parcels of a bill that arrived at a supervised site."""

    pk = models.CompositePrimaryKey("cop_no", "operator_code")
    operator_code = models.TextField()
    cop_no = models.TextField()


class TransportDocument(Document):
    """CEB607, CEB507 or CEB509: parcels of export lists under a bill, at the supervised site, on their way out."""

    pk = models.CompositePrimaryKey("document_no", "party_code")
    party_code = models.TextField(db_comment="who sent it")
    document_no = models.TextField(db_comment="kind/copNo/msgSeqNo")


class Declaration(Document):
    """One CEB621 or CEB603 with its state. `id` is the order in which declarations were stored."""

    id = models.BigIntegerField(primary_key=True)
    ebp_code = models.TextField()
    order_no = models.TextField()
    logistics_code = models.TextField()
    logistics_no = models.TextField()
    ebc_code = models.TextField()
    agent_code = models.TextField()
    current = models.BooleanField(db_comment="false once the key was declared again")
    state = models.TextField(
        db_comment="1, 2, 100 or negative, 300, 500, 501–503, 599, 800, 899, cancelled, part_returned, returned"
    )
    reasons = models.TextField(db_comment="rule slugs, ';'-separated, sorted")
    findings = models.TextField(db_comment="JSON list of findings behind the reasons")
    pre_no = models.TextField()
    invt_no = models.TextField(null=True)
    dutiable_cents = models.BigIntegerField(null=True)
    duty_cents = models.BigIntegerField(null=True)
    value_added_tax_cents = models.BigIntegerField(null=True)
    consumption_tax_cents = models.BigIntegerField(null=True)
    assessment = models.TextField(
        null=True, db_comment="JSON: what was taken, per line amounts and rates, what came back"
    )
    law_version = models.TextField()
    stored_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    kind = models.TextField(default="621", db_default="621", db_comment="message that declares it: 621 or 603 (export)")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["order_no", "ebp_code"], condition=Q(current=True), name="clearance_declaration_key"
            ),
            models.UniqueConstraint(fields=["invt_no"], name="clearance_declaration_invt_no"),
        )
        indexes = (
            models.Index(hashed("logistics_no"), name="clearance_declaration_parcel"),
            models.Index(fields=["id"], condition=Q(state__in=["300", "500"]), name="clearance_declaration_held"),
            models.Index(fields=["id"], condition=Q(state="2"), name="clearance_declaration_waiting"),
            models.Index(fields=["order_no"], condition=Q(current=False), name="clearance_declaration_former"),
        )


class Instruction(models.Model):
    """An officer's decision on a held declaration, an input of the engine like any message."""

    id = models.BigAutoField(primary_key=True)
    declaration_id = models.BigIntegerField()
    action = models.TextField(choices=[("release", "release"), ("detain", "detain"), ("send_back", "send_back")])
    state = models.TextField(db_comment="state that it leads to: 800, 501, 502, 503, 599 or 100")
    reason = models.TextField()
    officer = models.TextField()
    at = models.DateTimeField()
    batch_no = models.BigIntegerField(null=True, db_comment="batch that carried it out")
    outcome = models.TextField(blank=True, db_comment="done, or why not")

    class Meta:
        indexes = (models.Index(fields=["id"], condition=Q(batch_no=None), name="clearance_instruction_open"),)


class Batch(models.Model):
    """One transaction of the engine: what it took in, when, and what came out."""

    no = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(db_comment="the clock that its decisions were made by")
    segment_first = models.BigIntegerField(null=True)
    segment_last = models.BigIntegerField(null=True)
    messages = models.IntegerField()
    documents = models.IntegerField()
    law_version = models.TextField()


class EngineCursor(models.Model):
    """The engine's place, and who the engine is: one row (`engine/claim.py`)."""

    id = models.SmallIntegerField(primary_key=True)
    segment_id = models.BigIntegerField(db_comment="last segment that was decided")
    batch_no = models.BigIntegerField()
    declaration_id = models.BigIntegerField(db_comment="last declaration number given")
    serial = models.BigIntegerField(db_comment="last invtNo serial given")
    receipt_id = models.BigIntegerField()
    at = models.DateTimeField(null=True, db_comment="when the engine last finished a batch or looked for one")
    epoch = models.BigIntegerField(default=0, db_default=0, db_comment="number of the engine's lease")
    leased_until = models.DateTimeField(null=True, db_comment="when another engine may take over")


class Tally(models.Model):
    """Counts by China day, kept by the engine so that the live page need not count."""

    id = models.BigAutoField(primary_key=True)
    day = models.DateField()
    measure = models.TextField(db_comment="state entered, or documents.311 …")
    amount = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["day", "measure"], name="clearance_tally_once"),)
