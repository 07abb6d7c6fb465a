"""The component page shows every shape, in both languages, as a page that works under a strict policy."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from lxml import html

from silkgate.ui import states

pytestmark = pytest.mark.usefixtures("database")


def _page(language: str) -> tuple[str, html.HtmlElement]:
    response = Client(headers={"accept-language": language}).get("/ui/components")
    assert response.status_code == 200
    text = response.content.decode()
    return text, html.document_fromstring(text)


@pytest.mark.parametrize(("language", "lang"), [("zh-CN", "zh-Hans"), ("en-GB", "en")])
def test_every_state_is_on_it_in_the_readers_language(language: str, lang: str) -> None:
    text, page = _page(language)
    assert page.get("lang") == lang
    for state in (*states.declaration_states(), *states.message_states()):
        assert state.name.in_language(lang) in text
        assert state.meaning.in_language(lang) in text


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
def test_it_is_sound_html_for_everyone(language: str) -> None:
    text, page = _page(language)
    ids = [element.get("id") for element in page.iter() if isinstance(element.tag, str) and element.get("id")]
    assert len(ids) == len(set(ids)), "ids are unique"
    assert len(page.findall(".//h1")) == 1
    labelled = {label.get("for") for label in page.iter("label")}
    controls = [control for tag in ("input", "select", "textarea") for control in page.iter(tag)]
    unlabelled = [
        control.get("name")
        for control in controls
        if control.get("type") != "hidden" and control.get("id") not in labelled
    ]
    assert not unlabelled
    local = {anchor.get("href")[1:] for anchor in page.iter("a") if (anchor.get("href") or "").startswith("#")}
    assert not local - set(ids), "links within the page lead somewhere"
    assert not re.search(r"\{[{%]", text), "no template syntax is left over"


def test_english_page_has_no_chinese_but_names_law_and_the_language_switch() -> None:
    _, page = _page("en-GB")
    foreign = '//*[@lang="zh-Hans"][not(self::html)] | //dd[contains(@class, "found") or contains(@class, "needed")]'
    for element in page.xpath(foreign):
        element.drop_tree()
    main = page.get_element_by_id("states").getparent()
    chinese = set(re.findall(r"[\u4e00-\u9fff]+", " ".join(main.itertext())))
    # Names and answers of the made-up parcel, and labels of the two-language specimen form.
    assert chinese <= {"李明华", "李明花", "李明", "花", "处理", "理由", "放行", "扣留"}
