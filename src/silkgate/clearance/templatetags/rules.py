"""Template tags that know the rule cards. `{% load rules %}`."""

from __future__ import annotations

from typing import Any

from django import template

from silkgate.tariff.api import cards

register = template.Library()


@register.inclusion_tag("clearance/rule.html")
def rule_of(slug: str) -> dict[str, Any]:
    """A reason as a list shows it: the rule's title, linked to its page, and the law behind it."""
    return {"slug": slug, "card": cards().get(slug)}
