"""The market: services with their versions; enquiries, offers, orders with every step; reviews; what orders served."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q


class Service(models.Model):
    """A service that a provider offers; what it promises stands in its versions."""

    id = models.BigAutoField(primary_key=True)
    provider_code = models.TextField()
    kind = models.TextField(db_comment="of reference/market/kinds.toml")
    number = models.IntegerField(db_comment="of the version in force")
    offered = models.BooleanField(db_comment="false: taken off the market by its provider")
    demo = models.BooleanField(db_comment="made up, for a demonstration")
    words = models.TextField(db_comment="of the version in force, in both languages, small letters: for the search")
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=["provider_code", "-id"], name="programmes_service_provider"),
            models.Index(fields=["kind", "-id"], condition=Q(offered=True), name="programmes_service_kind"),
        )


class ServiceVersion(models.Model):
    """What a service promised from a time on. Never changed: offers go on meaning the version they were made on."""

    id = models.BigAutoField(primary_key=True)
    service = models.ForeignKey(Service, models.PROTECT)
    number = models.IntegerField(db_comment="from 1")
    title_zh = models.TextField()
    title_en = models.TextField()
    about_zh = models.TextField()
    about_en = models.TextField()
    price_form = models.TextField()
    price_cents = models.BigIntegerField(null=True, db_comment="0.01 of the currency a unit; null: by quotation")
    currency = models.TextField(db_comment="ISO 4217")
    tax_included = models.BooleanField()
    conditions_zh = models.TextField()
    conditions_en = models.TextField()
    area = models.TextField(db_comment="in Chinese")
    area_en = models.TextField(db_default="", db_comment="empty, of a version made before there was one: as in Chinese")
    languages = ArrayField(models.TextField(), db_comment="ISO 639-1")
    capacity = models.TextField(db_comment="in Chinese")
    capacity_en = models.TextField(db_default="", db_comment="empty: as in Chinese")
    valid_from = models.DateField(db_comment="first day")
    valid_to = models.DateField(null=True, db_comment="last day, included; null: open")
    made_by = models.TextField(db_comment="user name or client")
    made_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["service", "number"], name="programmes_serviceversion_once"),
            models.CheckConstraint(
                condition=Q(price_form="quote", price_cents=None) | (~Q(price_form="quote") & Q(price_cents__gt=0)),
                name="programmes_serviceversion_price",
            ),
        )


class Enquiry(models.Model):
    """What an organisation asked a provider for, on a version of a service."""

    id = models.BigAutoField(primary_key=True)
    service = models.ForeignKey(Service, models.PROTECT)
    service_version = models.ForeignKey(ServiceVersion, models.PROTECT)
    buyer_code = models.TextField()
    provider_code = models.TextField()
    what = models.TextField()
    quantity = models.BigIntegerField(db_comment="in the unit of the service's price")
    needed_by = models.DateField()
    state = models.TextField()
    version = models.IntegerField(db_comment="number of its steps; a page made for another one is refused")
    task_id = models.BigIntegerField(null=True, db_comment="the open case in the work list of whoever it waits for")
    sent_by = models.TextField(db_comment="user name or client")
    sent_at = models.DateTimeField()
    entered_at = models.DateTimeField(db_comment="when it came into its state")

    class Meta:
        indexes = (
            models.Index(fields=["buyer_code", "-id"], name="programmes_enquiry_buyer"),
            models.Index(fields=["provider_code", "-id"], name="programmes_enquiry_provider"),
        )
        constraints = (
            models.CheckConstraint(condition=~Q(buyer_code=F("provider_code")), name="programmes_enquiry_of_another"),
        )


class Offer(models.Model):
    """A provider's offer for an enquiry; each revision is an offer of its own, and all are kept."""

    id = models.BigAutoField(primary_key=True)
    enquiry = models.ForeignKey(Enquiry, models.PROTECT)
    number = models.IntegerField(db_comment="from 1")
    price_form = models.TextField()
    price_cents = models.BigIntegerField(db_comment="0.01 of the currency a unit")
    currency = models.TextField(db_comment="ISO 4217")
    tax_included = models.BooleanField()
    quantity = models.BigIntegerField()
    conditions = models.TextField()
    deliver_by = models.DateField()
    valid_until = models.DateField(db_comment="last day on which it can be accepted")
    state = models.TextField()
    made_by = models.TextField(db_comment="user name or client")
    made_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["enquiry", "number"], name="programmes_offer_once"),
            models.UniqueConstraint(fields=["enquiry"], condition=Q(state="open"), name="programmes_offer_one_open"),
            models.UniqueConstraint(
                fields=["enquiry"], condition=Q(state="accepted"), name="programmes_offer_one_accepted"
            ),
            models.CheckConstraint(condition=Q(price_cents__gt=0, quantity__gt=0), name="programmes_offer_price"),
        )


class Order(models.Model):
    """An offer that was accepted; what both sides agreed is frozen in `terms`."""

    id = models.BigAutoField(primary_key=True)
    enquiry = models.OneToOneField(Enquiry, models.PROTECT)
    offer = models.OneToOneField(Offer, models.PROTECT)
    service = models.ForeignKey(Service, models.PROTECT)
    buyer_code = models.TextField()
    provider_code = models.TextField()
    terms = models.TextField(db_comment="JSON, canonical: what both sides agreed. Never changed")
    terms_sha256 = models.TextField(db_comment="of its bytes in UTF-8, hexadecimal")
    state = models.TextField()
    version = models.IntegerField(db_comment="number of its steps")
    disputed = models.BooleanField(db_comment="it was, once: then the operator may see it")
    task_id = models.BigIntegerField(null=True, db_comment="the open case in the work list of whoever it waits for")
    placed_by = models.TextField(db_comment="user name or client")
    placed_at = models.DateTimeField()
    entered_at = models.DateTimeField(db_comment="when it came into its state")

    class Meta:
        indexes = (
            models.Index(fields=["buyer_code", "-id"], name="programmes_order_buyer"),
            models.Index(fields=["provider_code", "-id"], name="programmes_order_provider"),
            models.Index(fields=["-id"], condition=Q(disputed=True), name="programmes_order_disputed"),
        )


class Step(models.Model):
    """One move of an enquiry or of the order that came of it. Never changed."""

    id = models.BigAutoField(primary_key=True)
    enquiry = models.ForeignKey(Enquiry, models.PROTECT)
    course = models.TextField(db_comment="enquiry, order")
    number = models.IntegerField(db_comment="1 is the beginning")
    move = models.TextField(db_comment="empty for the beginning")
    source = models.TextField()
    target = models.TextField()
    side = models.TextField(db_comment="buyer, provider, operator")
    actor = models.TextField(db_comment="user name or client")
    at = models.DateTimeField()
    reason = models.TextField()
    rule = models.TextField(db_comment="what a decision of the operator rests on")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["enquiry", "course", "number"], name="programmes_step_once"),)


class Review(models.Model):
    """What the buyer says of a completed order, once. Never changed; the provider answers once."""

    id = models.BigAutoField(primary_key=True)
    order = models.OneToOneField(Order, models.PROTECT)
    provider_code = models.TextField()
    service = models.ForeignKey(Service, models.PROTECT)
    stars = models.SmallIntegerField()
    words = models.TextField()
    by = models.TextField(db_comment="user name or client")
    at = models.DateTimeField()
    answer = models.TextField()
    answered_by = models.TextField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["provider_code", "-id"], name="programmes_review_provider"),
            models.Index(fields=["service", "-id"], name="programmes_review_service"),
        )
        constraints = (models.CheckConstraint(condition=Q(stars__gte=1, stars__lte=5), name="programmes_review_stars"),)


class Served(models.Model):
    """A declaration of the buyer that was handled under an order."""

    id = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(Order, models.PROTECT)
    declaration_id = models.BigIntegerField(db_comment="clearance_declaration.id")
    by = models.TextField(db_comment="user name or client")
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["order", "declaration_id"], name="programmes_served_once"),)
