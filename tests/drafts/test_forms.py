"""The form: what was typed stays, what is wrong stands beside it, what can be computed is offered."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

import pytest
from django.test import Client

from drafts.made import FIRM, ORDER, changed, posted, trade
from drafts.test_rules import BAD
from identity.made import member
from silkgate.drafts import queries
from silkgate.drafts.domain import HEAD, Content
from silkgate.drafts.models import Draft
from silkgate.registry.models import Goods, GoodsFiling
from silkgate.site.traffic.zone import Zone
from silkgate.tariff.api import E6


def piece(page: str, ident: str) -> str:
    """The element with this id, up to the end of its paragraph or division."""
    found = re.search(rf'<(div|p)[^>]* id="{ident}"[^>]*>(.*?)</\1>', page, re.DOTALL)
    assert found, ident
    return found[2]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_everything_typed_is_kept_and_every_fault_told_beside_it(zone: Zone, clerk: Client, language: str) -> None:
    clerk.cookies.load({"django_language": language})
    for kind in ("311", "411", "511", "621"):
        rows = [row for row in BAD if row[0] == kind]
        wrong: dict[tuple[str, str], tuple[str, str]] = {}
        for _, place, field, value, zh, en in rows:
            wrong.setdefault((place, field), (value, en if language == "en" else zh))
        content = Content(
            {field: value for (place, field), (value, _) in wrong.items() if place == HEAD},
            ({field: value for (place, field), (value, _) in wrong.items() if place != HEAD},),
        )
        saved = clerk.post("/drafts/new", posted(kind, content))
        page = clerk.get(saved["Location"]).content.decode()
        for (place, field), (value, told) in wrong.items():
            said = piece(page, f"{place}-{field}-said").replace("&#x27;", "'")
            assert told in said, (kind, field, said)
            assert "/help/format.schema" in said
            if value.isprintable():
                assert f'value="{value}"' in page, (kind, field)
            assert f'href="#{place}-{field}"' in page


def test_sums_are_judged_by_the_rule_of_clearance(zone: Zone, clerk: Client) -> None:
    saved = clerk.post("/drafts/new", posted("311", changed(ORDER, {"acturalPaid": "390"}, {"totalPrice": "350"})))
    page = clerk.get(saved["Location"]).content.decode()
    assert "/help/match.order_sum" in piece(page, "head-acturalPaid-said")
    assert "/help/match.order_sum" in piece(page, "line-0-totalPrice-said")
    assert "392.76" in piece(page, "head-acturalPaid-offer")
    # What rests on a gap is not said.
    gap = clerk.post("/drafts/new", posted("311", changed(ORDER, {"acturalPaid": "390", "freight": "x"})))
    assert "match.order_sum" not in piece(clerk.get(gap["Location"]).content.decode(), "head-acturalPaid-said")


def test_a_declaration_is_judged_by_the_groups_of_clearance(zone: Zone, clerk: Client) -> None:
    _, content = trade(zone)["621"]
    wrong = changed(content, {"buyerIdNumber": "410105198803129811", "emsNo": ""}, {"gcode": "9999999999"})
    page = clerk.get(clerk.post("/drafts/new", posted("621", wrong))["Location"]).content.decode()
    assert "/help/buyer.id" in piece(page, "head-buyerIdNumber-said")
    assert "/help/field.mode" in piece(page, "head-emsNo-said")
    assert "/help/goods.unknown" in piece(page, "line-0-gcode-said")
    fine = clerk.post("/drafts/new", posted("621", content))
    page = clerk.get(fine["Location"]).content.decode()
    assert "error-summary" not in page
    assert "税款合计" in page


@pytest.mark.parametrize("kind", ["311", "411", "511", "621"])
def test_an_empty_form_reproaches_nobody(zone: Zone, clerk: Client, kind: str) -> None:
    page = clerk.get(f"/drafts/new?kind={kind}&organisation={FIRM}").content.decode()
    assert "aria-invalid" not in page
    assert "/help/" not in page.split('class="draft"')[1]


def test_what_a_mode_needs_is_told_once_the_mode_is_chosen(zone: Zone, clerk: Client) -> None:
    for mode, told in (("", ""), ("9610", "billNo"), ("1210", "emsNo")):
        content = Content({"tradeMode": mode} if mode else {}, ({},))
        page = clerk.get(clerk.post("/drafts/new", posted("621", content))["Location"]).content.decode()
        for name in ("billNo", "emsNo"):
            assert ("/help/field.mode" in piece(page, f"head-{name}-said")) is (name == told), (mode, name)


def test_while_one_types_gaps_are_not_told(zone: Zone, clerk: Client) -> None:
    given = changed(ORDER, {"acturalPaid": "390", "buyerName": ""})
    pieces = clerk.post("/drafts/check", posted("311", given)).content.decode()
    assert "392.76" in piece(pieces, "head-acturalPaid-said")
    assert not piece(pieces, "head-buyerName-said").strip()
    assert "<html" not in pieces
    assert not Draft.objects.exists()


def test_offers_are_taken_only_when_asked_for(zone: Zone, clerk: Client) -> None:
    given = changed(ORDER, {"goodsValue": "1", "acturalPaid": "5"}, {"totalPrice": ""})
    page = clerk.post("/drafts/new", posted("311", given, take="line-0-totalPrice")).content.decode()
    assert re.search(r'id="line-0-totalPrice"\s+name="line-0-totalPrice"\s+value="360"', page)
    assert re.search(r'id="head-goodsValue"\s+name="head-goodsValue"\s+value="1"', page)
    assert "360" in piece(page, "head-goodsValue-offer")
    assert not Draft.objects.exists()


def test_the_tax_of_an_order_is_offered_for_goods_on_file(zone: Zone, clerk: Client) -> None:
    page = clerk.post("/drafts/check", posted("311", changed(ORDER, {"taxTotal": "0"}))).content.decode()
    assert "<button" not in piece(page, "head-taxTotal-offer")
    law = queries.law(zone.as_of)
    rate = next(one for one in law.rates.values() if not (one.consumption_e6 or one.specific_e6))
    filing = GoodsFiling.objects.create(enterprise_code=FIRM, filed_by="chen", filed_at=zone.as_of, rows=1)
    Goods.objects.create(
        filing=filing, enterprise_code=FIRM, item_no="A-100", hs_code=rate.gcode, name="奶粉", since=zone.as_of
    )
    page = clerk.post("/drafts/check", posted("311", changed(ORDER, {"taxTotal": "0"}))).content.decode()
    # 13 % or 9 % of 360.00, times the factor of the day, rounded half up to a cent.
    exact = Decimal("360.00") * rate.vat_e6 / E6 * law.factor
    assert str(exact.quantize(Decimal("0.01"), ROUND_HALF_UP).normalize()) in piece(page, "head-taxTotal-offer")


def test_lines_come_and_go_without_losing_anything(zone: Zone, clerk: Client) -> None:
    page = clerk.post("/drafts/new", posted("311", ORDER, do="add")).content.decode()
    assert 'id="line-1"' in page
    assert ORDER.lines[0]["itemName"] in page
    two = ORDER._replace(lines=(*ORDER.lines, {**ORDER.lines[0], "itemName": "第二种奶粉"}))
    page = clerk.post("/drafts/new", posted("311", two, do="remove-0")).content.decode()
    assert 'id="line-1"' not in page
    assert "第二种奶粉" in page
    assert not Draft.objects.exists()


def test_of_two_who_save_the_second_sees_what_the_first_did(zone: Zone, clerk: Client) -> None:
    clerk.post("/drafts/new", posted("311", ORDER))
    draft = Draft.objects.get()
    other = member("liu", FIRM, "declarant")
    first = other.post(f"/drafts/{draft.pk}", posted("311", changed(ORDER, {"freight": "10"}), version="1"))
    assert first.status_code == 302
    mine = changed(ORDER, {"buyerName": "张三"})
    second = clerk.post(f"/drafts/{draft.pk}", posted("311", mine, version="1"))
    page = second.content.decode()
    assert second.status_code == 409
    assert "liu" in page
    assert 'href="#head-freight"' in page
    assert 'href="#head-buyerName"' in page
    assert 'value="张三"' in page
    draft.refresh_from_db()
    assert (draft.version, draft.head["freight"], draft.head["buyerName"]) == (2, "10", "李明华")
    # Having seen it, one may put one's own in its place.
    assert 'name="version" value="2"' in page
    third = clerk.post(f"/drafts/{draft.pk}", posted("311", mine, version="2"))
    assert third.status_code == 302
    draft.refresh_from_db()
    assert (draft.version, draft.head["freight"], draft.head["buyerName"]) == (3, "0", "张三")


@pytest.mark.parametrize("version", ["", "x", "-1", "99999999999", "0"])
def test_a_version_that_was_never_shown_overwrites_nothing(zone: Zone, clerk: Client, version: str) -> None:
    clerk.post("/drafts/new", posted("311", ORDER))
    draft = Draft.objects.get()
    assert clerk.post(f"/drafts/{draft.pk}", posted("311", ORDER, version=version)).status_code == 409


def test_fields_are_explained_to_everybody(zone: Zone) -> None:
    page = Client().get("/drafts/fields/621").content.decode()
    assert "gcode" in page
    assert "商品编码" in page
    assert Client().get("/drafts/fields/999").status_code == 404


@pytest.mark.parametrize("way", ["new", "upload"])
def test_without_a_kind_one_chooses(zone: Zone, clerk: Client, way: str) -> None:
    assert clerk.get(f"/drafts/{way}?kind=999")["Location"] == "/drafts"
    assert clerk.post("/drafts/check").status_code == 422
