"""The side list shows what one may use, calmly grouped, with one entry as the page where one is."""

from __future__ import annotations

import pytest
from django.urls import NoReverseMatch, resolve, reverse

from silkgate.identity.api import ACTIONS, ANONYMOUS, PERSON, Actor
from silkgate.portal.queries import FOOTER, services
from silkgate.ui import context
from silkgate.ui.context import FIRM, GROUPS, OFFICE, offers

CODE = "91410100MA3XE0101X"
MERCHANT = Actor("chen", PERSON, 1, roles={CODE: frozenset({"representative"})})
AGENT = Actor("sun", PERSON, 2, scopes={CODE: frozenset({"filings"})})
OFFICER = Actor("zhao", PERSON, 3, agency="customs", duties=frozenset({"filings", "declarations", "operations"}))


def shown(actor: Actor, path: str = "/rules") -> dict[str, list[str]]:
    """Words of the entries by heading."""
    return {
        group.name.zh if group.name else "": [one.name.zh for one in group.services] for group in services(actor, path)
    }


@pytest.mark.parametrize("offer", offers(), ids=lambda offer: offer.address)
def test_what_is_offered_exists_and_may_be_asked_for(offer: context.Offer) -> None:
    view = resolve(reverse(offer.address)).func
    assert not offer.action or offer.action in ACTIONS
    action = getattr(view, "action", None)
    assert action is not None, "a page in the side list says what one has to be allowed"
    assert action.anyone or offer.action, f"{offer.address} is shown to everybody, and asks for {action.name}"
    assert all(path.startswith("/") and not path.endswith("/") for path in offer.also)


@pytest.mark.parametrize("name", [name for name, _ in FOOTER])
def test_the_footer_leads_somewhere(name: str) -> None:
    assert reverse(name).startswith("/")


@pytest.mark.parametrize(
    ("actor", "there", "absent"),
    [
        (ANONYMOUS, ["公开信息"], ["本单位", "监管工作"]),
        (MERCHANT, ["本单位", "公开信息"], ["监管工作"]),
        (AGENT, ["本单位", "公开信息"], ["监管工作"]),
        (OFFICER, ["监管工作", "公开信息"], ["本单位"]),
    ],
    ids=["stranger", "merchant", "agent", "officer"],
)
def test_everybody_sees_the_groups_that_are_theirs(actor: Actor, there: list[str], absent: list[str]) -> None:
    groups = shown(actor)
    assert [name for name in groups if name in there] == there
    assert not groups.keys() & set(absent)


def test_an_entry_is_shown_to_those_alone_who_may_use_it() -> None:
    assert "企业备案" in shown(MERCHANT)["本单位"]
    assert shown(OFFICER)["监管工作"][:3] == ["待办", "关员工作台", "企业名录"]
    watch = Actor("li", PERSON, 4, agency="customs", duties=frozenset({"operations"}))
    assert "关员工作台" not in shown(watch)["监管工作"]
    assert "运行监测" in shown(watch)["监管工作"]


@pytest.mark.parametrize(
    ("path", "entry"),
    [
        ("/", "首页"), ("/live", "实时通关"), ("/declarations", "清单"), ("/declarations/7", "清单"),
        ("/filings/3/edit", "企业备案"),
        ("/goods/new", "企业备案"), ("/permits/4", "企业备案"), ("/filingsx", None), ("/nowhere", None),
    ],
)  # fmt: skip
def test_one_entry_is_where_one_is(path: str, entry: str | None) -> None:
    current = [one.name.zh for group in services(MERCHANT, path) for one in group.services if one.current]
    assert current == ([entry] if entry else [])


def test_strangers_find_the_live_page_at_the_front() -> None:
    current = [one.name.zh for group in services(ANONYMOUS, "/") for one in group.services if one.current]
    assert current == ["实时通关"]
    assert "" not in shown(ANONYMOUS), "a front page of one's own is for whoever has signed in"


def test_a_mistaken_offer_does_not_start() -> None:
    with pytest.raises(ValueError, match="unknown group"):
        context.offer("home", "首页", "Home", group="nowhere")
    known = offers()[0]
    with pytest.raises(ValueError, match="twice"):
        context.offer(known.address, "别的", "Something else", group=known.group)
    context.offer(
        known.address, *known.words, group=known.group, action=known.action, place=known.place, also=known.also
    )
    with pytest.raises(NoReverseMatch):
        reverse("nowhere")
    assert {one.group for one in offers()} >= {FIRM, OFFICE}
    assert [one.group for one in offers()] == sorted((one.group for one in offers()), key=list(GROUPS).index)
