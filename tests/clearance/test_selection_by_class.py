"""Selection by credit class: of the moment of the decision, in the engine, in its replay, and on the page."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import count, islice
from pathlib import Path

import pytest

from clearance.rig import Connect, connector, take_in
from silkgate.clearance.api import replay
from silkgate.clearance.engine import decide
from silkgate.clearance.engine import run as engine_module
from silkgate.clearance.engine.run import Engine
from silkgate.clearance.explain import reason, selection_findings
from silkgate.identity.api import PERSON, Actor
from silkgate.kernel.clock import china_day
from silkgate.registry import api as registry
from silkgate.site.traffic.case import write_case
from silkgate.site.traffic.parcels import Parcels
from silkgate.site.traffic.zone import Zone

OFFICER = Actor("chen", PERSON, 1, agency="customs", duties=frozenset({"filings"}))


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """Traffic of a zone whose only rule asks for a class."""
    folder = tmp_path / "case"
    zone = Zone()
    write_case(folder, zone, islice(Parcels(zone, 7, faults=0, late=0, buyers=30), 40), per_message=1)
    (folder / "selection.csv").write_text("kind,value,action\ncredit_class,dishonest,inspect\n", encoding="utf-8")
    return folder


def states(connect: Connect, seller: str) -> list[tuple[datetime, str]]:
    with connect() as connection:
        return connection.execute(
            "select decided_at, state from clearance_declaration where ebc_code = %s and invt_no is not null"
            " order by decided_at, id",
            (seller,),
        ).fetchall()


def give(code: str, name: str, at: datetime) -> None:
    registry.set_class(
        OFFICER, code, _scheme(china_day(at)), name, since=china_day(at), reason="信用评定", rule="海关总署令", at=at
    )


def _scheme(day: date) -> str:
    return next(key for key, scheme in registry.declared().schemes.items() if scheme.in_force(day))


def test_a_class_holds_from_the_moment_it_is_given_and_a_replay_sees_it_so(
    case: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "SEGMENTS_PER_BATCH", 1)
    connect = connector(database)
    inbox = take_in(case, connect, (4,))
    with connect() as connection:
        sellers = connection.execute(
            "select code from registry_enterprise where 'ebc' = any(roles) order by code"
        ).fetchall()
    ticks = count()
    given_at: dict[str, datetime] = {}
    with Engine(connect, lambda: inbox.as_of + next(ticks) * timedelta(seconds=10)) as engine:
        while engine.step():
            engine.settle()
            for (code,) in sellers:
                if code not in given_at and states(connect, code):
                    given_at[code] = states(connect, code)[-1][0] + timedelta(seconds=5)
                    give(code, "dishonest", given_at[code])
    held = 0
    for code, at in given_at.items():
        for decided_at, state in states(connect, code):
            assert (state == "500") == (decided_at > at)
            held += state == "500"
    assert held, "one was declared after its seller got the class"
    assert replay(connect).compared.difference_count == 0
    for code in given_at:
        give(code, "advanced_certified", inbox.as_of + timedelta(days=30))
    assert replay(connect).compared.difference_count == 0


def test_classes_are_read_only_where_a_rule_asks_for_one(
    case: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = connector(database)
    take_in(case, connect)
    asked: list[int] = []
    plain = registry.all_classes
    monkeypatch.setattr(decide.registry, "all_classes", lambda *given: asked.append(1) or plain(*given))
    with connect() as connection:
        decide.read_reference(connection.cursor())
        assert asked == [1]
        connection.execute("delete from risk_selectionrule")
        assert decide.read_reference(connection.cursor()).classes is registry.NO_CLASSES
    assert asked == [1]


@pytest.mark.parametrize(
    ("name", "zh", "en"),
    [("dishonest", "失信企业", "Dishonest"), ("B", "B", "B"), ("", "未定", "none")],
)
def test_it_is_explained_in_words(name: str, zh: str, en: str) -> None:
    (finding,) = selection_findings("500", [f"credit_class:{name}"], "X")
    told = reason(finding, in_full=False)
    assert told.field is not None
    assert (told.field.zh, told.field.en) == ("电商企业的信用类别", "Credit class of the e-commerce enterprise")
    found = (told.found.zh, told.found.en) if not isinstance(told.found, str) else (told.found, told.found)
    assert found == (zh, en)
    assert "命中查验规则" in told.rule.zh
