"""The component page shows every shape, in both languages, as a page that works under a strict policy."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest
from django.template.base import Template
from django.test import Client
from django.test.utils import instrumented_test_render
from lxml import html

from silkgate import ui
from silkgate.ui import states, tokens
from ui.test_tokens import contrast

pytestmark = pytest.mark.usefixtures("database")


def _page(language: str) -> tuple[str, html.HtmlElement]:
    response = Client(headers={"accept-language": language}).get("/components")
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


TEMPLATES = Path(ui.__file__).parent / "templates" / "ui"


def test_every_shape_is_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The templates themselves are rendered there: a shape that is added and not shown fails here."""
    # Rendering tells which templates take part, as it does under Django's own test runner.
    monkeypatch.setattr(Template, "_render", instrumented_test_render)
    response = Client().get("/components")
    rendered = {template.name for template in response.templates}
    shapes = {f"ui/shapes/{path.name}" for path in (TEMPLATES / "shapes").glob("*.html")}
    assert len(shapes) > 15
    assert not shapes - rendered, "show it on the component page, in each of its states"


def test_every_tag_is_used_on_it() -> None:
    """Tags that make a shape; filters and helpers are no shapes."""
    from silkgate.ui.templatetags.ui import register

    page = (TEMPLATES / "components.html").read_text(encoding="utf-8")
    inner = {"say", "both", "page_language", "other_lang_code", "reasons", "law", "shape"}
    missing = {name for name in register.tags if not re.search(rf"{{% *{name}\b", page)} - inner
    assert not missing, "reasons, law and shape stand in other shapes"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_contrast_is_what_the_tokens_give(scheme: str) -> None:
    """The page computes it; here it is computed again, the slow way."""
    _, page = _page("en-GB")
    rows = page.xpath('//h2[@id="contrast"]/following-sibling::div[1]//tbody/tr')
    assert len(rows) == len(tokens.PAIRS)
    colours = tokens.colours(scheme)
    for row, (front, ground, least) in zip(rows, tokens.PAIRS, strict=True):
        cells = ["".join(cell.itertext()).strip() for cell in row.iter("td")]
        shown = float(cells[2 if scheme == "light" else 3])
        assert abs(shown - contrast(colours[front], colours[ground])) < 0.011, (front, ground)
        assert shown >= least / 100


def test_examples_of_contrast() -> None:
    result = doctest.testmod(tokens)
    assert result.attempted > 0
    assert result.failed == 0
