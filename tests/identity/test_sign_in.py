"""Signing up and in: passwords, codes, passkeys in a real browser; officers' second factor; every page is ours."""

from __future__ import annotations

import hmac
import os
import re
import struct
import time
from base64 import b32decode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.http import HttpResponse
from django.template.loader import get_template
from django.test import Client
from django.urls import URLPattern

from identity.made import who
from silkgate.identity import actors, models
from silkgate.identity.signing_in import views
from silkgate.site import accounts

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PASSWORD = "a-long-password-1"


@pytest.fixture
def zhao(database: str) -> User:
    """An officer of customs with a password."""
    user = User.objects.create_user("zhao", password=PASSWORD, email="zhao@example.com")
    models.Officer.objects.create(user=user, agency="customs", duties=["declarations"])
    return user


def sign_in(browser: Client, login: str = "zhao", password: str = PASSWORD, **form: str) -> HttpResponse:
    return browser.post("/login", {"login": login, "password": password, **form})


def confirmed(browser: Client, path: str) -> HttpResponse:
    """A page for which one has to prove once more who one is, by password."""
    answer = browser.get(path)
    if answer.status_code == 302 and answer["Location"].startswith("/account/confirm"):
        browser.post(answer["Location"], {"password": PASSWORD})
        answer = browser.get(path)
    return answer


def code_of(secret: str, steps: int = 0) -> str:
    """The six digits that an authenticator app shows (RFC 6238), some steps of 30 seconds from now."""
    digest = hmac.digest(b32decode(secret), struct.pack(">Q", int(time.time()) // 30 + steps), "sha1")
    place = digest[-1] & 15
    number = struct.unpack(">I", digest[place : place + 4])[0] & 0x7FFF_FFFF
    return f"{number % 1_000_000:06}"


def with_app(browser: Client) -> str:
    """Whoever has signed in sets up an authenticator app; its secret."""
    page = confirmed(browser, "/account/security/app").content.decode()
    assert 'src="data:image/svg+xml;base64,' in page
    secret = re.findall(r"data-copy>([A-Z2-7]{32})<", page)[0]
    answer = browser.post("/account/security/app", {"code": code_of(secret)})
    assert (answer.status_code, answer["Location"]) == (302, "/account/security/codes")
    return secret


# --- Password ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["zhao", "zhao@example.com", " zhao ", "ZHAO@example.com"])
def test_name_or_address_and_password_sign_in(zhao: User, login: str) -> None:
    browser = Client()
    answer = sign_in(browser, login, next="/status")
    assert (answer.status_code, answer["Location"]) == (302, "/status")
    assert who(browser) == "zhao"
    answer = browser.post("/logout")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert who(browser) == ""


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("zhao", "wrong"),
        ("zhao", PASSWORD.upper()),
        ("nobody", PASSWORD),
        ("zhao\0", PASSWORD),
        ("x" * 5000, "x"),
        ("zhao", "x" * 100_000),
    ],
)
def test_a_wrong_one_says_neither_which(zhao: User, login: str, password: str) -> None:
    browser = Client()
    answer = sign_in(browser, login, password)
    assert answer.status_code == 200
    assert who(browser) == ""
    if "\0" not in login:
        assert "用户名或密码不正确" in answer.content.decode()


@pytest.mark.parametrize("target", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"])
def test_one_is_not_sent_elsewhere_afterwards(zhao: User, target: str) -> None:
    assert sign_in(Client(), next=target)["Location"] == "/"


def test_who_guesses_has_to_wait(zhao: User) -> None:
    browser = Client()
    for _ in range(5):
        assert "用户名或密码不正确" in sign_in(browser, password="wrong").content.decode()
    assert "尝试次数过多" in sign_in(browser).content.decode(), "even with the right one"
    assert who(browser) == ""
    cache.clear()
    assert sign_in(browser).status_code == 302


def test_a_person_signs_up(database: str) -> None:
    browser = Client()
    form = {"username": "li", "email": "", "password1": PASSWORD, "password2": PASSWORD}
    told = browser.post("/signup", form).content.decode()
    assert "用户名至少3个字符" in told
    answer = browser.post("/signup", {**form, "username": "li.si"})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert who(browser) == "li.si"
    assert not models.Officer.objects.exists()


@pytest.mark.parametrize(
    ("change", "zh", "en"),
    [
        ({"username": "zhao"}, "该用户名已被使用", "This user name is taken"),
        ({"username": ""}, "请填写用户名", "User name: fill this in"),
        ({"email": "zhao@example.com"}, "该电子邮箱已有账号", "This e-mail address has an account"),
        ({"email": "no address"}, "邮箱地址不完整", "Give an address"),
        ({"password1": "short-1", "password2": "short-1"}, "密码至少要有10个字符", "10 characters or more"),
        ({"password1": "password123", "password2": "password123"}, "该密码太常见", "a common one"),
        (
            {"username": "longname-1234", "password1": "longname-1234", "password2": "longname-1234"},
            "太相近",
            "too much like",
        ),
        ({"password2": "another-password"}, "两次输入的密码不一致", "are not the same"),
    ],
)
def test_what_is_wrong_with_it_is_told(zhao: User, change: dict[str, str], zh: str, en: str) -> None:
    form = {"username": "lisi", "email": "", "password1": PASSWORD, "password2": PASSWORD, **change}
    for language, words in (("zh-hans", zh), ("en", en)):
        answer = Client(headers={"Accept-Language": language}).post("/signup", form)
        assert answer.status_code == 200
        assert words in answer.content.decode().replace("’", "'")
    assert User.objects.count() == 1


def test_a_password_is_changed(zhao: User) -> None:
    browser = Client()
    sign_in(browser)
    form = {"oldpassword": "wrong", "password1": "another-password-2", "password2": "another-password-2"}
    assert "当前密码不正确" in browser.post("/account/password", form).content.decode()
    assert browser.post("/account/password", {**form, "oldpassword": PASSWORD}).status_code == 302
    assert who(browser) == "zhao", "this browser stays signed in"
    assert sign_in(Client(), password="another-password-2").status_code == 302
    assert sign_in(Client()).status_code == 200


# --- Mail -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def posting(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation with a mail server; what it would send is collected."""
    made = accounts.settings({"SILKGATE_MAIL_URL": "smtp://mail.example", "SILKGATE_MAIL_FROM": "zone@example.com"})
    for name, value in made.items():
        if "MAIL" in name or name == "ACCOUNT_PREVENT_ENUMERATION":
            monkeypatch.setattr(settings, name, value, raising=False)
    monkeypatch.setattr(settings, "EMAIL_BACKEND", "django.core.mail.backends.locmem.EmailBackend")
    monkeypatch.setattr(mail, "outbox", [], raising=False)


def test_a_forgotten_password_is_set_by_a_link(zhao: User, posting: None) -> None:
    browser = Client()
    for address in ("zhao@example.com", "nobody@example.com"):
        answer = browser.post("/account/password/reset", {"email": address})
        assert (answer.status_code, answer["Location"]) == (302, "/account/password/reset/sent")
    (letter,) = mail.outbox
    assert letter.to == ["zhao@example.com"]
    assert letter.from_email == "zone@example.com"
    assert "设置新密码" in letter.subject
    assert "Set it here" in letter.body
    link = re.findall(r"http://testserver(\S+)", letter.body)[0]
    form = browser.get(link)
    assert form.status_code == 302
    new = {"password1": "another-password-2", "password2": "another-password-2"}
    assert browser.post(form["Location"], new)["Location"] == "/account/password/reset/done"
    assert "链接已失效" in Client().get(link).content.decode(), "it works once"
    assert sign_in(Client(), password="another-password-2").status_code == 302


def test_an_address_is_confirmed_by_a_link(database: str, posting: None) -> None:
    browser = Client()
    form = {"username": "lisi", "email": "li@example.com", "password1": PASSWORD, "password2": PASSWORD}
    assert browser.post("/signup", form).status_code == 302
    assert who(browser) == "lisi", "no right hangs on it: one may go on at once"
    (letter,) = mail.outbox
    link = re.findall(r"http://testserver(\S+)", letter.body)[0]
    assert "确认" in browser.get(link).content.decode()
    assert browser.post(link).status_code == 302
    assert User.objects.get().emailaddress_set.get().verified


def test_without_mail_one_is_told_whom_to_ask(zhao: User) -> None:
    for answer in (Client().get("/account/password/reset"), Client().post("/account/password/reset", {"email": "x"})):
        assert "请联系平台管理员" in answer.content.decode()


# --- Codes ------------------------------------------------------------------------------------------------------------


def test_a_code_of_the_app_is_the_second_step(zhao: User) -> None:
    browser = Client()
    sign_in(browser)
    secret = with_app(browser)
    another = Client()
    answer = sign_in(another, next="/status")
    assert (answer.status_code, answer["Location"]) == (302, "/login/code")
    assert who(another) == "", "the password alone is not enough"
    assert "验证码不正确" in another.post("/login/code", {"code": "000000"}).content.decode()
    assert "验证码不正确" in another.post("/login/code", {"code": code_of(secret, -10)}).content.decode(), "too old"
    answer = another.post("/login/code", {"code": code_of(secret, 1)})
    assert (answer.status_code, answer["Location"]) == (302, "/status")
    assert who(another) == "zhao"
    third = Client()
    sign_in(third)
    assert "验证码不正确" in third.post("/login/code", {"code": code_of(secret, 1)}).content.decode(), (
        "a code counts once"
    )


def test_a_recovery_code_works_once(zhao: User) -> None:
    browser = Client()
    sign_in(browser)
    with_app(browser)
    codes = browser.get("/account/security/codes.txt").content.decode().split()
    assert len(set(codes)) == 10
    assert codes[0] in browser.get("/account/security/codes").content.decode()
    for expected in ("zhao", ""):
        another = Client()
        sign_in(another)
        another.post("/login/code", {"code": codes[0]})
        assert who(another) == expected


def test_codes_cannot_be_guessed(zhao: User) -> None:
    browser = Client()
    sign_in(browser)
    secret = with_app(browser)
    another = Client()
    sign_in(another)
    for number in range(5):
        another.post("/login/code", {"code": f"{number:06}"})
    assert "尝试次数过多" in another.post("/login/code", {"code": code_of(secret, 1)}).content.decode()
    assert who(another) == ""


def test_nobody_changes_factors_in_an_unattended_browser(zhao: User) -> None:
    browser = Client()
    sign_in(browser)
    for path in ("app", "passkeys/add", "codes/new"):
        answer = browser.get(f"/account/security/{path}")
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/account/confirm")
    assert "密码不正确" in browser.post("/account/confirm", {"password": "wrong"}).content.decode()


def test_the_app_can_be_removed(zhao: User) -> None:
    browser = Client()
    sign_in(browser)
    with_app(browser)
    assert browser.post("/account/security/app/remove").status_code == 302
    another = Client()
    sign_in(another)
    assert who(another) == "zhao"


# --- Officers ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation whose officers need a second factor."""
    monkeypatch.setattr(settings, "OFFICERS_NEED_MFA", True)


def duties(browser: Client) -> frozenset[str]:
    """What whoever has signed in may do as an officer."""
    return actors.of_request(browser.get("/account/security").wsgi_request).duties


def test_an_officer_without_a_second_factor_has_no_duties(zhao: User, strict: None) -> None:
    browser = Client()
    answer = sign_in(browser)
    assert (answer.status_code, answer["Location"]) == (302, "/account/security")
    assert "关员须使用两步验证" in browser.get("/account/security").content.decode()
    assert duties(browser) == frozenset()
    earlier = Client()
    sign_in(earlier)
    secret = with_app(browser)
    assert duties(browser) == {"declarations"}, "who has just set it up has shown that it works"
    assert duties(earlier) == frozenset(), "a session without it stays without"
    another = Client()
    sign_in(another)
    another.post("/login/code", {"code": code_of(secret, 1)})
    assert duties(another) == {"declarations"}


def test_where_it_is_not_required_the_password_is_enough(zhao: User) -> None:
    browser = Client()
    assert sign_in(browser)["Location"] == "/"
    assert duties(browser) == {"declarations"}


# --- Every page is ours -----------------------------------------------------------------------------------------------


def templates_of(pattern: URLPattern) -> set[str]:
    """The template that the view behind an address names."""
    view = pattern.callback
    while hasattr(view, "__wrapped__") and not hasattr(view, "view_class"):
        view = view.__wrapped__
    name = getattr(getattr(view, "view_class", None), "template_name", None)
    return {name} if name else set()


ELSEWHERE = {"socialaccount/login.html", "socialaccount/leaving.html", "429.html"} | {
    f"account/email/{name}_{part}.txt"
    for name in ("email_confirmation", "email_confirmation_signup", "password_reset_key", "account_already_exists")
    for part in ("subject", "message")
}
"""What no address names: before one goes on to a provider, limits, mail."""


def test_no_template_of_the_package_shows_through() -> None:
    named = set().union(*(templates_of(pattern) for pattern in views.urlpatterns)) | ELSEWHERE
    assert len(named) > 25
    foreign = {name for name in named if "silkgate" not in str(get_template(name).origin)}  # type: ignore[attr-defined]
    assert foreign == set()


# --- In a real browser ------------------------------------------------------------------------------------------------


@pytest.fixture
def device(browser: Browser, live_server: str, zhao: User) -> Iterator[Callable[..., Page]]:
    """Opens a page on `localhost` (passkeys belong to names) on a device with a fingerprint reader of its own."""
    contexts = []
    wrong: list[str] = []
    site = live_server.replace("127.0.0.1", "localhost")

    def told(said: Any) -> bool:
        """Whether the browser complains; that a page is answered with 401 is no complaint."""
        return said.type == "error" and " 401 " not in said.text

    def opened(**options: Any) -> Page:
        context = browser.new_context(base_url=site, locale="zh-CN", **options)
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if told(said) else None)
        page.on("request", lambda asked: wrong.append(asked.url) if not asked.url.startswith((site, "data:")) else None)
        session = context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        session.send(
            "WebAuthn.addVirtualAuthenticator",
            {"options": {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
                         "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}},
        )  # fmt: skip
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def press(page: Page, words: str) -> None:
    page.get_by_role("button", name=words, exact=True).click()


def with_password(page: Page) -> None:
    page.goto("/login")
    page.get_by_label("用户名或电子邮箱").fill("zhao")
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    press(page, "登录")
    page.wait_for_url("**/")


def add_passkey(page: Page, alone: bool) -> None:
    page.goto("/account/security/passkeys/add")
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    press(page, "确认")
    page.wait_for_url("**/passkeys/add")
    page.get_by_label("名称").fill("办公电脑")
    page.get_by_label("可单独用于登录").set_checked(alone)
    press(page, "添加")
    page.wait_for_url("**/account/security/codes")


@pytest.mark.browser
def test_a_passkey_signs_in_alone(device: Callable[..., Page], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also an officer, where a second factor is required: it is two in one."""
    page = device()
    with_password(page)
    add_passkey(page, alone=True)
    press(page, "退出")
    page.wait_for_url("**/")
    monkeypatch.setattr(settings, "OFFICERS_NEED_MFA", True)
    page.goto("/login")
    press(page, "用通行密钥登录")
    page.wait_for_url("**/")
    page.goto("/account/security/passkeys")
    row = page.locator("tbody tr")
    assert "办公电脑" in row.inner_text()
    assert "可单独登录" in row.inner_text()
    page.goto("/account/security")
    assert "关员须使用两步验证" not in page.locator("main").inner_text()


@pytest.mark.browser
def test_a_passkey_is_the_second_step(device: Callable[..., Page]) -> None:
    page = device()
    with_password(page)
    add_passkey(page, alone=False)
    press(page, "退出")
    page.wait_for_url("**/")
    page.goto("/login")
    page.get_by_label("用户名或电子邮箱").fill("zhao")
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    press(page, "登录")
    page.wait_for_url("**/login/code")
    press(page, "使用通行密钥")
    page.wait_for_url("**/")
    page.goto("/account/security")
    assert "通行密钥" in page.locator("main").inner_text()


@pytest.mark.browser
def test_a_device_without_the_key_is_told(device: Callable[..., Page]) -> None:
    page = device()
    page.goto("/login")
    trouble = page.locator("[data-trouble]")
    assert not trouble.is_visible()
    press(page, "用通行密钥登录")
    trouble.wait_for(state="visible")
    assert "没有使用通行密钥" in trouble.inner_text()


PICTURES = os.environ.get("SILKGATE_TEST_PICTURES")


@pytest.mark.browser
@pytest.mark.skipif(not PICTURES, reason="pictures are made where SILKGATE_TEST_PICTURES names a folder")
@pytest.mark.parametrize(("language", "width"), [("zh-hans", 1280), ("en", 1280), ("zh-hans", 390), ("en", 390)])
def test_pictures(device: Callable[..., Page], language: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every page, to be looked at."""
    folder = Path(str(PICTURES))
    monkeypatch.setattr(settings, "OIDC", True)
    monkeypatch.setattr(settings, "CLIENT_CERTIFICATE_HEADER", "X-Certificate")
    page = device(viewport={"width": width, "height": 900})

    def shot(name: str) -> None:
        page.screenshot(path=str(folder / f"{name}-{language}-{width}.png"), full_page=True)

    def spoken() -> None:
        page.context.add_cookies([{"name": "django_language", "value": language, "domain": "localhost", "path": "/"}])

    firm = models.Organisation.objects.create(
        code="91410100MA45ABCD12", name="郑州示例供应链有限公司", registered_at="2026-11-23T00:00Z"
    )
    models.Membership.objects.create(
        user=User.objects.get(), organisation=firm, role="representative", since="2026-11-22T00:00Z"
    )
    with_password(page)
    add_passkey(page, alone=True)
    spoken()
    for name in ("security", "security/codes", "security/passkeys", "security/passkeys/add", "password", "clients",
                 "clients/new", "security/app", "security/codes/new", "password/first"):  # fmt: skip
        page.goto(f"/account/{name}")
        shot(name.replace("/", "-"))
    page.goto("/account/clients/new")
    page.locator("main button[type=submit]").click()
    shot("clients-new-wrong")
    page.locator("#id_name").fill("Order system 订单系统")
    page.locator("input[name=scopes]").first.check()
    page.locator("main button[type=submit]").click()
    shot("clients-made")
    page.goto("/account/clients")
    shot("clients-one")
    page.context.clear_cookies()
    page.goto("/login")
    spoken()
    for path in ("login", "signup", "account/password/reset", "login/cancelled", "login/failed", "account/inactive"):
        page.goto(f"/{path}")
        shot(path.replace("/", "-"))
    page.goto("/signup")
    page.locator("#id_username").fill("li")
    page.locator("main button[type=submit]").click()
    shot("signup-wrong")
    page.goto("/login")
    page.locator("#id_username").fill("zhao")
    page.locator("#id_password").fill(PASSWORD)
    page.locator("main button[type=submit]").first.click()
    page.wait_for_url("**/login/code")
    shot("login-code")
