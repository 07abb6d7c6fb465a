"""An object of every kind that endpoints are about, for each organisation, written as its room keeps it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connection

from bonded import stored
from casework.files import pdf
from casework.people import LICENCE
from clearance.rig import CASES, connector
from identity.endpoints import Endpoint
from identity.made import FOREIGN, OWN, PRINCIPAL, certificate_pem, delegated, member, organisation
from programmes import market
from silkgate.casework import api as casework
from silkgate.casework import evidence
from silkgate.casework.models import CaseRow
from silkgate.clearance.api import run_case
from silkgate.drafts import actions as drafts
from silkgate.drafts.domain import Content
from silkgate.exchange import models as exchange
from silkgate.identity import actions, api, models
from silkgate.identity.api import DUTIES, SCOPES, Actor
from silkgate.machinery import models as machinery
from silkgate.registry import models as registry
from silkgate.registry import permits

ORGANISATIONS = (OWN, PRINCIPAL, FOREIGN)
NOBODY = "91410100MA3XE01992"
"""An agent of the foreign organisation, which takes no part otherwise."""

Site = dict[str, dict[str, str]]
"""What stands in an address, by kind of object, then by organisation."""

ABOUT = {
    "bonded.storage.pages.declaration": "storage_declaration",
    "bonded.storage.pages.declaration_data": "storage_declaration",
    "bonded.storage.pages.draw": "storage_draw",
    "bonded.storage.pages.lot": "storage_lot",
    "bonded.storage.rest.one_declaration": "storage_declaration",
    "bonded.storage.rest.one_draw": "storage_draw",
    "bonded.storage.rest.one_lot": "storage_lot",
    "casework.pages.add_papers": "case",
    "casework.pages.case": "case",
    "casework.pages.paper": "case",
    "casework.rest.one_case": "case",
    "clearance.rest.one_declaration": "declaration",
    "drafts.pages.copied": "draft",
    "drafts.pages.discarded": "draft",
    "drafts.pages.one": "draft",
    "drafts.pages.paper": "draft",
    "drafts.pages.xml": "draft",
    "drafts.signpages.send": "draft",
    "drafts.signpages.sign": "draft",
    "drafts.signpages.signed_info": "draft",
    "exchange.webhooks.pages.changed": "webhook",
    "exchange.webhooks.pages.deleted": "webhook",
    "exchange.webhooks.pages.one": "webhook",
    "exchange.webhooks.pages.rotated": "webhook",
    "exchange.webhooks.rest.end_webhook": "webhook",
    "exchange.webhooks.rest.list_deliveries": "webhook",
    "exchange.webhooks.rest.one_webhook": "webhook",
    "exchange.webhooks.rest.replay_webhook": "webhook",
    "exchange.webhooks.rest.resume_webhook": "webhook",
    "exchange.webhooks.rest.rotate_secret": "webhook",
    "exchange.webhooks.rest.try_webhook": "webhook",
    "identity.client_pages.ended": "client",
    "machinery.rest.cancel_shipment": "spare_shipment",
    "machinery.rest.declare_book": "machine_book",
    "machinery.rest.import_bill": "machine_book",
    "machinery.rest.list_components": "machine_book",
    "machinery.rest.list_parts": "machine_book",
    "machinery.rest.one_book": "machine_book",
    "machinery.rest.one_shipment": "spare_shipment",
    "portal.pages.message_file": "message",
    "programmes.deskpages.enquiry": "market_enquiry",
    "programmes.deskpages.offer": "market_enquiry",
    "programmes.deskpages.task": "market_task",
    "programmes.offeringpages.change": "market_service",
    "programmes.offeringpages.shown": "market_service",
    "programmes.orderpages.answer": "market_order",
    "programmes.orderpages.order": "market_order",
    "programmes.orderpages.review": "market_order",
    "programmes.orderpages.served": "market_order",
    "programmes.orderpages.terms": "market_order",
    "programmes.rest.answer_review": "market_order",
    "programmes.rest.make_offer": "market_enquiry",
    "programmes.rest.make_review": "market_order",
    "programmes.rest.name_declarations": "market_order",
    "programmes.rest.one_enquiry": "market_enquiry",
    "programmes.rest.one_order": "market_order",
    "programmes.rest.step_enquiry": "market_enquiry",
    "programmes.rest.step_order": "market_order",
    "registry.goodspages.filed_goods": "goods",
    "registry.goodspages.one_permit": "permit",
    "registry.goodspages.report": "upload",
    "registry.goodspages.upload": "upload",
    "registry.pages.answers": "filing",
    "registry.pages.edit": "filing",
    "registry.pages.enterprise": "enterprise",
    "registry.pages.filing": "filing",
    "registry.rest_filings.amend_filing": "filing",
    "registry.rest_filings.appeal_filing": "filing",
    "registry.rest_filings.bring_paper": "filing",
    "registry.rest_filings.one_filing": "filing",
    "registry.rest_filings.submit_filing": "filing",
    "registry.rest_filings.withdraw_filing": "filing",
    "registry.rest_goods.appeal_goods_filing": "goods",
    "registry.rest_goods.file_table": "upload",
    "registry.rest_goods.list_filed_items": "goods",
    "registry.rest_goods.list_problems": "upload",
    "registry.rest_goods.one_goods_filing": "goods",
    "registry.rest_goods.one_table": "upload",
    "registry.rest_goods.withdraw_goods_filing": "goods",
    "registry.rest_permits.one_permit": "permit",
}
"""Views that are about one object, and its kind. A view whose address holds the organisation's code needs no line."""

BODIES = {
    **market.BODIES,
    "exchange.webhooks.rest.replay_webhook": {"after": "evt-0"},
    "registry.rest_filings.amend_filing": {"roles": ["ebc"], "data": {}},
    "registry.rest_filings.appeal_filing": {"reason": "the paper is there now"},
    "registry.rest_goods.appeal_goods_filing": {"reason": "the label is there now"},
    "registry.rest_goods.file_table": {"only_good": True},
}
"""What an operation takes, where without it nothing would be said about the object."""


def values(site: Site, one: Endpoint, code: str) -> dict[str, str]:
    """What stands in the address of an endpoint that is about an object of the organisation `code`."""
    if one.of:
        return {one.of: code}
    found = site[ABOUT[one.view.removeprefix("silkgate.")]][code]
    return dict.fromkeys(("number", "code", "name"), found) | {
        "evidence_id": site["evidence"][code],
        "paper": "business_licence",
    }


def make(database: str, folder: Path) -> Site:
    """A cleared case, and all kinds of object for each of the organisations."""
    run_case(CASES / "10-selection", folder, connector(database))
    casework.declare(LICENCE)
    at = datetime.now(UTC)
    organisation(NOBODY)
    delegated(FOREIGN, NOBODY, SCOPES)
    site: Site = {kind: {} for kind in {*ABOUT.values(), "evidence"}}
    for code in ORGANISATIONS:
        _of_identity(code, at)
        for kind, maker in _MAKERS.items():
            site[kind][code] = maker(code, at)
        site["evidence"][code] = _evidence(site["case"][code], code, at)
    market.make(site, ORGANISATIONS, NOBODY, at)
    stored.make(site, ORGANISATIONS, at)
    site["message"] = _handed_over("exchange_message", "sender")
    site["declaration"] = _handed_over("clearance_declaration", "ebc_code")
    return site


def _handed_over(table: str, column: str) -> dict[str, str]:
    """A row of the cleared case for each organisation."""
    with connection.cursor() as cursor:
        cursor.execute(f"alter table {table} disable trigger all")
        cursor.execute(f"select id from {table} order by id limit 3")
        chosen = dict(zip(ORGANISATIONS, [row[0] for row in cursor.fetchall()], strict=True))
        for code, number in chosen.items():
            cursor.execute(f"update {table} set {column} = %s where id = %s", (code, number))
    return {code: str(number) for code, number in chosen.items()}


def _of_identity(code: str, at: datetime) -> None:
    member(f"chair-{code}", code, "representative")
    actions.invite(code, "reader", actor=Actor(f"chair-{code}"), at=at)
    with connection.cursor() as cursor:
        api.file_certificate(cursor, code, certificate_pem(code))
    models.AccessRecord.objects.create(
        at=at, actor="zhao", action="clearance.persons", organisation_code=code, subject=f"of {code}", allowed=True
    )


def _client(code: str, at: datetime) -> str:
    made = models.Client.objects.create(
        organisation=organisation(code),
        name=f"program of {code}",
        client_id=f"client-{code}",
        scopes=["read"],
        made_by=f"chair-{code}",
        made_at=at,
    )
    return str(made.id)


def _webhook(code: str, at: datetime) -> str:
    made = exchange.Subscription.objects.create(
        organisation_code=code,
        url="https://example.com/hook",
        types=[],
        secret=b"x",
        made_by=f"chair-{code}",
        made_at=at,
        cursor=0,
    )
    return str(made.id)


def _case(code: str, at: datetime, workflow: str = LICENCE.name) -> str:
    made = CaseRow.objects.create(
        workflow=workflow,
        state=casework.workflow(workflow).first,
        organisation_code=code,
        subject=f"subject of {code}",
        title_zh=f"{code}的事项",
        title_en=f"Case of {code}",
        data={},
        opened_at=at,
        opened_by=f"chair-{code}",
        entered_at=at,
        due_on=(at + timedelta(days=5)).date(),
        officer_state="",
        last_officer="",
        version=1,
    )
    return str(made.id)


def _evidence(case: str, code: str, at: datetime) -> str:
    filer = Actor(f"chair-{code}", roles={code: frozenset({"representative"})})
    return str(evidence.attach(filer, int(case), "paper.pdf", pdf(), at).id)


def _filing(code: str, at: datetime) -> str:
    case = _case(code, at, "registry.filing")
    registry.Application.objects.create(
        case_id=int(case),
        kind="filing",
        enterprise_code=code,
        roles=["ebc"],
        data={},
        base_number=0,
        filed_by=f"chair-{code}",
        filed_at=at,
    )
    return case


def _goods(code: str, at: datetime) -> str:
    case = _case(code, at, "registry.goods")
    registry.GoodsFiling.objects.create(
        case_id=int(case), enterprise_code=code, filed_by=f"chair-{code}", filed_at=at, rows=0
    )
    return case


def _upload(code: str, at: datetime) -> str:
    made = registry.GoodsUpload.objects.create(
        enterprise_code=code,
        name=f"{code}.csv",
        rows=1,
        items=[],
        problems=[],
        uploaded_by=f"chair-{code}",
        uploaded_at=at,
    )
    return str(made.id)


def _draft(code: str, at: datetime) -> str:
    made = drafts.make(Actor(f"chair-{code}"), code, "311", Content({"orderNo": f"of {code}"}), faults=1, at=at)
    return str(made.pk)


def _enterprise(code: str, at: datetime) -> str:
    registry.Enterprise.objects.create(code=code, name=f"单位{code}", roles=["ebc"], credit_class="B")
    registry.Version.objects.create(
        enterprise_code=code, number=1, roles=["ebc"], data={"name": f"单位{code}"}, standing="active", since=at
    )
    return code


def _permit(code: str, at: datetime) -> str:
    number = f"P{code}"
    new = permits.NewPermit(
        number, next(iter(permits.KINDS)), code, f"goods of {code}", ["0402"], 100_000, "035", at.date(), at.date()
    )
    permits.enter_permit(Actor("he", duties=frozenset(DUTIES)), new, at=at)
    return str(registry.Permit.objects.get(number=number).id)


def _machine_book(code: str, at: datetime) -> str:
    made = machinery.Book.objects.create(
        enterprise_code=code,
        contract_no="Z-1",
        buyer_name=f"buyer of {code}",
        buyer_country="502",
        name="machine",
        model="M",
        gcode="8413602190",
        serial_nos=["M-1"],
        value_cents=100,
        currency="USD",
        declaration_no="D-1",
        export_day=at.date(),
        warranty_months=12,
        state="draft",
        made_by=f"chair-{code}",
        made_at=at,
    )
    return str(made.pk)


def _spare_shipment(code: str, at: datetime) -> str:
    made = machinery.Shipment.objects.create(
        enterprise_code=code,
        number="SP-1",
        digest=b"",
        contract_no="Z-1",
        day=at.date(),
        state="refused",
        findings=[["spare.contract", "contract_no", "Z-1", "", None]],
        made_by=f"chair-{code}",
        made_at=at,
    )
    return str(made.pk)


_MAKERS: dict[str, Callable[[str, datetime], str]] = {
    "client": _client,
    "case": _case,
    "filing": _filing,
    "goods": _goods,
    "upload": _upload,
    "draft": _draft,
    "enterprise": _enterprise,
    "permit": _permit,
    "webhook": _webhook,
    "machine_book": _machine_book,
    "spare_shipment": _spare_shipment,
}
