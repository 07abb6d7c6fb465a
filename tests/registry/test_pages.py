"""Pages of the registry: the way of a filing in a browser, what each agency sees, and nothing for strangers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from registry.made import CODE, OTHER, answers, credit_code, on_file, picture
from registry.test_goods import as_csv, line
from silkgate.casework import api as casework
from silkgate.identity.models import AccessRecord
from silkgate.registry import api as registry
from silkgate.registry import models
from silkgate.registry.declared import papers_of

Visitor = Callable[..., Client]


@pytest.fixture
def merchant(visitor: Visitor) -> Client:
    return visitor("merchant", code=CODE)


@pytest.fixture
def filed(database: str) -> None:
    on_file(("ebc", "ebp"), at=timezone.now(), bank_name="中国银行", bank_account="41000001234567")


def papers(roles: tuple[str, ...]) -> dict[str, SimpleUploadedFile]:
    return {
        f"paper_{paper.key}": SimpleUploadedFile(f"{paper.key}.png", picture(seed))
        for seed, paper in enumerate(papers_of(roles))
    }


def test_a_merchant_files_is_asked_for_more_and_is_approved(merchant: Client, visitor: Visitor) -> None:
    assert "Choose at least one" in merchant.get("/filings/new?chosen=1").content.decode()
    form = merchant.get("/filings/new?role=ebc").content.decode()
    assert "Legal representative" in form
    assert "ICP record" not in form
    wrong = merchant.post("/filings/new", {"role": "ebc", **answers(contact_phone="12")})
    assert wrong.status_code == 422
    assert 'href="#id_contact_phone"' in wrong.content.decode()
    assert "豫见优选商贸有限公司" in wrong.content.decode()
    done = merchant.post("/filings/new", {"role": "ebc", **answers()})
    number = models.Application.objects.get().case_id
    assert done["Location"] == f"/filings/{number}"
    refused = merchant.post(f"/filings/{number}", {"submit": "1"})
    assert refused.status_code == 422
    assert "Business licence is missing" in refused.content.decode()
    assert merchant.post(f"/filings/{number}", {"submit": "1", **papers(("ebc",))})["Location"] == f"/cases/{number}"

    chen, zhao = visitor("chen", "filings"), visitor("zhao", "approvals")
    page = chen.get(f"/cases/{number}").content.decode()
    assert "E-commerce enterprise" in page
    assert "李明华" not in page
    assert "李明华" in chen.get(f"/filings/{number}/answers").content.decode()
    for client, move in ((chen, "take"), (chen, "ask")):
        assert client.post(f"/cases/{number}", _move(number, move)).status_code == 302
    again = merchant.get(f"/filings/{number}").content.decode()
    assert "请补充情况说明" in again
    changed = merchant.post(f"/filings/{number}/edit", {"role": "ebc", **answers(address="郑州市新地址2号")})
    assert changed["Location"] == f"/filings/{number}"
    merchant.post(f"/filings/{number}", {"submit": "1"})
    for client, move in ((chen, "review"), (zhao, "approve")):
        assert client.post(f"/cases/{number}", _move(number, move)).status_code == 302
    assert registry.current(CODE).data["address"] == "郑州市新地址2号"
    assert "豫见优选" in merchant.get("/filings").content.decode()


def _move(number: int, move: str) -> dict[str, object]:
    return {"move": move, "reason": "请补充情况说明", "version": casework.case(number).version}


def test_a_change_comes_with_what_is_on_file(filed: None, merchant: Client) -> None:
    page = merchant.get("/filings/new?role=ebc&role=ebp").content.decode()
    assert 'value="豫见优选商贸有限公司"' in page
    merchant.post("/filings/new", {"role": ["ebc"], **answers(address="郑州市新地址2号")})
    number = models.Application.objects.latest("id").case_id
    shown = merchant.get(f"/cases/{number}").content.decode()
    assert "郑州市经开区航海东路1号" in shown
    assert "郑州市新地址2号" in shown


def test_what_has_not_been_sent_is_read_by_nobody_else(filed: None, merchant: Client, visitor: Visitor) -> None:
    merchant.post("/filings/new", {"role": ["ebc"], **answers(address="郑州市新地址2号")})
    number = models.Application.objects.latest("id").case_id
    chen = visitor("chen", "filings")
    assert "郑州市新地址2号" not in chen.get(f"/cases/{number}").content.decode()
    assert chen.get(f"/filings/{number}/answers").status_code == 404


def test_an_agency_that_does_not_review_reads_no_application(filed: None, visitor: Visitor) -> None:
    number = models.Application.objects.get().case_id
    tax = visitor("tax", "filings", agency="tax")
    assert tax.get(f"/filings/{number}/answers").status_code == 404
    assert "41000001234567" not in tax.get(f"/cases/{number}").content.decode()


STRANGE = {
    "a filing": "/filings/{case}",
    "its answers": "/filings/{case}/answers",
    "its form": "/filings/{case}/edit",
    "a record": "/register/{code}",
    "goods": "/goods?organisation={code}",
    "permits": "/permits?organisation={code}",
    "an item": "/goods/new?organisation={code}",
    "a new filing": "/filings/new?organisation={code}",
    "an upload": "/goods/uploads/{upload}",
    "a report": "/goods/uploads/{upload}/report.csv",
}


@pytest.mark.parametrize("what", STRANGE)
def test_for_another_organisation_there_is_nothing_and_that_it_asked_is_kept(
    filed: None, visitor: Visitor, tariff: None, what: str
) -> None:
    upload = models.GoodsUpload.objects.create(
        enterprise_code=CODE, name="a.csv", rows=1, items=[], problems=[], uploaded_by="m", uploaded_at=timezone.now()
    )
    case = models.Application.objects.get().case_id
    rival = visitor("rival", code=OTHER)
    asked = STRANGE[what].format(case=case, code=CODE, upload=upload.pk)
    answer = rival.get(asked)
    assert answer.status_code == 404
    assert "豫见优选" not in answer.content.decode()
    assert AccessRecord.objects.filter(actor="rival", organisation_code=CODE, allowed=False).count() == 1


@pytest.mark.parametrize("path", ["/filings", "/filings/new", "/register", "/goods", "/permits", "/classes"])
def test_nobody_gets_in_without_signing_in(database: str, path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 302
    assert "login" in answer["Location"]


@pytest.mark.parametrize("path", ["/register", "/classes", "/permits/new", f"/register/{CODE}/standing"])
def test_what_is_for_officers_is_denied_to_firms(filed: None, merchant: Client, path: str) -> None:
    assert merchant.get(path).status_code == 403


@pytest.mark.parametrize(
    ("agency", "sees", "not_"),
    [
        ("customs", ["李明华", "豫见优选商贸有限公司"], ["41000001234567", "410105198803129810"]),
        ("forex", ["41000001234567"], ["李明华", "王芳", "410105198803129810"]),
        ("commerce", ["郑州市经开区航海东路1号"], ["王芳", "41000001234567"]),
        ("tax", ["李明华", "41000001234567"], ["王芳", "410105198803129810"]),
    ],
)
def test_each_agency_sees_its_part_and_reading_of_persons_is_kept(
    filed: None, visitor: Visitor, agency: str, sees: list[str], not_: list[str]
) -> None:
    page = visitor("reader", "operations", agency=agency).get(f"/register/{CODE}").content.decode()
    assert all(word in page for word in sees)
    assert not any(word in page for word in not_)
    kept = AccessRecord.objects.filter(actor="reader", action="registry.personal", organisation_code=CODE)
    assert kept.exists() == ("李明华" in sees)
    assert all(record.purpose for record in kept)


def test_the_enterprise_reads_all_of_its_own(filed: None, merchant: Client) -> None:
    page = merchant.get(f"/register/{CODE}").content.decode()
    assert "410105198803129810" in page
    assert AccessRecord.objects.get(actor="merchant", action="registry.personal").purpose == "own_business"


@pytest.mark.parametrize("day", ["2020-01-01", "9999-12-31", "0001-01-01", "yesterday", ""])
def test_any_day_can_be_asked_for(filed: None, merchant: Client, day: str) -> None:
    page = merchant.get(f"/register/{CODE}", {"day": day})
    assert page.status_code == 200
    assert 'type="date" name="day" value="2' in page.content.decode() or day in {"0001-01-01", "9999-12-31"}
    assert ("Nothing was on file" in page.content.decode()) == (day in {"2020-01-01", "0001-01-01"})


def test_an_officer_proposes_a_suspension_and_another_confirms(filed: None, visitor: Visitor) -> None:
    chen, zhao = visitor("chen", "filings"), visitor("zhao", "approvals")
    wrong = chen.post(f"/register/{CODE}/standing", {"kind": "suspend", "reason": "", "rule": ""})
    assert wrong.status_code == 422
    done = chen.post(
        f"/register/{CODE}/standing", {"kind": "suspend", "reason": "许可证被吊销", "rule": "2018年第194号"}
    )
    number = int(done["Location"].rsplit("/", 1)[1])
    assert "许可证被吊销" in zhao.get(f"/cases/{number}").content.decode()
    zhao.post(f"/cases/{number}", _move(number, "confirm"))
    assert registry.current(CODE).standing == "suspended"
    assert "Suspended" in zhao.get(f"/register/{CODE}").content.decode()


def test_a_table_of_goods_with_its_report(filed: None, tariff: None, merchant: Client, visitor: Visitor) -> None:
    table = SimpleUploadedFile("a.csv", as_csv([line(1), line(2, brand=""), line(3)]))
    done = merchant.post("/goods", {"organisation": CODE, "table": table})
    place = done["Location"]
    shown = merchant.get(place).content.decode()
    assert "Brand is missing" in shown
    assert "3,Brand,,Brand is missing." in merchant.get(f"{place}/report.csv").content.decode()
    assert merchant.post(place, {"which": "all"}).status_code == 422
    case = merchant.post(place, {"which": "good"})["Location"]
    number = int(case.rsplit("/", 1)[1])
    chen = visitor("chen", "filings")
    assert "A-3" in chen.get(case).content.decode()
    assert "A-3" in chen.get(f"/goods/filings/{number}").content.decode()
    chen.post(case, _move(number, "approve"))
    assert "A-1" in merchant.get("/goods").content.decode()
    assert "干木耳礼盒" in merchant.get("/goods/new?item=A-1").content.decode()


def test_a_wrong_file_is_told_at_its_field(filed: None, merchant: Client) -> None:
    answer = merchant.post("/goods", {"organisation": CODE, "table": SimpleUploadedFile("a.exe", b"MZ")})
    assert answer.status_code == 422
    assert "Only XLSX and CSV are taken" in answer.content.decode()
    assert merchant.post("/goods", {"organisation": CODE}).status_code == 422


def test_one_item_is_filed_by_hand(filed: None, tariff: None, merchant: Client) -> None:
    given = {key: value for key, value in line(9).items() if key not in {"origin", "unit"}}
    wrong = merchant.post("/goods/new", {"organisation": CODE, **given})
    assert wrong.status_code == 422
    assert "Origin is missing" in wrong.content.decode()
    assert (
        merchant.post("/goods/new", {"organisation": CODE, **given, "origin": "502", "unit": "035"}).status_code == 302
    )


def test_a_permit_is_entered_and_used(filed: None, visitor: Visitor, merchant: Client) -> None:
    chen = visitor("chen", "filings")
    assert chen.post("/permits/new", {}).status_code == 422
    given = {
        "number": "AP-2026-000123",
        "kind": "animal_plant",
        "holder_code": CODE,
        "goods": "冷冻大眼金枪鱼",
        "hs_prefixes": "0303，0302",
        "quantity": "100",
        "unit": "035",
        "valid_from": "2026-01-01",
        "valid_to": "2099-12-31",
    }
    place = chen.post("/permits/new", given)["Location"]
    assert "AP-2026-000123" in merchant.get("/permits").content.decode()
    assert chen.post(place, {"quantity": "60", "reference": "清单1"}).status_code == 302
    over = chen.post(place, {"quantity": "60", "reference": "清单2"})
    assert over.status_code == 422
    assert "40" in over.content.decode()
    assert merchant.post(place, {"quantity": "1", "reference": "清单3"}).status_code == 403


def test_a_class_is_given_and_listed(filed: None, visitor: Visitor) -> None:
    chen = visitor("chen", "filings")
    assert chen.post(f"/register/{CODE}/class", {}).status_code == 422
    today = timezone.localdate().isoformat()
    given = {"name": "gacc-282/regular", "since": today, "reason": "年度评定结果", "rule": "海关总署令第282号"}
    assert chen.post(f"/register/{CODE}/class", given).status_code == 302
    assert "Regular" in chen.get("/classes").content.decode()
    assert "Regular" in chen.get(f"/register/{CODE}").content.decode()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_is_whole_in_both_languages(filed: None, tariff: None, visitor: Visitor, language: str) -> None:
    officer = visitor("both", "filings", "approvals", language=language)
    firm = visitor("merchant", code=CODE, language=language)
    case = models.Application.objects.get().case_id
    for client, path in (
        (officer, "/register"),
        (officer, f"/register?role=pay&code={credit_code(3)}"),
        (officer, f"/register/{CODE}?purpose=review"),
        (officer, f"/register/{CODE}/standing"),
        (officer, f"/register/{CODE}/class"),
        (officer, "/classes"),
        (officer, "/permits?list=near"),
        (officer, "/permits/new"),
        (officer, f"/filings/{case}/answers"),
        (officer, f"/cases/{case}"),
        (firm, "/filings"),
        (firm, "/filings/new"),
        (firm, "/filings/new?" + "&".join(f"role={role}" for role in registry.ROLES)),
        (firm, f"/filings/{case}"),
        (firm, "/goods"),
        (firm, "/goods/new"),
        (firm, "/goods/template.csv"),
        (firm, "/permits"),
    ):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "Text(zh=" not in answer.content.decode(), path
