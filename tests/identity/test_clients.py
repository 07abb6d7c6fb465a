"""Programs: made by a representative, known by a token or a certificate, with what both they and delegations allow."""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpRequest
from django.test import Client as Browser
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from silkgate.identity import actors, clients, models
from silkgate.identity.domain import ANONYMOUS, CLIENT, Actor
from silkgate.standards.xmldsig import SigningKey

NOW = datetime.now(tz=UTC)
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
OWN, OTHER = "91410100MA45ABCD12", "91410100MA45WXYZ34"


@pytest.fixture
def firm(database: str) -> models.Organisation:
    """An organisation with a representative, li, and a reader, wang; and another one, which chen represents."""
    made = {}
    for code, people in ((OWN, {"li": "representative", "wang": "reader"}), (OTHER, {"chen": "representative"})):
        made[code] = models.Organisation.objects.create(code=code, name=f"Firm {code[-2:]}", registered_at=NOW)
        for name, role in people.items():
            user = User.objects.create_user(name, password="a-long-password-1")
            models.Membership.objects.create(
                user=user, organisation=made[code], role=role, since=NOW - timedelta(days=1)
            )
    return made[OWN]


@pytest.fixture
def program(firm: models.Organisation) -> clients.Made:
    """A program of the firm that may read and declare."""
    return clients.make(firm, "Order system", ["read", "declarations"], by="li", at=NOW)


def browser(name: str = "") -> Browser:
    """A browser in which this person has signed in."""
    made = Browser()
    if name:
        made.force_login(User.objects.get(username=name))
    return made


def ask(client_id: str, secret: str, **form: str) -> Any:
    """What the token endpoint answers, the id and secret given as RFC 6749 prefers."""
    basic = b64encode(f"{client_id}:{secret}".encode()).decode()
    data = {"grant_type": "client_credentials", **form}
    return Browser().post("/oauth/token", data, headers={"Authorization": f"Basic {basic}"})


def token_of(made: clients.Made, **form: str) -> str:
    answer = ask(made.client.client_id, made.secret, **form)
    assert answer.status_code == 200, answer.content
    return str(answer.json()["access_token"])


def request(at: datetime | None = None, **headers: str) -> HttpRequest:
    """A request with these headers that comes in at this time."""
    made = RequestFactory().get("/", headers=headers)
    made.moment = at or datetime.now(tz=UTC)  # type: ignore[attr-defined]
    return made


def carrying(token: str, at: datetime | None = None) -> Actor:
    return actors.of_request(request(at, Authorization=f"Bearer {token}"))


# --- Tokens -----------------------------------------------------------------------------------------------------------


def test_a_token_says_which_program_and_what_it_may(program: clients.Made) -> None:
    answer = ask(program.client.client_id, program.secret)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    told = answer.json()
    assert told["token_type"] == "Bearer"
    assert 0 < told["expires_in"] <= 3600
    assert set(told) == {"access_token", "expires_in", "token_type", "scope"}, "nothing to renew it with"
    actor = carrying(told["access_token"])
    assert (actor.name, actor.kind, actor.user_id) == (program.client.client_id, CLIENT, None)
    assert actor.scopes == {OWN: {"read", "declarations"}}
    assert not actor.roles
    assert not actor.duties


def test_a_token_may_be_asked_for_less(program: clients.Made) -> None:
    assert carrying(token_of(program, scope="read")).scopes == {OWN: {"read"}}


def test_id_and_secret_may_stand_in_the_form(program: clients.Made) -> None:
    form = {"client_id": program.client.client_id, "client_secret": program.secret}
    answer = Browser().post("/oauth/token", {"grant_type": "client_credentials", **form})
    assert answer.status_code == 200


def test_a_token_ends_within_the_hour(program: clients.Made) -> None:
    token = token_of(program)
    now = datetime.now(tz=UTC)
    assert carrying(token, now + timedelta(minutes=59)) != ANONYMOUS
    assert carrying(token, now + timedelta(minutes=61)) == ANONYMOUS


def test_neither_secret_nor_token_is_kept(program: clients.Made) -> None:
    token = token_of(program)
    with connection.cursor() as cursor:
        cursor.execute("select table_name from information_schema.tables where table_schema = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        for table in tables:
            cursor.execute(f'select t::text from "{table}" t')
            kept = "\n".join(row for (row,) in cursor.fetchall())
            assert program.secret not in kept, table
            assert token not in kept, table


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"scope": "filings"}, 400, "invalid_scope"),
        ({"scope": "read filings"}, 400, "invalid_scope"),
        ({"scope": "everything"}, 400, "invalid_scope"),
        ({"grant_type": "password", "username": "li", "password": "a-long-password-1"}, 400, "unsupported_grant_type"),
        ({"grant_type": "authorization_code", "code": "x"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "unsupported_grant_type"),
        (
            {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "x"},
            400,
            "unsupported_grant_type",
        ),
        ({"grant_type": DEVICE}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
    ],
)
def test_nothing_but_client_credentials_is_granted(
    program: clients.Made, change: dict[str, str], status: int, error: str
) -> None:
    answer = ask(program.client.client_id, program.secret, **change)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


@pytest.mark.parametrize("path", ["/oauth/authorize", "/oauth/introspect", "/oauth/revoke", "/oauth/applications"])
def test_there_is_no_other_endpoint(database: str, path: str) -> None:
    assert Browser().get(path).status_code == 404
    assert Browser().post(path).status_code == 404


@pytest.mark.parametrize(
    ("client_id", "secret"),
    [
        ("{id}", "wrong"),
        ("{id}", ""),
        ("{id}\0", "{secret}"),
        ("{id} ", "{secret}"),
        ("sg-nobody", "{secret}"),
        ("", ""),
        ("\0", "\0"),
        ("编号", "密钥"),
        ("%00", "%00"),
        ("x" * 100_000, "x"),
        ("' or 1=1 --", "x"),
    ],
)
def test_a_wrong_id_or_secret_gets_nothing(program: clients.Made, client_id: str, secret: str) -> None:
    known = {"id": program.client.client_id, "secret": program.secret}
    answer = ask(client_id.format(**known), secret.format(**known))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    form = {"client_id": client_id.format(**known), "client_secret": secret.format(**known)}
    answer = Browser().post("/oauth/token", {"grant_type": "client_credentials", **form})
    assert answer.status_code in {400, 401}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"\xff\xfe=\xff", "application/x-www-form-urlencoded"),
        (b"grant_type=%ff%00&client_id=%00", "application/x-www-form-urlencoded"),
        (b'{"grant_type": "client_credentials"}', "application/json"),
        (b"grant_type=client_credentials&grant_type=password", "application/x-www-form-urlencoded"),
        (b"--x\r\nno part", "multipart/form-data; boundary=x"),
    ],
)
@pytest.mark.parametrize("header", ["", "Basic", "Basic %%%", "Basic /w==", "Bearer x", "Basic " + "A" * 5000])
def test_what_makes_no_sense_is_refused(database: str, body: bytes, kind: str, header: str) -> None:
    answer = Browser().post("/oauth/token", body, content_type=kind, headers={"Authorization": header})
    assert answer.status_code in {400, 401}
    assert "access_token" not in answer.content.decode()


def test_a_query_is_no_place_for_a_secret(program: clients.Made) -> None:
    query = f"?client_id={program.client.client_id}&client_secret={program.secret}&grant_type=client_credentials"
    assert "access_token" not in Browser().post(f"/oauth/token{query}").content.decode()
    assert Browser().get(f"/oauth/token{query}").status_code == 405


def test_who_guesses_has_to_wait(program: clients.Made) -> None:
    statuses = [ask("sg-nobody", "x").status_code for _ in range(25)]
    assert statuses == [401] * 20 + [429] * 5
    answer = ask(program.client.client_id, program.secret)
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0


# --- Who carries one --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer x",
        "bearer x",
        "Bearer \u00ff",
        "Bearer  a b",
        "Bearer " + "x" * 10_000,
        "Bearer null",
    ],
)
def test_a_token_that_is_none_makes_a_request_nobodys(firm: models.Organisation, header: str) -> None:
    """Also where somebody has signed in: whoever shows a token wants to be that program."""
    made = request(Authorization=header)
    made.user = User.objects.get(username="li")
    assert actors.of_request(made) == ANONYMOUS


def test_other_ways_to_authorise_are_left_to_others(firm: models.Organisation) -> None:
    made = request(Authorization="Basic bGk6eA==")
    made.user = User.objects.get(username="li")
    assert actors.of_request(made).name == "li"


def test_an_ended_program_may_nothing_at_once(program: clients.Made) -> None:
    token = token_of(program)
    assert clients.end(program.client, by="li", at=datetime.now(tz=UTC))
    assert carrying(token) == ANONYMOUS
    assert ask(program.client.client_id, program.secret).status_code == 401
    assert not clients.end(program.client, by="li", at=datetime.now(tz=UTC)), "it ended once"


def test_what_is_delegated_is_done_within_what_both_have(program: clients.Made) -> None:
    """Read and file are delegated; the program may read and declare: it reads for the other one, no more."""
    token = token_of(program)
    given = models.Delegation.objects.create(
        principal=models.Organisation.objects.get(code=OTHER), agent=program.client.organisation,
        scopes=["read", "filings"], since=NOW - timedelta(days=1), until=None, given_by="chen", ended_by="",
    )  # fmt: skip
    assert carrying(token).scopes == {OWN: {"read", "declarations"}, OTHER: {"read"}}
    assert carrying(token_of(program, scope="declarations")).scopes == {OWN: {"declarations"}}
    given.until = datetime.now(tz=UTC)
    given.save()
    assert carrying(token).scopes == {OWN: {"read", "declarations"}}


def test_nobody_without_a_header_costs_a_query(database: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert actors.of_request(request()) == ANONYMOUS
    assert len(queries) == 0


# --- Certificates -----------------------------------------------------------------------------------------------------


HEADER = "X-Client-Certificate-SHA256"


@pytest.fixture
def believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation whose proxy checks certificates and passes them on in `HEADER`."""
    monkeypatch.setattr("django.conf.settings.CLIENT_CERTIFICATE_HEADER", HEADER)


def pem(key: SigningKey) -> str:
    return load_der_x509_certificate(key.certificate.der).public_bytes(Encoding.PEM).decode()


def test_a_certificate_that_the_proxy_has_checked_is_enough(firm: models.Organisation, believed: None) -> None:
    fingerprint = SigningKey.generate_rsa("program").certificate.fingerprint
    made = clients.make(firm, "Mill", ["read"], by="li", at=NOW, certificate=fingerprint)
    assert made.secret == ""
    spelt = ":".join(fingerprint[place : place + 2] for place in range(0, 64, 2)).upper()
    for shown in (fingerprint, spelt):
        actor = actors.of_request(request(**{HEADER: shown}))
        assert (actor.name, actor.kind, actor.scopes) == (made.client.client_id, CLIENT, {OWN: {"read"}})
    assert ask(made.client.client_id, "").status_code == 401
    with pytest.raises(clients.TakenError):
        clients.make(firm, "Twin", ["read"], by="li", at=NOW, certificate=spelt)
    clients.end(made.client, by="li", at=NOW)
    assert actors.of_request(request(**{HEADER: fingerprint})) == ANONYMOUS


@pytest.mark.parametrize("shown", ["", "0" * 64, "x", "{own}, {own}", "{own}0", "\u00ff"])
def test_another_certificate_is_nobody(firm: models.Organisation, believed: None, shown: str) -> None:
    own = "ab" * 32
    clients.make(firm, "Mill", ["read"], by="li", at=NOW, certificate=own)
    clients.make(firm, "Shop", ["read"], by="li", at=NOW)
    assert actors.of_request(request(**{HEADER: shown.format(own=own)})) == ANONYMOUS


def test_unless_it_is_set_the_header_is_not_believed(firm: models.Organisation) -> None:
    clients.make(firm, "Mill", ["read"], by="li", at=NOW, certificate="ab" * 32)
    assert actors.of_request(request(**{HEADER: "ab" * 32})) == ANONYMOUS


# --- Pages ------------------------------------------------------------------------------------------------------------


def test_a_representative_makes_and_ends_programs(firm: models.Organisation) -> None:
    page = browser("li")
    answer = page.post("/account/clients/new", {"organisation": OWN, "name": "Order system", "scopes": ["read"]})
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    made = models.Client.objects.get()
    secret = re.findall(r"data-copy>([\w-]{43})<", answer.content.decode())[0]
    token = ask(made.client_id, secret).json()["access_token"]
    assert carrying(token).scopes == {OWN: {"read"}}
    listed = page.get("/account/clients").content.decode()
    assert made.client_id in listed
    assert secret not in listed
    assert page.post(f"/account/clients/{made.id}/end").status_code == 302
    assert carrying(token) == ANONYMOUS
    made.refresh_from_db()
    assert made.ended_by == "li"


@pytest.mark.parametrize(("name", "status"), [("", 302), ("wang", 403), ("chen", 403)])
def test_nobody_else_does(firm: models.Organisation, name: str, status: int) -> None:
    """A stranger signs in first; a reader and the representative of another firm are refused, and that is recorded."""
    made = clients.make(firm, "Order system", ["read"], by="li", at=NOW).client
    assert browser(name).post(f"/account/clients/{made.id}/end").status_code == status
    made.refresh_from_db()
    assert made.ended_at is None
    if status == 403:
        assert models.AccessRecord.objects.filter(actor=name, action="identity.clients", allowed=False).count() == 1
    if name == "chen":
        form = {"organisation": OWN, "name": "Mine", "scopes": ["read"]}
        assert "您不是该单位的负责人" in browser(name).post("/account/clients/new", form).content.decode()
        assert made.client_id not in browser(name).get("/account/clients").content.decode()
    assert models.Client.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"name": ""}, "请填写名称"),
        ({"name": "x" * 81}, "80"),
        ({"scopes": []}, "请至少选择一项"),
        ({"scopes": ["everything"]}, "everything"),
        ({"certificate": "no certificate"}, "不是PEM格式的证书"),
        ({"certificate": pem(SigningKey.generate_rsa("used"))}, ""),
    ],
)
def test_a_form_says_what_is_wrong(
    firm: models.Organisation, believed: None, change: dict[str, Any], word: str
) -> None:
    form = {"organisation": OWN, "name": "Order system", "scopes": ["read"], **change}
    answer = browser("li").post("/account/clients/new", form).content.decode()
    assert (word in answer) if word else models.Client.objects.get().certificate_sha256
    assert models.Client.objects.count() == (0 if word else 1)
    if not word:
        again = browser("li").post("/account/clients/new", form).content.decode()
        assert "另一程序已使用这张证书" in again
