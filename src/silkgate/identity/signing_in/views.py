"""Addresses of signing in and of looking after one's account: allauth's views, each with its action, our templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.socialaccount import views as social
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, re_path
from django.views.decorators.cache import never_cache

from silkgate.identity.access import PUBLIC, action, opens
from silkgate.identity.signing_in import factors, provider

OWN_ACCOUNT = action("identity.own_account", "管理本人账号", "Look after one’s own account", signed_in=True)


def forgotten(request: HttpRequest) -> HttpResponse:
    """GET, POST /account/password/reset: a link by mail; where no mail is sent, whom to ask."""
    if not settings.MAIL:
        return render(request, "account/password_reset_by_operator.html")
    answer: HttpResponse = account.password_reset(request)
    return answer


class SignIn(account.LoginView):
    """GET, POST /login: password, passkey, or an outside identity provider."""

    def get_context_data(self, **named: Any) -> dict[str, Any]:
        """With the ways that this installation has."""
        context: dict[str, Any] = super().get_context_data(**named)
        return context | {"oidc": settings.OIDC}


class Security(mfa.IndexView):
    """GET /account/security: password, second factors, the outside account."""

    def get_context_data(self, **named: Any) -> dict[str, Any]:
        """What one has set up, and what an officer still has to."""
        told = {"oidc": settings.OIDC, "second_factor_missing": factors.missing(self.request)}
        return super().get_context_data(**named) | told


public = opens(PUBLIC)


def own(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For whoever has signed in; secrets are shown, so no copy of a page is to stay anywhere."""
    return opens(OWN_ACCOUNT)(never_cache(view))


sign_in, sign_out = public(SignIn.as_view()), public(account.logout)

urlpatterns = [
    path("login", sign_in, name="login"),
    path("login", sign_in, name="account_login"),
    path("logout", sign_out, name="logout"),
    path("logout", sign_out, name="account_logout"),
    path("login/code", public(mfa.authenticate), name="mfa_authenticate"),
    path("login/passkey", public(webauthn.login_webauthn), name="mfa_login_webauthn"),
    path("login/cancelled", public(social.login_cancelled), name="socialaccount_login_cancelled"),
    path("login/failed", public(social.login_error), name="socialaccount_login_error"),
    path("login/<slug:provider_id>/start", public(provider.start), name="openid_connect_login"),
    path("login/<slug:provider_id>/back", public(provider.back), name="openid_connect_callback"),
    path("signup", public(account.signup), name="account_signup"),
    path("signup/provider", public(social.signup), name="socialaccount_signup"),
    path("account/inactive", public(account.account_inactive), name="account_inactive"),
    path("account/email/sent", public(account.email_verification_sent), name="account_email_verification_sent"),
    re_path(r"^account/email/confirm/(?P<key>[-:\w]+)$", public(account.confirm_email), name="account_confirm_email"),
    path("account/password", own(account.password_change), name="account_change_password"),
    path("account/password/first", own(account.password_set), name="account_set_password"),
    path("account/password/reset", public(forgotten), name="account_reset_password"),
    path("account/password/reset/sent", public(account.password_reset_done), name="account_reset_password_done"),
    path(
        "account/password/reset/done",
        public(account.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^account/password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)$",
        public(account.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path("account/confirm", own(account.reauthenticate), name="account_reauthenticate"),
    path("account/confirm/code", own(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("account/confirm/passkey", own(webauthn.reauthenticate_webauthn), name="mfa_reauthenticate_webauthn"),
    path("account/security", own(Security.as_view()), name="mfa_index"),
    path("account/security/app", own(totp.activate_totp), name="mfa_activate_totp"),
    path("account/security/app/remove", own(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("account/security/codes", own(recovery.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("account/security/codes.txt", own(recovery.download_recovery_codes), name="mfa_download_recovery_codes"),
    path("account/security/codes/new", own(recovery.generate_recovery_codes), name="mfa_generate_recovery_codes"),
    path("account/security/passkeys", own(webauthn.list_webauthn), name="mfa_list_webauthn"),
    path("account/security/passkeys/add", own(webauthn.add_webauthn), name="mfa_add_webauthn"),
    path("account/security/passkeys/<int:pk>", own(webauthn.edit_webauthn), name="mfa_edit_webauthn"),
    path("account/security/passkeys/<int:pk>/remove", own(webauthn.remove_webauthn), name="mfa_remove_webauthn"),
]
