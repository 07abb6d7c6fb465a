"""An enterprise files once: what is asked, what is refused, who decides, and from when it has effect."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.made import (
    APPROVER,
    CODE,
    DAY,
    NOW,
    OTHER,
    REVIEWER,
    answers,
    apply_and_submit,
    approve,
    bring_papers,
    credit_code,
    engine_sees,
    member,
    officer,
    on_file,
    picture,
)
from silkgate.casework import api as casework
from silkgate.registry import api as registry
from silkgate.registry import models, queries, rules
from silkgate.registry.declared import declared, papers_of
from silkgate.ui.paging import MAX_LIMIT

PROPOSER = officer("qian", "filings")


# --- What is asked --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", registry.ROLES)
def test_every_role_asks_for_data_and_papers_in_both_languages(role: str) -> None:
    words = declared().roles[role]
    assert words.needs
    assert words.papers
    assert words.law
    for item in registry.asked_of([role]):
        assert item.field.words.zh
        assert item.field.words.en
        assert item.field.purposes >= {"review"}
    assert {paper.key for paper in papers_of([role])} >= {"business_licence", *words.papers}


def test_a_field_that_two_roles_need_is_asked_once() -> None:
    keys = [item.field.key for item in registry.asked_of(["area", "operator"])]
    assert keys.count("warehouse_address") == 1


def test_personal_fields_are_read_only_for_purposes_that_may() -> None:
    known = declared()
    for field in known.fields.values():
        if field.personal:
            assert all(known.purposes[purpose].personal for purpose in field.purposes), field.key


WRONG = [
    ("name_zh", "", "没有填写"),
    ("name_zh", "王" * 201, "至多200个字"),
    ("name_zh", "豫见\x07", "控制字符"),
    ("credit_code", "91410100MA00000018", "校验码"),
    ("credit_code", OTHER, "应为本单位的"),
    ("legal_representative_id", "410105198803129811", "18位居民身份证"),
    ("contact_phone", "12345", "手机号"),
    ("contact_email", "nobody", "不是电子邮箱"),
    ("shop_address", "javascript:alert(1)", "网址"),
    ("shop_address", "http:///etc/passwd", "网址"),
    ("domestic", "maybe", "所列各项"),
    ("truth_promise", "no", "须勾选"),
    ("customs_code", "41", "应为10位"),
    ("colour", "red", "不认识的栏目"),
]


@pytest.mark.parametrize(("key", "value", "told"), WRONG)
def test_what_is_wrong_is_told_where_it_is(key: str, value: str, told: str) -> None:
    problems = registry.judge(CODE, ["ebc"], answers(**{key: value}), NOW)
    assert [problem.field for problem in problems] == [key]
    assert told in problems[0].what.zh
    assert problems[0].what.en


def test_right_answers_have_no_problem() -> None:
    assert registry.judge(CODE, ["ebc", "ebp"], answers(("ebc", "ebp")), NOW) == []


def test_an_enterprise_abroad_names_its_agent_in_china() -> None:
    (problem,) = registry.judge(CODE, ["ebc"], answers(domestic="no"), NOW)
    assert problem.field == "domestic_agent_code"
    assert registry.judge(CODE, ["ebc"], answers(domestic="no", domestic_agent_code=OTHER), NOW) == []


@pytest.mark.parametrize(("roles", "told"), [([], "至少选择"), (["king"], "没有“king”"), (["assure"], "须同时备案为")])
def test_roles_that_cannot_be_filed(roles: list[str], told: str) -> None:
    problems = registry.judge(CODE, roles, answers(), NOW)
    assert any(problem.field == "roles" and told in problem.what.zh for problem in problems)


@given(st.text(max_size=40))
def test_no_answer_breaks_the_judge(value: str) -> None:
    for item in registry.asked_of(registry.ROLES):
        told = rules.judge_value(item, value, NOW.date(), ("502",))
        assert told is None or (told.zh and told.en)


@given(st.integers(1, 10**6), st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_a_credit_code_with_one_wrong_character_is_found(number: int, place: int, character: str) -> None:
    code = credit_code(number)
    changed = code[:place] + character + code[place + 1 :]
    assert rules.valid_credit_code(changed) == (changed == code)


# --- The way of an application --------------------------------------------------------------------------------------


def test_a_filing_has_effect_when_a_second_officer_approves(database: str) -> None:
    case = apply_and_submit(("ebc", "ebp"))
    assert (case.state, case.due_on is not None) == ("submitted", True)
    assert engine_sees() == frozenset()
    approve(case.id, NOW + DAY)
    assert engine_sees() == {"ebc", "ebp"}
    assert registry.record(CODE, NOW) is None
    record = registry.record(CODE, NOW + DAY)
    assert (record.number, record.roles, record.case_id) == (1, ("ebc", "ebp"), case.id)


def test_nothing_is_sent_without_its_papers(database: str) -> None:
    actor = member()
    case = registry.apply(actor, CODE, ["ebc"], answers(), at=NOW)
    with pytest.raises(registry.RefusedError) as refused:
        registry.submit(actor, case.id, at=NOW)
    assert {problem.field for problem in refused.value.problems} == {"business_licence", "joint_liability"}
    with pytest.raises(casework.MoveRefused):
        casework.move(actor, case.id, "submit", at=NOW)
    bring_papers(actor, case.id, ("ebc",))
    assert registry.submit(actor, case.id, at=NOW).state == "submitted"


def test_an_officer_asks_for_more_and_the_deadline_stands_still(database: str) -> None:
    case = apply_and_submit()
    casework.move(REVIEWER, case.id, "take", at=NOW)
    casework.move(REVIEWER, case.id, "ask", reason="营业执照不清晰，请重新上传", at=NOW)
    registry.amend(member(), case.id, ["ebc"], answers(address="郑州市新地址2号"), at=NOW + DAY)
    registry.add_paper(member(), case.id, "business_licence", "again.png", picture(7), at=NOW + DAY)
    assert registry.submit(member(), case.id, at=NOW + 2 * DAY).state == "in_review"
    filed = registry.application(case.id)
    (brought,) = [b for b in queries.papers(filed, papers_of(["ebc"])) if b.paper.key == "business_licence"]
    assert [file.name for file in brought.files] == ["again.png", "business_licence.png"]


def test_what_is_in_review_cannot_be_changed(database: str) -> None:
    case = apply_and_submit()
    with pytest.raises(registry.RefusedError, match="sent for review"):
        registry.amend(member(), case.id, ["ebc"], answers(), at=NOW)


def test_one_officer_cannot_do_both(database: str) -> None:
    both = officer("both", "filings", "approvals")
    case = apply_and_submit()
    casework.move(both, case.id, "take", at=NOW)
    casework.move(both, case.id, "review", reason="材料齐全", at=NOW)
    with pytest.raises(casework.MoveRefused, match="Another officer"):
        casework.move(both, case.id, "approve", reason="同意备案", at=NOW)
    assert engine_sees() == frozenset()


def test_a_refusal_can_be_appealed_and_granted(database: str) -> None:
    case = apply_and_submit()
    casework.move(REVIEWER, case.id, "take", at=NOW)
    casework.move(REVIEWER, case.id, "review", reason="资质不符", at=NOW)
    casework.move(APPROVER, case.id, "refuse", reason="资质不符", at=NOW)
    assert engine_sees() == frozenset()
    casework.move(member(), case.id, "appeal", reason="资质已补齐，请复查", at=NOW + DAY)
    with pytest.raises(casework.MoveRefused):
        casework.move(APPROVER, case.id, "grant", reason="支持", at=NOW + DAY)
    other = officer("sun", "approvals")
    casework.move(other, case.id, "grant", reason="理由成立", at=NOW + 2 * DAY)
    assert engine_sees() == {"ebc"}


def test_only_one_matter_is_under_way(database: str) -> None:
    case = apply_and_submit()
    with pytest.raises(registry.RefusedError, match="under way"):
        registry.apply(member(), CODE, ["ebc"], answers(), at=NOW)
    casework.move(member(), case.id, "withdraw", at=NOW)
    assert registry.apply(member(), CODE, ["ebc"], answers(), at=NOW).state == "draft"


def test_of_many_at_once_one_begins(database: str) -> None:
    def begin(number: int) -> bool:
        try:
            registry.apply(member(), CODE, ["ebc"], answers(), at=NOW)
        except registry.RefusedError:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(begin, range(6))) == 1
    assert models.Application.objects.count() == 1


@pytest.mark.parametrize("stranger", [member(OTHER, "rival"), officer("nobody", "operations")])
def test_an_application_does_not_exist_for_strangers(database: str, stranger) -> None:
    case = apply_and_submit()
    for attempt in (
        lambda: registry.amend(stranger, case.id, ["ebc"], answers(), at=NOW),
        lambda: registry.add_paper(stranger, case.id, "business_licence", "a.png", picture(1), at=NOW),
        lambda: registry.submit(stranger, case.id, at=NOW),
    ):
        with pytest.raises(casework.NotYours):
            attempt()
    with pytest.raises(casework.MoveRefused):
        registry.apply(stranger, credit_code(9), ["ebc"], answers(code=credit_code(9)), at=NOW)


# --- Versions -------------------------------------------------------------------------------------------------------


def test_a_change_shows_old_beside_new(database: str) -> None:
    on_file(("ebc",))
    case = apply_and_submit(("ebc", "ebp"), at=NOW + DAY, address="郑州市新地址2号")
    changed = {change.key: (change.old, change.new) for change in registry.changes(registry.application(case.id))}
    assert changed["roles"] == ("ebc", "ebc ebp")
    assert changed["address"] == ("郑州市经开区航海东路1号", "郑州市新地址2号")
    assert "contact_phone" not in changed
    assert engine_sees() == {"ebc"}
    approve(case.id, NOW + 2 * DAY)
    assert engine_sees() == {"ebc", "ebp"}
    assert registry.record(CODE, NOW + DAY).data["address"] == "郑州市经开区航海东路1号"


def test_an_enterprise_of_the_zone_files_its_first_version_over_what_was_loaded(database: str) -> None:
    with connection.cursor() as cursor:
        registry.file_enterprises(cursor, [registry.Enterprise(CODE, "旧名", frozenset({"pay"}), "A", "")])
    case = apply_and_submit()
    assert ("pay", "ebc") in [(c.old, c.new) for c in registry.changes(registry.application(case.id))]
    approve(case.id)
    assert engine_sees() == {"ebc"}
    assert [(one.number, one.roles) for one in registry.versions(CODE)] == [(2, ("ebc",)), (1, ("pay",))]
    assert registry.record(CODE, NOW - 999 * DAY).data["name_zh"] == "旧名", "nobody knows since when"


def test_what_is_loaded_is_a_version_where_it_says_something_new(database: str) -> None:
    firm = registry.Enterprise(CODE, "甲", frozenset({"ebc"}), "A", "DXPENT0000410003")
    changes = [
        firm,
        firm,
        firm._replace(credit_class="B"),
        firm._replace(name="乙"),
        firm._replace(name="乙", roles=frozenset({"ebc", "ebp"}), dxp_id=""),
    ]
    with connection.cursor() as cursor:
        for day, change in enumerate(changes):
            assert registry.file_enterprises(cursor, [change], at=NOW + day * DAY) == 1
    found = [(one.number, one.roles, one.data) for one in registry.versions(CODE)]
    common = {"credit_code": CODE}
    assert found == [
        (3, ("ebc", "ebp"), common | {"name_zh": "乙"}),
        (2, ("ebc",), common | {"name_zh": "乙", "dxp_id": firm.dxp_id}),
        (1, ("ebc",), common | {"name_zh": "甲", "dxp_id": firm.dxp_id}),
    ]
    names = [registry.record(CODE, NOW + day * DAY).data["name_zh"] for day in (-99, 0, 2, 3, 4)]
    assert names == ["甲", "甲", "甲", "乙", "乙"]


def test_loading_again_keeps_what_was_filed_and_says_that_it_stands_again(database: str) -> None:
    on_file(contact_name="李芳")
    case = registry.propose_standing(REVIEWER, CODE, "suspend", reason="年报逾期未交", rule="办法第8条", at=NOW + DAY)
    casework.move(APPROVER, case.id, "confirm", reason="同意暂停", rule="办法第8条", at=NOW + DAY)
    assert engine_sees() == frozenset()
    firm = registry.Enterprise(CODE, "豫见优选商贸有限公司", frozenset({"ebc"}), "", "")
    with connection.cursor() as cursor:
        registry.file_enterprises(cursor, [firm], at=NOW + 2 * DAY)
    assert engine_sees() == {"ebc"}
    now = registry.current(CODE)
    assert (now.number, now.standing, now.data["contact_name"]) == (3, "active", "李芳")


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    days=st.lists(st.integers(0, 40), min_size=1, max_size=6), ask=st.integers(-1, 45), number=st.integers(10, 10**6)
)
def test_the_record_of_a_day_is_the_last_that_had_been_approved(
    database: str, days: list[int], ask: int, number: int
) -> None:
    code, approved = credit_code(number), {}
    models.Version.objects.filter(enterprise_code=code).delete()
    for step, day in enumerate(sorted(days)):
        with connection.cursor() as cursor:
            from silkgate.registry.actions import write_version

            write_version(
                cursor, code, ["ebc"], {"name_zh": f"名{step}"}, "active", case_id=None, actor="x", at=NOW + day * DAY
            )
        approved[day] = f"名{step}"
    earlier = [day for day in approved if day <= ask]
    found = registry.record(code, NOW + ask * DAY)
    assert (found.data["name_zh"] if found else None) == (approved[max(earlier)] if earlier else None)


# --- Standing -------------------------------------------------------------------------------------------------------


def _change_standing(kind: str, at, proposer=PROPOSER) -> casework.Case:
    return registry.propose_standing(proposer, CODE, kind, reason="许可证被吊销", rule="2018年第194号第三条", at=at)


def _confirm(case: casework.Case, at) -> None:
    casework.move(APPROVER, case.id, "confirm", reason="情况属实", rule="同上", at=at)


def test_suspended_means_no_roles_and_resumed_gives_them_back(database: str) -> None:
    on_file(("ebc", "ebp"))
    case = _change_standing("suspend", NOW + DAY)
    assert engine_sees() == {"ebc", "ebp"}
    _confirm(case, NOW + DAY)
    assert engine_sees() == frozenset()
    record = registry.record(CODE, NOW + DAY)
    assert (record.standing, record.roles, record.reason) == ("suspended", ("ebc", "ebp"), "许可证被吊销")
    _confirm(_change_standing("resume", NOW + 2 * DAY), NOW + 2 * DAY)
    assert engine_sees() == {"ebc", "ebp"}
    assert [version.standing for version in registry.versions(CODE)] == ["active", "suspended", "active"]


def test_a_change_of_a_suspended_record_does_not_resume_it(database: str) -> None:
    on_file()
    _confirm(_change_standing("suspend", NOW), NOW)
    on_file(("ebc", "ebp"), at=NOW + DAY)
    assert engine_sees() == frozenset()
    assert registry.current(CODE).standing == "suspended"


def test_a_cancelled_enterprise_may_file_again(database: str) -> None:
    on_file()
    _confirm(_change_standing("cancel", NOW), NOW)
    assert engine_sees() == frozenset()
    on_file(at=NOW + DAY)
    assert engine_sees() == {"ebc"}


def test_whoever_proposes_does_not_decide(database: str) -> None:
    on_file()
    both = officer("both", "filings", "approvals")
    case = _change_standing("suspend", NOW, both)
    with pytest.raises(casework.MoveRefused, match="Another officer"):
        casework.move(both, case.id, "confirm", reason="情况属实", at=NOW)
    assert engine_sees() == {"ebc"}


def test_a_suspension_that_was_appealed_with_success_is_lifted(database: str) -> None:
    on_file()
    case = _change_standing("suspend", NOW)
    _confirm(case, NOW)
    casework.move(member(), case.id, "appeal", reason="许可证有效，附复印件", at=NOW + DAY)
    assert engine_sees() == frozenset()
    casework.move(officer("sun", "approvals"), case.id, "lift", reason="理由成立", at=NOW + 2 * DAY)
    assert engine_sees() == {"ebc"}


@pytest.mark.parametrize(
    ("kind", "reason", "rule", "field"),
    [
        ("resume", "情况属实", "第三条", "kind"),
        ("promote", "情况属实", "第三条", "kind"),
        ("suspend", "无", "第三条", "reason"),
        ("suspend", "情况属实", "", "rule"),
    ],
)
def test_standing_needs_sense_reason_and_rule(database: str, kind: str, reason: str, rule: str, field: str) -> None:
    on_file()
    with pytest.raises(registry.RefusedError) as refused:
        registry.propose_standing(PROPOSER, CODE, kind, reason=reason, rule=rule, at=NOW)
    assert [problem.field for problem in refused.value.problems] == [field]


# --- Who sees what --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agency", "purpose"),
    [(agency, purpose.key) for purpose in declared().purposes.values() for agency in sorted(purpose.agencies)],
)
def test_an_agency_sees_what_its_purpose_needs_and_no_more(database: str, agency: str, purpose: str) -> None:
    on_file(("ebc", "ebp"), bank_name="中国银行", bank_account="41000001234567")
    seen = registry.view(CODE, agency, purpose, on=NOW)
    needed = {key for key, field in declared().fields.items() if purpose in field.purposes}
    held = registry.record(CODE, NOW).data
    assert {shown.field.key for shown in seen.fields} == needed & set(held)
    assert seen.has_personal == any(declared().fields[key].personal for key in needed & set(held))
    if purpose != "review":
        assert "legal_representative_id" not in {shown.field.key for shown in seen.fields}


@pytest.mark.parametrize(("agency", "purpose"), [("tax", "customs"), ("forex", "review"), ("customs", "gossip")])
def test_a_purpose_of_another_agency_is_refused(database: str, agency: str, purpose: str) -> None:
    on_file()
    with pytest.raises(registry.RefusedError):
        registry.view(CODE, agency, purpose, on=NOW)


def test_purposes_follow_agency_and_duty() -> None:
    assert [p.key for p in registry.purposes_of(officer("a", "operations"))] == ["customs"]
    assert [p.key for p in registry.purposes_of(officer("a", "filings"))] == ["review", "customs"]
    assert [p.key for p in registry.purposes_of(officer("a", "audit", agency="forex"))] == ["forex"]
    assert registry.purposes_of(member()) == ()


def test_what_somebody_reads_a_record_for_unless_they_say() -> None:
    own = member()
    assert queries.usual_purpose(own, CODE) is None
    assert queries.usual_purpose(officer("a", "operations"), CODE).key == "customs"
    agent = officer("a", "operations")._replace(scopes={CODE: frozenset({"declarations"})})
    assert queries.usual_purpose(agent, CODE).key == "customs", "what it may do for them is not reading all of it"
    for nobody in (officer("a", "operations", agency=""), member(OTHER)):
        with pytest.raises(LookupError):
            queries.usual_purpose(nobody, CODE)


# --- Lists ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 200])
def test_versions_are_whole_with_what_changed_whatever_the_page_size(database: str, limit: int) -> None:
    places = ["郑州", "洛阳", "开封", "郑州"]
    for number, place in enumerate(places):
        on_file(at=NOW + number * DAY, address=place)
    seen, before = [], None
    while True:
        page = queries.version_page(CODE, before=before, limit=limit)
        seen += [(one.number, [(change.old, change.new) for change in changes]) for one, changes in page.lines]
        before = page.older
        if before is None:
            break
    changes = [[(old, new)] for old, new in pairwise(places)]
    assert seen == list(zip([4, 3, 2, 1], [*changes[::-1], []], strict=True))


def test_a_page_of_versions_may_be_as_long_as_the_interface_allows(database: str) -> None:
    models.Version.objects.bulk_create(
        [
            models.Version(enterprise_code=CODE, number=n, roles=[], data={}, standing="active", since=NOW)
            for n in range(1, MAX_LIMIT + 3)
        ]
    )
    page = queries.version_page(CODE, limit=MAX_LIMIT)
    assert (len(page.lines), page.older) == (MAX_LIMIT, 3)


def test_lists_are_whole_whatever_the_page_size(database: str) -> None:
    with connection.cursor() as cursor:
        made = [registry.Enterprise(credit_code(n), f"企业{n}", frozenset({"ebc"}), "", "") for n in range(1, 8)]
        registry.file_enterprises(cursor, made)
    seen, after = [], ""
    while True:
        page = registry.register(after=after, limit=3)
        seen += [line.code for line in page.lines]
        after = page.after
        if not after:
            break
    assert seen == sorted(enterprise.code for enterprise in made)
    assert registry.register(role="pay").lines == ()
    assert [line.code for line in registry.register(begins=seen[2]).lines] == [seen[2]]
