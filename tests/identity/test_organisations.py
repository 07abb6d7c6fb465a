"""Organisations as their people meet them: registering, members, delegations, certificates, who read what."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from identity.made import FOREIGN, OWN, PRINCIPAL, certificate_pem, member, officer, organisation, signed_in
from silkgate.identity import actions, api, models
from silkgate.identity.domain import Actor
from silkgate.journal import api as journal

pytestmark = pytest.mark.usefixtures("database")
ONE = f"/account/organisations/{OWN}"


def now() -> datetime:
    return datetime.now(UTC)


def events(kind: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from journal_event where kind = %s", (kind,))
        return int(cursor.fetchone()[0])


# --- Registering ------------------------------------------------------------------------------------------------------


def test_whoever_registers_an_organisation_represents_it() -> None:
    client = signed_in("chen")
    answer = client.post("/account/organisations/new", {"code": f" {OWN.lower()} ", "name": "河南云帆"}, follow=True)
    assert answer.redirect_chain[-1][0] == ONE
    assert models.Membership.objects.values_list("user__username", "organisation__code", "role").get() == (
        "chen",
        OWN,
        "representative",
    )
    assert events("organisation.registered") == 1
    assert OWN in client.get("/account/").content.decode()


@pytest.mark.parametrize(
    ("code", "name", "said"),
    [
        ("", "某公司", "请填写统一社会信用代码"),
        (OWN[:-1], "某公司", "现有17位"),
        (OWN[:-1] + ("0" if OWN[-1] != "0" else "1"), "某公司", "第18位校验码不符"),
        (OWN[:2] + "A" + OWN[3:], "某公司", "第3位应为数字"),
        (OWN[:9] + "O" + OWN[10:], "某公司", "第10位“O”不是代码所用字符，可能是0"),
        (OWN[:9] + "<b>" + OWN[12:], "某公司", "第10位“&lt;”不是代码所用字符"),
        ("41X19800B1", "某公司", "海关注册编码第3位应为数字"),
        (OWN, "", "请填写单位名称"),
        (OWN, "某", "单位名称应为2至120字"),
        (OWN, "某" * 121, "单位名称最多120字"),
        (OWN + "\0", "某公司", "空字符"),
        (PRINCIPAL, "某公司", "该单位已登记"),
        (FOREIGN, "某公司", "该代码已在园区备案"),
    ],
)
def test_what_is_wrong_is_said_where_it_is_and_nothing_is_kept(code: str, name: str, said: str) -> None:
    organisation(PRINCIPAL)
    with connection.cursor() as cursor:
        api.file_certificate(cursor, FOREIGN, certificate_pem("foreign"))
    answer = signed_in("chen").post("/account/organisations/new", {"code": code, "name": name})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert said in page
    assert 'class="error-summary"' in page
    assert models.Organisation.objects.count() == 1


def test_what_is_said_is_said_in_english_too() -> None:
    client = signed_in("chen", HTTP_ACCEPT_LANGUAGE="en")
    page = client.post("/account/organisations/new", {"code": OWN[:-1], "name": "A firm"}).content.decode()
    assert "has 18 characters" in page
    assert not re.search("[\u4e00-\u9fff]", re.sub(r"丝关|中文", "", page.split("<main")[1]))


def test_rooms_that_know_enterprises_keep_their_codes_from_strangers() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into registry_enterprise (code, name, roles, credit_class, dxp_id) values (%s, 'a', '{}', '', '')",
            (OWN,),
        )
    page = signed_in("chen").post("/account/organisations/new", {"code": OWN, "name": "某公司"}).content.decode()
    assert "该代码已在园区备案" in page
    assert not models.Organisation.objects.exists()


def test_an_officer_in_charge_of_accounts_opens_such_a_code() -> None:
    page = officer("kong", duties=["accounts"]).post("/account/opening", {"code": OWN, "name": "某公司"})
    assert page.headers["Cache-Control"] == "no-store"
    client = signed_in("chen")
    assert client.post("/account/invitation", {"secret": secret_in(page)}).status_code == 302
    assert models.Membership.objects.get().role == "representative"


# --- Members ----------------------------------------------------------------------------------------------------------


def secret_in(page: Any) -> str:
    found = re.search(r"invitation\?secret=([\w-]+)", page.content.decode())
    assert found
    return found[1]


def invited(client: Client, role: str = "declarant") -> str:
    return secret_in(client.post(f"{ONE}/invite", {"role": role}))


def test_an_invitation_is_shown_once_works_once_and_only_its_digest_is_kept() -> None:
    chair, other, late = member("chen", OWN, "representative"), signed_in("deng"), signed_in("fang")
    secret = invited(chair)
    assert secret not in chair.get(ONE).content.decode()
    assert secret not in str(list(models.Invitation.objects.values()))
    offered = other.get(f"/account/invitation?secret={secret}")
    assert "申报员" in offered.content.decode()
    assert other.post("/account/invitation", {"secret": secret}).headers["Location"] == ONE
    assert "已使用" in late.post("/account/invitation", {"secret": secret}).content.decode()
    assert set(models.Membership.objects.values_list("user__username", "role")) == {
        ("chen", "representative"),
        ("deng", "declarant"),
    }
    assert (events("member.invited"), events("member.joined")) == (1, 1)


def expired(secret: str) -> str:
    models.Invitation.objects.update(expires_at=now())
    return secret


def withdrawn(secret: str) -> str:
    number = models.Invitation.objects.get().id
    member("gong", OWN, "representative").post(f"{ONE}/invitations/{number}/withdraw")
    return secret


@pytest.mark.parametrize(
    "spoil",
    [expired, withdrawn, lambda secret: secret[:-1], lambda secret: "", lambda secret: "\0", actions.digest_of],
    ids=["expired", "withdrawn", "cut", "none", "NUL", "the stored digest"],
)
def test_no_other_secret_opens_anything(spoil: Callable[[str], str]) -> None:
    secret = spoil(invited(member("chen", OWN, "representative")))
    client = signed_in("deng")
    assert "已使用、已过期或已撤回" in client.get("/account/invitation", {"secret": secret}).content.decode()
    assert client.post("/account/invitation", {"secret": secret}).status_code == 200
    assert not models.Membership.objects.filter(user__username="deng").exists()


def test_one_who_has_the_role_leaves_the_invitation_to_another() -> None:
    chair = member("chen", OWN, "representative")
    secret = invited(chair, "representative")
    assert "您在该单位已有此角色" in chair.post("/account/invitation", {"secret": secret}).content.decode()
    assert models.Invitation.objects.get().used_at is None


def test_a_role_that_is_ended_is_gone_at_once_and_the_last_representative_stays() -> None:
    chair, clerk = member("chen", OWN, "representative"), member("deng", OWN, "declarant")
    numbers = dict(models.Membership.objects.values_list("user__username", "id"))
    assert clerk.get(ONE).status_code == 200
    assert "从现在起不能再" in chair.get(f"{ONE}/members/{numbers['deng']}/end").content.decode()
    assert clerk.get(ONE).status_code == 200, "asking ends nothing"
    chair.post(f"{ONE}/members/{numbers['deng']}/end")
    assert clerk.get(ONE).status_code == 403
    page = chair.post(f"{ONE}/members/{numbers['chen']}/end", follow=True).content.decode()
    assert "最后一位负责人" in page
    assert chair.get(ONE).status_code == 200
    assert models.Membership.objects.count() == 2, "ended, never deleted"


# --- Delegations ------------------------------------------------------------------------------------------------------


def wanted(**changed: Any) -> dict[str, Any]:
    today = (now() + timedelta(hours=8)).date()
    return {"agent": FOREIGN, "scopes": ["read"], "since": today, "until": today + timedelta(days=30), **changed}


def test_an_agent_acts_as_long_and_as_far_as_it_was_told() -> None:
    chair, agent = member("chen", OWN, "representative"), member("xin", FOREIGN, "declarant")
    assert chair.post(f"{ONE}/delegations/new", wanted(scopes=["read", "declarations"])).status_code == 302
    page = agent.get("/account/").content.decode()
    assert OWN in page
    assert "代理申报" in page
    assert "代办备案" not in page
    assert agent.get(ONE).status_code == 403, "what was delegated is not the organisation itself"
    number = models.Delegation.objects.get().id
    chair.post(f"{ONE}/delegations/{number}/end")
    assert OWN not in agent.get("/account/").content.decode()
    assert "已结束" in chair.get(f"{ONE}/delegations").content.decode()
    assert (events("delegation.given"), events("delegation.ended")) == (1, 1)


def test_a_delegation_begins_on_its_first_day() -> None:
    chair, agent = member("chen", OWN, "representative"), member("xin", FOREIGN, "reader")
    tomorrow = (now() + timedelta(hours=8)).date() + timedelta(days=1)
    chair.post(f"{ONE}/delegations/new", wanted(since=tomorrow))
    assert OWN not in agent.get("/account/").content.decode()
    assert "未开始" in chair.get(f"{ONE}/delegations").content.decode()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"agent": OWN}, "不能委托给本单位"),
        ({"agent": PRINCIPAL}, "还没有在平台登记"),
        ({"agent": "123"}, "现有3位"),
        ({"scopes": []}, "请至少选择一项委托事项"),
        ({"scopes": ["everything"]}, "请至少选择一项委托事项"),
        ({"since": "2020-01-01"}, "起始日不能早于今天"),
        ({"until": "2020-01-01"}, "截止日早于起始日"),
        ({"until": "9999-12-31"}, "委托最长三年"),
        ({"until": "soon"}, "请按2026-11-23的格式填写日期"),
    ],
)
def test_a_delegation_that_cannot_be_is_not_made(changed: dict[str, Any], said: str) -> None:
    organisation(FOREIGN)
    answer = member("chen", OWN, "representative").post(f"{ONE}/delegations/new", wanted(**changed))
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert not models.Delegation.objects.exists()


# --- Certificates -----------------------------------------------------------------------------------------------------


def uploaded(client: Client, data: bytes) -> Any:
    return client.post(f"{ONE}/certificates/new", {"pem": SimpleUploadedFile("a.pem", data)})


def counted() -> list[str]:
    with connection.cursor() as cursor:
        return [one.fingerprint for one in api.certificates(cursor).get(OWN, ())]


def test_a_certificate_counts_from_its_filing_until_it_is_revoked() -> None:
    chair, pem = member("chen", OWN, "representative"), certificate_pem("own")
    clock = [now()]
    with connection.cursor() as opened:
        directory = api.CertificateDirectory(lambda: _Held(opened), lambda: clock[0])
        assert directory(OWN) == ()
        assert uploaded(chair, pem).status_code == 302
        clock[0] += timedelta(seconds=3)
        (filed,) = directory(OWN)
        page = chair.get(f"{ONE}/certificates").content.decode()
        assert filed.fingerprint in page
        assert filed.subject in page
        number = models.Certificate.objects.get().id
        assert chair.post(f"{ONE}/certificates/{number}/revoke").status_code == 302
        clock[0] += timedelta(seconds=3)
        assert directory(OWN) == ()
    assert "已撤销" in chair.get(f"{ONE}/certificates").content.decode()
    assert "撤销了的证书不能恢复" in uploaded(chair, pem).content.decode()
    assert counted() == []
    assert (events("certificate.filed"), events("certificate.revoked")) == (1, 1)


class _Held:
    """A cursor that stays open."""

    def __init__(self, cursor: Any) -> None:
        self.cursor = cursor

    def __enter__(self) -> Any:
        return self.cursor

    def __exit__(self, *raised: object) -> None:
        pass


def test_what_expires_soon_is_marked() -> None:
    chair = member("chen", OWN, "representative")
    uploaded(chair, certificate_pem("own"))
    for left, said in [
        (timedelta(days=400), "有效"),
        (timedelta(days=9, hours=1), "剩余9天"),
        (-timedelta(1), "已到期"),
    ]:
        models.Certificate.objects.update(not_after=now() + left)
        assert said in re.sub(r"\s+", "", chair.get(f"{ONE}/certificates").content.decode())


def _with_key() -> bytes:
    return certificate_pem("own") + b"-----BEGIN " + b"PRIVATE KEY-----\nAAAA\n-----END " + b"PRIVATE KEY-----\n"


def _broken() -> bytes:
    return b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (lambda: b"", "文件是空的"),
        (_with_key, "文件中有私钥"),
        (_broken, "证书无法读取"),
        (lambda: b"GIF89a" + bytes(100), "文件中有0张"),
        (lambda: certificate_pem("own") + certificate_pem("two"), "文件中有2张"),
        (lambda: certificate_pem("own") + b" " * 20_000, "文件过大"),
        (lambda: certificate_pem("own", days=-1), "到期"),
        (lambda: certificate_pem("own", curve=True), "密钥不是RSA、SM2"),
        (lambda: certificate_pem("theirs"), "已由其他单位使用"),
    ],
    ids=["empty", "private key", "broken", "picture", "two", "large", "expired", "elliptic", "another's"],
)
def test_what_is_no_certificate_of_ours_leaves_nothing_behind(data: Callable[[], bytes], said: str) -> None:
    with connection.cursor() as cursor:
        api.file_certificate(cursor, FOREIGN, certificate_pem("theirs"))
    answer = uploaded(member("chen", OWN, "representative"), data())
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert counted() == []
    assert events("certificate.filed") == 0


# --- Strangers --------------------------------------------------------------------------------------------------------

WRITES = [
    ("invite", {"role": "representative"}),
    ("members/{number}/end", {}),
    ("invitations/{number}/withdraw", {}),
    ("delegations/new", {"agent": PRINCIPAL, "scopes": ["read"]}),
    ("delegations/{number}/end", {}),
    ("certificates/new", {}),
    ("certificates/{number}/revoke", {}),
]


@pytest.mark.parametrize(("address", "data"), WRITES)
def test_numbers_of_another_organisation_are_nobodys_in_ones_own(address: str, data: dict[str, Any]) -> None:
    """A representative of one organisation asks in the name of one's own, and of the other's."""
    chair = member("chen", OWN, "representative")
    member("xin", FOREIGN, "representative")
    foreign = models.Organisation.objects.get(code=FOREIGN)
    actions.invite(FOREIGN, "reader", actor=Actor("xin"), at=now())
    organisation(PRINCIPAL)
    actions.delegate(FOREIGN, PRINCIPAL, ["read"], now(), None, actor=Actor("xin"), at=now())
    with connection.cursor() as cursor:
        api.file_certificate(cursor, FOREIGN, certificate_pem("theirs"))
    number = {
        "members": models.Membership.objects.get(organisation=foreign).id,
        "invitations": models.Invitation.objects.get().id,
        "delegations": models.Delegation.objects.get().id,
        "certificates": models.Certificate.objects.get().id,
    }.get(address.split("/")[0], 0)
    before = state()
    address = address.format(number=number)
    if "{" not in address and number and not address.endswith("new"):
        assert chair.post(f"{ONE}/{address}", data).status_code == 404
    assert chair.post(f"/account/organisations/{FOREIGN}/{address}", data).status_code == 403
    assert state() == before
    denied = models.AccessRecord.objects.get(allowed=False)
    assert (denied.actor, denied.organisation_code, denied.action) == ("chen", FOREIGN, "identity.manage")


def state() -> list[Any]:
    """Every row that a write could change."""
    kept = (models.Organisation, models.Membership, models.Invitation, models.Delegation, models.Certificate)
    return [list(kind.objects.order_by("id").values()) for kind in kept]


@pytest.mark.parametrize("address", [f"{ONE}/{address}".format(number=1) for address, _ in WRITES])
def test_a_form_of_another_site_changes_nothing(address: str) -> None:
    member("chen", OWN, "representative")
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(User.objects.get(username="chen"))
    before = state()
    assert forged.post(address, {"role": "reader"}).status_code == 403
    assert state() == before


@pytest.mark.parametrize("role", ["filer", "declarant", "reader"])
def test_only_representatives_change_anything(role: str) -> None:
    client = member("deng", OWN, role)
    assert client.get(ONE).status_code == 200
    assert "/invite" not in client.get(ONE).content.decode()
    assert [client.post(f"{ONE}/{address}".format(number=1), data).status_code for address, data in WRITES] == [
        403
    ] * len(WRITES)
    assert client.get(f"{ONE}/access").status_code == 403


# --- Who read what ----------------------------------------------------------------------------------------------------


def test_an_organisation_sees_who_wanted_what_of_it_page_by_page() -> None:
    chair = member("chen", OWN, "representative")
    for number in range(60):
        models.AccessRecord.objects.create(
            at=now(),
            actor="zhao",
            agency="customs",
            action="clearance.persons",
            organisation_code=OWN if number % 6 else FOREIGN,
            subject=f"declaration/{number}",
            purpose="supervision",
            allowed=number % 2 == 0,
        )
    addresses, seen = [f"{ONE}/access?kind="], []
    while addresses:
        page = chair.get(addresses.pop()).content.decode()
        seen += re.findall(r"<code[^>]*>declaration/(\d+)</code>", page)
        addresses += [f"{ONE}/access{query}" for query in re.findall(r'access(\?[^"]*before=\d+)" rel="next"', page)]
    assert seen == [str(number) for number in range(59, -1, -1) if number % 6], "newest first, each once, own only"
    assert "海关" in page
    assert "履行监管职责" in page
    denials = chair.get(f"{ONE}/access?kind=denied").content.decode()
    assert not re.search(r"<code[^>]*>declaration/\d*[02468]</code>", denials)
    everything = officer("shen", duties=["audit"]).get("/account/access").content.decode()
    assert "declaration/0" not in everything, "the second page"
    assert "declaration/54<" in everything
    assert officer("zhao", duties=["declarations"]).get("/account/access").status_code == 403
    assert chair.get("/account/access").status_code == 403


def test_events_name_the_subject_and_no_secret() -> None:
    chair = member("chen", OWN, "representative")
    secret = invited(chair)
    with connection.cursor() as cursor:
        told = journal.of_subject(cursor, "organisation", models.Organisation.objects.get().id)
    assert [(event.actor, event.kind) for event in told] == [("chen", "member.invited")]
    assert secret not in str(told)
