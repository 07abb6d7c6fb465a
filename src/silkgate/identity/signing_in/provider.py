"""Signing in through an outside identity provider (OpenID Connect, authorization code with PKCE)."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from requests import RequestException

_log = logging.getLogger(__name__)


class Checked(OpenIDConnectOAuth2Adapter):
    """Also verifies the signature of the ID token, and that what is told about the person is about the same one."""

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        claims: dict[str, Any] = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
            verify_signature=True,
        )
        return claims

    def complete_login(self, request: HttpRequest, app: SocialApp, token: Any, **named: Any) -> Any:
        """As allauth does. Raises OAuth2Error for an answer without an ID token, or about two persons."""
        login = super().complete_login(request, app, token, **named)
        told = login.account.extra_data
        if "id_token" not in told:
            raise OAuth2Error("the provider gave no ID token")
        if told.get("userinfo", told["id_token"])["sub"] != told["id_token"]["sub"]:
            raise OAuth2Error("userinfo is about somebody else")
        return login


def start(request: HttpRequest, provider_id: str) -> HttpResponse:
    """POST /login/<provider>/start: on to the provider; GET asks first.

    From a page of ours, by a link: a form that were redirected there would be stopped by our content security policy.
    """
    response = _view(OAuth2LoginView, request, provider_id)
    if response.headers.get("Location", "/").startswith("http"):
        return render(request, "socialaccount/leaving.html", {"address": response.headers["Location"]})
    return response


def back(request: HttpRequest, provider_id: str) -> HttpResponse:
    """GET /login/<provider>/back: the person comes back from the provider with a code."""
    return _view(OAuth2CallbackView, request, provider_id)


def _view(kind: Any, request: HttpRequest, provider_id: str) -> HttpResponse:
    try:
        answer: HttpResponse = kind.adapter_view(Checked(request, provider_id))(request)
    except SocialApp.DoesNotExist:
        raise Http404 from None
    except RequestException as error:
        _log.warning("identity provider away: %s", error)
        return render(request, "socialaccount/authentication_error.html", status=HTTPStatus.BAD_GATEWAY)
    return answer
