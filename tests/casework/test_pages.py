"""Pages: the officers' work list, an organisation's cases, one case; for everybody else there is no case."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from casework import files
from casework.people import CHEN, FIRM, LI, LICENCE, OTHER_FIRM, days, member, opened_at
from identity.made import member as clerk
from identity.made import officer
from silkgate.casework import api as casework
from silkgate.casework.api import Case
from silkgate.identity import models as identity

ENGLISH = {"HTTP_ACCEPT_LANGUAGE": "en"}


@pytest.fixture
def li(database: str) -> Client:
    return officer("li", ("filings", "approvals"), **ENGLISH)


@pytest.fixture
def chen(database: str) -> Client:
    return clerk("chen", FIRM, "filer", **ENGLISH)


def today() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def case(database: str, licence: object, folder: Path) -> Case:
    """A case opened at this moment: pages take the time from the request."""
    return opened_at(today())


def act(client: Client, case: Case, move: str, **given: object) -> object:
    values = {"move": move, "reason": "材料齐全", "version": case.version} | given
    return client.post(f"/cases/{case.id}", values)


def test_an_officer_finds_the_case_and_decides(li: Client, case: Case) -> None:
    listed = li.get("/work").content.decode()
    assert f"/cases/{case.id}" in listed
    assert "Propose to grant" in listed
    done = act(li, case, "propose", rule="条例第8条")
    assert (done.status_code, done["Location"]) == (302, f"/cases/{case.id}")
    shown = li.get(f"/cases/{case.id}").content.decode()
    assert "Second look" in shown
    assert "材料齐全" in shown
    assert "条例第8条" in shown
    listed = li.get("/work").content.decode()
    assert "Send back" in listed
    assert ">Grant<" not in listed, "that is for another officer"


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"reason": "好"}, "Give a reason"),
        ({"move": "grant"}, "Choose what to do"),
        ({"move": ""}, "Choose what to do"),
        ({"version": "x"}, "Choose what to do"),
        ({"version": 9}, "moved on"),
        ({"rule": "条" * 301}, "at most 300"),
    ],
)
def test_what_is_wrong_with_a_form_is_said_and_answers_are_kept(li: Client, case: Case, given: dict, word: str) -> None:
    response = act(li, case, **({"move": "refuse"} | given))
    assert response.status_code == 200
    assert word in response.content.decode()
    assert (given.get("reason") or "材料齐全") in response.content.decode()
    assert casework.case(case.id) == case
    assert casework.evidence(case.id) == []


def test_papers_go_from_the_applicant_to_the_officer(li: Client, chen: Client, case: Case, folder: Path) -> None:
    act(li, case, "ask_papers", reason="请补营业执照")
    asked = chen.get(f"/cases/{case.id}").content.decode()
    assert "请补营业执照" in asked
    assert "Customs" in asked
    assert "Customs li" not in asked, "applicants read the agency"
    wrong = act(chen, casework.case(case.id), "hand_in_papers", files=SimpleUploadedFile("a.pdf", b"MZ"))
    assert "not a whole PDF" in wrong.content.decode()
    assert not folder.exists()
    paper = SimpleUploadedFile("执照.pdf", files.pdf())
    back = act(chen, casework.case(case.id), "hand_in_papers", reason="", files=paper)
    assert back.status_code == 302
    held = casework.evidence(case.id)[0]
    answer = li.get(f"/cases/{case.id}/papers/{held.id}")
    assert answer.content == files.pdf()
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("attachment;")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"]
    read = identity.AccessRecord.objects.get(action="casework.papers")
    assert (read.actor, read.organisation_code, read.purpose, read.allowed) == ("li", FIRM, "supervision", True)


def test_papers_alone(chen: Client, case: Case, folder: Path) -> None:
    assert "Choose a file first" in chen.post(f"/cases/{case.id}/papers", {}).content.decode()
    wrong = {"papers": [SimpleUploadedFile("a.docx", b"PK")]}
    assert "cannot be opened as DOCX" in chen.post(f"/cases/{case.id}/papers", wrong).content.decode()
    assert not folder.exists()
    good = {"papers": [SimpleUploadedFile("a.txt", b"a"), SimpleUploadedFile("b.txt", b"b")]}
    assert chen.post(f"/cases/{case.id}/papers", good).status_code == 302
    assert [one.name for one in casework.evidence(case.id)] == ["a.txt", "b.txt"]
    assert "Not scanned" in chen.get(f"/cases/{case.id}").content.decode()


@pytest.mark.parametrize(
    ("who", "browser"),
    [
        ("clerk of another firm", lambda name: clerk(name, OTHER_FIRM, "filer", **ENGLISH)),
        ("reader of the firm", lambda name: clerk(name, FIRM, "reader", **ENGLISH)),
        ("officer with other duties", lambda name: officer(name, ["audit"], **ENGLISH)),
    ],
)
def test_for_others_there_is_no_case_and_that_they_asked_is_kept(
    case: Case, folder: Path, who: str, browser: Callable[[str], Client]
) -> None:
    held = casework.attach(CHEN, case.id, "a.txt", b"a", today())
    client = browser(who)
    for address in (f"/cases/{case.id}", f"/cases/{case.id}/papers/{held.id}"):
        assert client.get(address).status_code == 404
        assert client.get(address.replace(str(case.id), "999")).status_code == 404
    assert act(client, case, "withdraw").status_code == 404
    assert client.post(f"/cases/{case.id}/papers", {}).status_code == 404
    assert case.title.en not in client.get("/cases").content.decode()
    denied = identity.AccessRecord.objects.filter(allowed=False, subject=f"case/{case.id}")
    assert {record.actor for record in denied} == {who}
    assert denied.count() == 4


def test_a_stranger_signs_in_first(database: str) -> None:
    for address in ("/work", "/cases", "/cases/1", "/cases/1/papers/1"):
        response = Client().get(address)
        assert response.status_code == 302
        assert "login" in response["Location"]


def test_a_paper_belongs_to_its_case(li: Client, case: Case, folder: Path) -> None:
    held = casework.attach(CHEN, case.id, "a.txt", b"a", today())
    other = opened_at(today())
    assert li.get(f"/cases/{other.id}/papers/{held.id}").status_code == 404
    assert li.get(f"/cases/{2**70}").status_code == 404


# --- Lists ------------------------------------------------------------------------------------------------------------


def test_the_work_list_has_the_oldest_deadline_first_page_by_page(database: str, licence: object) -> None:
    """Every open case once, whatever the length of a page; closed ones and those that wait for the applicant never."""
    at = datetime(2026, 3, 2, tzinfo=UTC)
    cases = [opened_at(at + days(number * 7 % 40)) for number in range(23)]
    casework.move(CHEN, cases[0].id, "withdraw", at=at)
    casework.move(LI, cases[1].id, "ask_papers", reason="请补材料", at=at)
    expected = sorted(cases[2:], key=lambda case: (case.due_on, case.id))
    for limit in (1, 4, 21, 22, 50):
        walked, after = [], ""
        while True:
            page = casework.worklist(LI, after=after, limit=limit)
            assert len(page.lines) <= limit
            walked += [line.case.id for line in page.lines]
            after = page.after
            if not after:
                break
        assert walked == [case.id for case in expected]
    late = [line.case.id for line in casework.worklist(LI, at=expected[5].opened_at + days(60)).lines if line.late]
    assert late == [case.id for case in expected]
    assert casework.worklist(LI, workflow=LICENCE.name, state="approval").lines == ()
    assert casework.worklist(LI, workflow="another").lines == ()
    for rubbish in ("x", "2026-01-01_", "_3", "9999-99-99_1", "2026-01-01_" + "9" * 30):
        assert casework.worklist(LI, after=rubbish).lines is not None


def test_an_organisation_sees_its_cases_newest_first(database: str, licence: object, chen: Client) -> None:
    mine = [opened_at(today()) for _ in range(5)]
    theirs = opened_at(today(), member("zhao", OTHER_FIRM), OTHER_FIRM)
    walked, after = [], ""
    while True:
        page = casework.of_applicant(CHEN, after=after, limit=2)
        walked += [line.case.id for line in page.lines]
        after = page.after
        if not after:
            break
    assert walked == [case.id for case in reversed(mine)]
    listed = chen.get("/cases").content.decode()
    assert all(f'/cases/{case.id}"' in listed for case in mine)
    assert f'/cases/{theirs.id}"' not in listed
    assert "No cases yet" in chen.get("/cases?after=0").content.decode()
