"""Help for every code that is answered: complete in both languages, its examples said by the real engine, and found."""

from __future__ import annotations

import csv
import importlib
import json
import os
import re
from html import unescape
from pathlib import Path

import pytest
from django.test import Client

from clearance.rig import CASES
from portal.help_story import recorded, written
from silkgate.clearance import domain
from silkgate.clearance.api import reason
from silkgate.clearance.rest import explained
from silkgate.exchange.api import PROBLEMS
from silkgate.kernel.findings import Finding
from silkgate.kernel.text import Text
from silkgate.portal import helpproblems
from silkgate.portal.helpbook import PROBLEM, RULE, Entry, aliases, book, examples
from silkgate.portal.helpsearch import search
from silkgate.site import commands
from silkgate.tariff.api import REFERENCE, cards
from silkgate.ui.problems import KINDS, document
from silkgate.ui.states import declaration_states

importlib.import_module("silkgate.site.urls")  # every room's errors are entered
RECORD = os.environ.get("SILKGATE_TEST_RECORD")
"""Set: what the engine says becomes the recorded examples."""


def emitted() -> set[str]:
    """Every code that the tables name, or that any example case expects."""
    codes = {*cards(), *KINDS, *PROBLEMS, *examples()["statuses"]}
    codes |= {status for card in cards().values() for status in card.receipts.values()}
    codes |= {domain.DRAFT, domain.WAITING, domain.SENT_BACK, domain.ACCEPTED, domain.APPROVED, domain.FORMAT_ERROR}
    codes |= {domain.REVIEW, domain.INSPECTION, domain.RELEASED, *domain.DETAINED}
    for table in CASES.glob("*/expected/*.csv"):
        with table.open(encoding="utf-8-sig", newline="") as lines:
            for row in csv.DictReader(lines):
                codes |= set(filter(None, (row.get("reasons") or "").split(";")))
                codes |= {row["status"]} if re.fullmatch(r"-?\d+", row.get("status") or "") else set()
    return codes


CODES = sorted(emitted())


def in_words(texts: tuple[Text, ...]) -> bool:
    """Whether there is anything, and all of it in both languages."""
    return bool(texts) and all(re.search(r"[\u4e00-\u9fff]", one.zh) and one.en.strip() for one in texts)


def lacks(entry: Entry) -> list[str]:
    """Parts of a help page that are not there in both languages."""
    parts = {
        "title": (entry.title,),
        "meaning": entry.meaning,
        "causes": entry.causes,
        "mend": entry.mend,
        "law": tuple(law.subject for law in entry.law),
    }
    found = [name for name, texts in parts.items() if not in_words(texts)]
    found += [] if all(law.source and law.name.zh and law.name.en for law in entry.law) else ["source"]
    found += [] if entry.messages else ["messages"]
    example = entry.example
    if example is None or not (example.answer or example.reason):
        found.append("example")
    elif entry.sort == RULE and not (example.reason and example.fragment and example.answer):
        found.append("finding, fragment and receipt of the example")
    return found


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_whole_page(code: str) -> None:
    entry = book()[code]
    assert entry.answered
    assert lacks(entry) == []


def test_what_is_missing_would_be_noticed() -> None:
    whole = book()["limit.single"]
    for part in ("causes", "mend", "law", "meaning", "messages"):
        assert lacks(whole._replace(**{part: ()})), part
    assert lacks(whole._replace(example=None))
    assert lacks(whole._replace(causes=(Text("", "only English"),)))


@pytest.mark.parametrize("slug", cards())
def test_a_card_says_how_it_comes_about(slug: str) -> None:
    assert in_words(cards()[slug].causes), "write causes = [{ zh = …, en = … }] into its card"


def test_the_examples_are_what_the_engine_says(database_server: str, tmp_path: Path) -> None:
    """All rules and statuses, met by the real intake and engine; what is recorded is this and nothing else."""
    said = written(recorded(database_server, tmp_path))
    file = REFERENCE / "help" / "examples.json"
    if RECORD:
        file.write_text(said, encoding="utf-8")
    assert said == file.read_text(encoding="utf-8"), "the engine says something else now: SILKGATE_TEST_RECORD=1"
    assert set(examples()["rules"]) == set(cards())


def test_every_status_in_words_is_there() -> None:
    words = {state.code for state in declaration_states() if state.code.lstrip("-").isdigit()}
    assert words <= set(book())


def test_the_whole_dictionary_is_there() -> None:
    with (REFERENCE / "codes" / "error-codes.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            entry = book()[row["code"]]
            assert row["meaning_zh"] in entry.title.zh
            assert row["meaning_en"].lower() in entry.title.en.lower()
            assert in_words((entry.title, *entry.meaning)), row["code"]


def test_causes_of_errors_are_of_errors_that_there_are() -> None:
    assert helpproblems.named() <= set(KINDS)


# --- Pages ------------------------------------------------------------------------------------------------------------


def page(address: str, language: str = "zh-hans") -> str:
    response = Client().get(address, headers={"Accept-Language": language})
    assert response.status_code == 200, address
    return unescape(response.content.decode())


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_shows_all_of_its_entry(database: str, language: str) -> None:
    for code, entry in book().items():
        text = page(f"/help/{code}", language)
        shown = [entry.title, *entry.meaning, *entry.mend, *entry.messages, *(law.name for law in entry.law)]
        shown += [link.title for link in entry.links]
        shown += entry.causes if len(entry.links) < 2 else ()
        for one in shown:
            assert one.in_language(language) in text, (code, one)
        assert all(law.href in text for law in entry.law)
        for part in (entry.example.fragment, entry.example.answer) if entry.example else ():
            assert part in text, code


def test_addresses_that_there_were_lead_there(database: str) -> None:
    client = Client()
    assert client.get("/help/SG-10001").headers["Location"] == "/help/limit.single"
    assert client.get("/problems/limit.single").status_code == 404
    assert client.get("/help/no.such").status_code == 404
    for code in KINDS:
        told = document(code, KINDS[code].title)
        one, other = (page(told[member]).partition("<main")[2].partition("</main>")[0] for member in ("type", "help"))
        assert one == other


@pytest.mark.parametrize("slug", cards())
def test_every_finding_leads_to_its_page(slug: str) -> None:
    told = reason(Finding(slug, "orderNo", "a", "b"), in_full=False)
    assert told.help_href == f"/help/{slug}"
    assert slug in book()


def test_the_command_line_and_the_interface_name_it_too(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "order.xml"
    file.write_bytes(b"<order/>")
    assert commands.check([file], as_json=False) == 1
    assert "/help/format.unknown" in capsys.readouterr().out
    commands.check([file], as_json=True)
    assert json.loads(capsys.readouterr().out)[0]["findings"][0]["help"] == "/help/format.unknown"
    assert explained(json.dumps([["limit.single", "totalPrice", "5001", "5000", None]]))[0].help == "/help/limit.single"


# --- Search -----------------------------------------------------------------------------------------------------------

ASKED = {
    "limit.annual": "limit.annual",
    "SG-10002": "limit.annual",
    "-621018": "-621018",
    "年度限额": "limit.annual",
    "超过年度": "limit.annual",
    "yearly limit": "limit.annual",
    "Yearly LIMITS": "limit.annual",
    "签名": "sign.missing",
    "签名验证不通过怎么办": "sign.invalid",
    "signature missing": "sign.missing",
    "代付": "match.payer",
    "payerName": "match.payer",
    "身份证号码": "buyer.id",
    "identity number": "buyer.id",
    "too often": "request.too_often",
    "guid": "message.guid_reused",
    "负面清单": "goods.prohibited",
    "webhooks": "webhook.too_many",
    "个人额度": "-621013",
}
"""What somebody types, and a page that has to be among the first five found."""


@pytest.mark.parametrize(("query", "code"), ASKED.items(), ids=list(ASKED))
def test_a_page_is_found_by_what_people_type(query: str, code: str) -> None:
    assert code in [entry.code for entry in search(query)][:5]


@pytest.mark.parametrize("code", [*book(), *aliases()])
def test_every_code_finds_itself_first(code: str) -> None:
    wanted = aliases().get(code, code)
    assert search(code)[0].code == wanted
    assert search(code.upper())[0].code == wanted


@pytest.mark.parametrize("entry", [one for one in book().values() if one.answered], ids=lambda one: one.code)
def test_every_title_finds_its_page(entry: Entry) -> None:
    for title in entry.title:
        assert entry in search(title, limit=200), title


@pytest.mark.parametrize("query", ["", " ", "zzzzz", "%", "' or 1=1 --", "年" * 500, "\u3000", "(", "[", "\\", "ⓧ"])
def test_nonsense_finds_nothing_and_breaks_nothing(database: str, query: str) -> None:
    response = Client().get("/help", {"q": query})
    assert response.status_code == 200
    assert "help-found" not in response.content.decode()


def test_what_is_never_answered_here_stands_behind_what_is() -> None:
    found = search("超过单次交易限值")
    assert [entry.answered for entry in found] == sorted((entry.answered for entry in found), reverse=True)


def test_a_code_by_itself_leads_to_its_page(database: str) -> None:
    for query, code in (("limit.single", "limit.single"), ("SG-10001", "limit.single"), (" -621005 ", "-621005")):
        assert Client().get("/help", {"q": query}).headers["Location"] == f"/help/{code}"


def test_errors_of_the_interface_are_of_one_sort() -> None:
    assert {code for code, entry in book().items() if entry.sort == PROBLEM} == set(KINDS)
