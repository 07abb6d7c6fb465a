"""The published page of rules is the one that the law files give."""

from __future__ import annotations

from silkgate.tariff import api
from silkgate.tariff.docs import render_rules_page


def test_the_committed_page_is_the_rendered_one() -> None:
    page = api.REFERENCE.parent / "docs" / "reference" / "rules.md"
    assert page.read_text(encoding="utf-8") == render_rules_page(), "run: python -m silkgate.tariff.docs"


def test_every_rule_and_every_parameter_stands_on_the_page() -> None:
    page = render_rules_page()
    for slug, card in api.cards().items():
        assert page.count(f"\n### {slug}\n") == 1
        assert card.mend.zh in page
        assert card.mend.en in page
    for name in api.parameters():
        assert page.count(f"\n### {name}\n") == 1
