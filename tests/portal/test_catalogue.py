"""The service catalogue promises what is there: pages, workflows, deadlines, law; in both languages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.apps import apps
from django.test import Client
from django.urls import resolve, reverse

from silkgate.casework import api as casework
from silkgate.casework.api import APPLICANT, OFFICER, Workflow
from silkgate.portal import catalogue as book
from silkgate.portal.catalogue import SUBJECTS, Entry, appeals, catalogue, deadlines, read, told
from silkgate.tariff.api import LawFileError, law_version, parameters

ENTRIES = list(catalogue().values())
ROOMS = {config.label for config in apps.get_app_configs() if config.name.startswith("silkgate.")}


def of_this_site(workflow: Workflow) -> bool:
    """Tests declare workflows of their own; those of rooms bear the name of what they are about."""
    return "." in workflow.name


def judged() -> list[Workflow]:
    """Workflows in which an officer decides something for an applicant."""
    return [
        one
        for one in casework.workflows()
        if of_this_site(one) and {APPLICANT, OFFICER} <= {move.by for move in one.moves}
    ]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.slug)
def test_a_service_leads_to_pages_that_are_there(entry: Entry) -> None:
    for name in (entry.begin, *(step.page for step in entry.steps if step.page)):
        assert resolve(reverse(name)), name
    assert entry.steps
    assert entry.law
    assert entry.appeal or appeals(entry), "everybody is told how to object"


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.workflow], ids=lambda entry: entry.slug)
def test_its_deadlines_are_those_of_its_workflow(entry: Entry) -> None:
    workflow = casework.workflow(entry.workflow)
    kept = {state.words: state.working_days for state in workflow.states.values() if state.working_days}
    assert {one.what: one.working_days for one in deadlines(entry)} == kept
    assert kept, "a service that somebody decides says by when"


def test_whatever_is_decided_for_people_is_in_the_catalogue() -> None:
    told_of = {entry.workflow for entry in ENTRIES if entry.workflow}
    assert {one.name for one in judged()} <= told_of, "write reference/services/<slug>.toml"
    assert len(judged()) >= 3


def test_figures_of_law_are_read_and_not_typed() -> None:
    from datetime import date

    entry = catalogue()["return"]
    assert entry.time is not None
    assert book.figures(entry.time) == ("retail_import.return_apply_days", "retail_import.return_arrive_days")
    for name, words in (("apply", "{}天内申请"), ("arrive", "{}天内运抵")):
        figure = parameters()[f"retail_import.return_{name}_days"].on(date(2026, 11, 23)).value
        assert words.format(figure) in told(entry.time, date(2026, 11, 23)).zh
    assert "26,000" in told(catalogue()["retail-import"].time, date(2026, 11, 23)).en  # type: ignore[arg-type]
    assert "20,000" in told(catalogue()["retail-import"].time, date(2017, 11, 23)).en  # type: ignore[arg-type]
    for entry in ENTRIES:
        for text in (*entry.needs, *(step.words for step in entry.steps), entry.result, entry.fee, entry.who):
            assert "{" not in told(text, date(2026, 11, 23)).zh


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_each_service_has_its_page_in_both_languages(database: str, language: str) -> None:
    client = Client(headers={"accept-language": language})
    listed = client.get("/services").content.decode()
    for entry in ENTRIES:
        assert f'href="/services/{entry.slug}"' in listed
        page = client.get(f"/services/{entry.slug}").content.decode()
        main = re.sub("<[^>]+>", "", page.split("<main")[1].split("</main")[0])
        assert not re.search(r"\{[\w.]+\}|Text\(|None", main)
        if language == "en":
            assert not re.search("[\u4e00-\u9fff]", main), entry.slug
    for words in SUBJECTS.values():
        subject = words.in_language(language)
        assert (subject in listed) == any(SUBJECTS[entry.subject] == words for entry in ENTRIES)
    assert client.get("/services/nothing").status_code == 404


@dataclass(frozen=True)
class Broken:
    """A file that is refused, and the word that says why."""

    change: tuple[str, str]
    said: str


@pytest.mark.parametrize(
    "broken",
    [
        Broken(('subject = "everybody"', 'subject = "nobody"'), "unknown subject"),
        Broken(('notice = "contract"', 'notice = "hearsay"'), "notices.toml"),
        Broken(('en = "Verify a receipt"', 'fr = "Vérifier"'), "zh and en"),
        Broken(('begin = "log"', 'start = "log"'), "unknown keys"),
        Broken(('begin = "log"\n', ""), "missing"),
        Broken(('time = { zh = "即时", en = "At once" }', 'time = { zh = "{no.such}", en = "{no.such}" }'), "figures"),
        Broken(('time = { zh = "即时", en = "At once" }\n', ""), "how long"),
        Broken(('begin = "log"', "begin = log"), "cannot be read"),
    ],
    ids=lambda broken: broken.said,
)
def test_a_broken_file_names_its_place(tmp_path: Path, broken: Broken) -> None:
    good = (book.REFERENCE / "services" / "verify-receipt.toml").read_text(encoding="utf-8")
    assert broken.change[0] in good
    (tmp_path / "verify-receipt.toml").write_text(good.replace(*broken.change), encoding="utf-8")
    with pytest.raises(LawFileError, match=broken.said) as refused:
        read(tmp_path / "verify-receipt.toml")
    assert "verify-receipt.toml" in str(refused.value)


def test_the_catalogue_is_no_law(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A changed description does not make another version of the law, which decisions are recorded with."""
    import shutil

    from silkgate.tariff import files

    shutil.copytree(files.REFERENCE, tmp_path / "reference")
    monkeypatch.setattr(files, "REFERENCE", tmp_path / "reference")
    law_version.cache_clear()  # type: ignore[attr-defined]
    try:
        before = law_version()
        with (tmp_path / "reference/services/return.toml").open("a", encoding="utf-8") as file:
            file.write("# another word\n")
        law_version.cache_clear()  # type: ignore[attr-defined]
        assert law_version() == before
        with (tmp_path / "reference/parameters/retail_import.single_limit.toml").open("a", encoding="utf-8") as file:
            file.write("# another word\n")
        law_version.cache_clear()  # type: ignore[attr-defined]
        assert law_version() != before
    finally:
        monkeypatch.undo()
        law_version.cache_clear()  # type: ignore[attr-defined]
