"""Signing in through an identity provider of others, against a real one; and what its settings must be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from identity import openid
from identity.made import who
from silkgate.site import accounts
from silkgate.site.problem import Problem

ENVIRONMENT = {"SILKGATE_OIDC_CLIENT_ID": openid.CLIENT_ID, "SILKGATE_OIDC_SECRET": openid.SECRET}


@pytest.fixture
def provider(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[openid.Provider]:
    """A provider that this installation is configured for, by the same settings that its environment would make."""
    with openid.running() as running:
        made = accounts.settings({**ENVIRONMENT, "SILKGATE_OIDC_URL": running.url})
        monkeypatch.setattr(settings, "OIDC", made["OIDC"])
        monkeypatch.setattr(settings, "SOCIALACCOUNT_PROVIDERS", made["SOCIALACCOUNT_PROVIDERS"], raising=False)
        yield running


def go(browser: Client, query: str = "") -> HttpResponse:
    """From our button to the provider and back, as a browser goes; what the site says when one comes back."""
    leaving = browser.post(f"/login/oidc/start{query}")
    assert leaving.status_code == 200
    address = re.findall(r'<a href="(http[^"]+)"', leaving.content.decode())[0].replace("&amp;", "&")
    answer = requests.get(address, allow_redirects=False, timeout=10)
    back = answer.headers["Location"]
    assert back.startswith("http://testserver/login/oidc/back?")
    return browser.get(back)


def test_who_comes_the_first_time_gets_an_account_and_later_the_same(provider: openid.Provider) -> None:
    for _ in range(2):
        browser = Client()
        assert "统一身份认证" in browser.get("/login").content.decode()
        answer = go(browser, "?next=/status")
        assert (answer.status_code, answer["Location"]) == (302, "/status")
        assert who(browser) == "sun"
    assert User.objects.count() == 1
    assert not User.objects.get().has_usable_password()
    assert {"/authorize", "/jwks", "/userinfo"} <= set(provider.asked)


def test_nobody_is_joined_by_name_or_address(provider: openid.Provider) -> None:
    """An account here with the same name and address stays whoever's it is."""
    User.objects.create_user("sun", email="sun@example.com", password="a-long-password-1")
    browser = Client()
    answer = go(browser)
    assert (answer.status_code, answer["Location"]) == (302, "/signup/provider")
    assert "请换一个" in browser.get("/signup/provider").content.decode()
    refused = browser.post("/signup/provider", {"username": "sun", "email": "sun@example.com"}).content.decode()
    assert "该用户名已被使用" in refused
    assert "请先用密码登录" in refused
    assert who(browser) == ""
    assert browser.post("/signup/provider", {"username": "sun2"}).status_code == 302
    assert who(browser) == "sun2"


def test_who_has_signed_in_links_the_two(provider: openid.Provider) -> None:
    User.objects.create_user("zhao", password="a-long-password-1")
    browser = Client()
    browser.post("/login", {"login": "zhao", "password": "a-long-password-1"})
    assert go(browser, "?process=connect")["Location"] == "/account/confirm", "nobody links an unattended browser"
    answer = browser.post("/account/confirm", {"password": "a-long-password-1"})
    assert (answer.status_code, answer["Location"]) == (302, "/account/security")
    another = Client()
    go(another)
    assert who(another) == "zhao"
    assert User.objects.count() == 1


def forged(provider: openid.Provider) -> None:
    provider.signs_with = rsa.generate_private_key(65537, 2048)


def of_another_issuer(provider: openid.Provider) -> None:
    provider.claims = {"iss": "https://elsewhere.example"}


def for_another_site(provider: openid.Provider) -> None:
    provider.claims = {"aud": "another-site"}


def expired(provider: openid.Provider) -> None:
    provider.claims = {"exp": 1_700_000_000, "iat": 1_699_999_000}


def about_two_persons(provider: openid.Provider) -> None:
    provider.userinfo = {"sub": "u-2"}


def without_an_id_token(provider: openid.Provider) -> None:
    provider.gives_id_token = False


@pytest.mark.parametrize(
    "wrong", [forged, of_another_issuer, for_another_site, expired, about_two_persons, without_an_id_token]
)
def test_an_answer_that_cannot_be_trusted_lets_nobody_in(provider: openid.Provider, wrong: Any) -> None:
    wrong(provider)
    browser = Client()
    answer = go(browser)
    assert answer.status_code == 401
    assert "外部身份认证没有给出可信的答复" in answer.content.decode()
    assert who(browser) == ""
    assert not User.objects.exists()


def test_who_changes_their_mind_is_told(provider: openid.Provider) -> None:
    provider.denies = True
    answer = go(Client())
    assert (answer.status_code, answer["Location"]) == (302, "/login/cancelled")


def test_a_code_counts_only_where_it_was_asked_for(provider: openid.Provider) -> None:
    """Somebody else's way back, opened in another browser, signs nobody in."""
    browser = Client()
    leaving = browser.post("/login/oidc/start")
    address = re.findall(r'<a href="(http[^"]+)"', leaving.content.decode())[0].replace("&amp;", "&")
    back = requests.get(address, allow_redirects=False, timeout=10).headers["Location"]
    victim = Client()
    assert victim.get(back).status_code == 401
    assert who(victim) == ""


def test_a_provider_that_is_away_is_told(provider: openid.Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    away = accounts.settings({**ENVIRONMENT, "SILKGATE_OIDC_URL": "http://127.0.0.1:1"})
    monkeypatch.setattr(settings, "SOCIALACCOUNT_PROVIDERS", away["SOCIALACCOUNT_PROVIDERS"])
    answer = Client().post("/login/oidc/start")
    assert answer.status_code == 502
    assert "外部身份认证没有给出可信的答复" in answer.content.decode()


def test_without_one_there_is_no_such_way(database: str) -> None:
    assert "统一身份认证" not in Client().get("/login").content.decode()
    assert Client().post("/login/oidc/start").status_code == 404
    assert Client().get("/login/oidc/back?code=x&state=y").status_code == 404


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"SILKGATE_OIDC_URL": "https://id.example"}, "also needs SILKGATE_OIDC_CLIENT_ID, SILKGATE_OIDC_SECRET"),
        ({"SILKGATE_OIDC_SECRET": "x"}, "also needs SILKGATE_OIDC_URL, SILKGATE_OIDC_CLIENT_ID"),
        ({**ENVIRONMENT, "SILKGATE_OIDC_URL": "http://id.example"}, "SILKGATE_OIDC_URL must be https://"),
        ({**ENVIRONMENT, "SILKGATE_OIDC_URL": "id.example"}, "SILKGATE_OIDC_URL must be https://"),
        ({**ENVIRONMENT, "SILKGATE_OIDC_URL": "https://[x"}, "SILKGATE_OIDC_URL is no valid address"),
        ({"SILKGATE_MAIL_URL": "mail.example"}, "SILKGATE_MAIL_URL must look like"),
        ({"SILKGATE_MAIL_URL": "smtp://u:secret@mail.example:port"}, "SILKGATE_MAIL_URL is no valid address"),
        ({"SILKGATE_CLIENT_CERTIFICATE_HEADER": "X Certificate"}, "must be the name of an HTTP header"),
    ],
)
def test_bad_settings_are_told_in_a_sentence(environment: dict[str, str], words: str) -> None:
    with pytest.raises(Problem) as caught:
        accounts.settings(environment)
    assert words in caught.value.text.en
    assert not caught.value.text.zh.isascii()
    assert "\n" not in caught.value.text.zh + caught.value.text.en
    assert "secret" not in caught.value.text.en
