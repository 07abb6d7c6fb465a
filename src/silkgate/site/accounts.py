"""Settings of signing in and of machine clients, for people by django-allauth, for programs by django-oauth-toolkit.

- `SILKGATE_OFFICERS_NEED_MFA=1`: an officer's duties count only where a second factor was given
- `SILKGATE_OIDC_URL`, `SILKGATE_OIDC_CLIENT_ID`, `SILKGATE_OIDC_SECRET`: an identity provider of others
- `SILKGATE_MAIL_URL`, `SILKGATE_MAIL_FROM`: the server that sends our mail, `smtp://` or `smtps://`
- `SILKGATE_CLIENT_CERTIFICATE_HEADER`: where the proxy that ends TLS says which certificate a program has shown
"""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from silkgate.identity.domain import SCOPES
from silkgate.site.problem import Problem

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_OIDC = ("SILKGATE_OIDC_URL", "SILKGATE_OIDC_CLIENT_ID", "SILKGATE_OIDC_SECRET")


def settings(environment: dict[str, str] | None = None) -> dict[str, Any]:
    """Everything that Django's settings need to know about accounts. Raises Problem for what cannot be meant."""
    given = dict(os.environ) if environment is None else environment
    return {**_PEOPLE, **_mail(given), **_provider(given), **_PROGRAMS, **_certificates(given), **_officers(given)}


_PEOPLE: dict[str, Any] = {
    "AUTHENTICATION_BACKENDS": ["allauth.account.auth_backends.AuthenticationBackend"],
    "ACCOUNT_ADAPTER": "silkgate.identity.signing_in.adapters.Accounts",
    "ACCOUNT_LOGIN_METHODS": {"username", "email"},
    "ACCOUNT_SIGNUP_FIELDS": ["username*", "email", "password1*", "password2*"],
    "ACCOUNT_SESSION_REMEMBER": False,
    "ACCOUNT_REAUTHENTICATION_REQUIRED": True,
    "ACCOUNT_REAUTHENTICATION_TIMEOUT": 15 * 60,
    "ACCOUNT_USERNAME_MIN_LENGTH": 3,
    "ACCOUNT_EMAIL_SUBJECT_PREFIX": "[丝关 Silkgate] ",
    "ACCOUNT_FORMS": {
        name: f"silkgate.identity.signing_in.forms.{form}"
        for name, form in {
            "login": "SignIn",
            "signup": "SignUp",
            "change_password": "ChangePassword",
            "set_password": "SetPassword",
            "reset_password": "ResetPassword",
            "reset_password_from_key": "NewPassword",
            "reauthenticate": "ProveByPassword",
        }.items()
    },
    "MFA_ADAPTER": "silkgate.identity.signing_in.adapters.Factors",
    "MFA_SUPPORTED_TYPES": ["totp", "recovery_codes", "webauthn"],
    "MFA_PASSKEY_LOGIN_ENABLED": True,
    # A zone may have no mail server: then no address is ever verified.
    "MFA_ALLOW_UNVERIFIED_EMAIL": True,
    "MFA_TOTP_TOLERANCE": 1,
    "MFA_TOTP_ISSUER": "Silkgate",
    "MFA_FORMS": {
        name: f"silkgate.identity.signing_in.forms.{form}"
        for name, form in {
            "authenticate": "ProveByCode",
            "reauthenticate": "ProveAgainByCode",
            "activate_totp": "ActivateTotp",
            "add_webauthn": "AddPasskey",
            "edit_webauthn": "NamePasskey",
        }.items()
    },
    "SOCIALACCOUNT_ADAPTER": "silkgate.identity.signing_in.adapters.Provider",
    "SOCIALACCOUNT_FORMS": {"signup": "silkgate.identity.signing_in.forms.SignUpFromProvider"},
    # Limits and codes already used are the same for all web processes.
    "CACHES": {
        "default": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "identity_cache",
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    },
}


def _mail(given: dict[str, str]) -> dict[str, Any]:
    """Without a mail server nobody is asked to verify an address, and a forgotten password is set by the operator."""
    url = given.get("SILKGATE_MAIL_URL", "")
    if not url:
        return {"MAIL": False, "ACCOUNT_EMAIL_VERIFICATION": "none", "ACCOUNT_PREVENT_ENUMERATION": False}
    parts = _parts("SILKGATE_MAIL_URL", url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise Problem(
            "SILKGATE_MAIL_URL应形如smtp://用户:密码@主机:587或smtps://…。",
            "SILKGATE_MAIL_URL must look like smtp://user:password@host:587 or smtps://….",
        )
    secure = parts.scheme == "smtps"
    return {
        "MAIL": True,
        "ACCOUNT_EMAIL_VERIFICATION": "optional",
        "ACCOUNT_PREVENT_ENUMERATION": True,
        "ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS": False,
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if secure else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": secure,
        "EMAIL_USE_TLS": not secure and parts.hostname not in _LOOPBACK,
        "EMAIL_TIMEOUT": 10,
        "DEFAULT_FROM_EMAIL": given.get("SILKGATE_MAIL_FROM") or f"silkgate@{parts.hostname}",
    }


def _provider(given: dict[str, str]) -> dict[str, Any]:
    """One identity provider, or none; all three variables or none."""
    values = [given.get(name, "").strip() for name in _OIDC]
    if not any(values):
        return {"OIDC": False}
    missing = [name for name, value in zip(_OIDC, values, strict=True) if not value]
    if missing:
        raise Problem(
            f"外部身份认证还缺少{'、'.join(missing)}。", f"The identity provider also needs {', '.join(missing)}."
        )
    url, client_id, secret = values
    parts = _parts("SILKGATE_OIDC_URL", url)
    if not parts.hostname or (parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK)):
        raise Problem(
            f"SILKGATE_OIDC_URL应为https://地址，而不是“{url}”。", f"SILKGATE_OIDC_URL must be https://…, not {url!r}."
        )
    app = {"provider_id": "oidc", "name": "OpenID Connect", "client_id": client_id, "secret": secret}
    return {
        "OIDC": True,
        "SOCIALACCOUNT_PROVIDERS": {
            "openid_connect": {
                "APPS": [{**app, "settings": {"server_url": url.rstrip("/")}}],
                "OAUTH_PKCE_ENABLED": True,
            }
        },
    }


_PROGRAMS: dict[str, Any] = {
    "OAUTH2_PROVIDER": {
        "OAUTH2_SERVER_CLASS": "oauthlib.oauth2.BackendApplicationServer",
        "OAUTH2_VALIDATOR_CLASS": "silkgate.identity.tokens.Validator",
        "SCOPES_BACKEND_CLASS": "silkgate.identity.tokens.Scopes",
        "SCOPES": {name: words.en for name, words in SCOPES.items()},
        "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
        # A token can be read nowhere but in the answer that gave it.
        "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    },
}


def _certificates(given: dict[str, str]) -> dict[str, Any]:
    name = given.get("SILKGATE_CLIENT_CERTIFICATE_HEADER", "").strip()
    if name and not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", name):
        raise Problem(
            f"SILKGATE_CLIENT_CERTIFICATE_HEADER应为HTTP标头名，而不是“{name}”。",
            f"SILKGATE_CLIENT_CERTIFICATE_HEADER must be the name of an HTTP header, not {name!r}.",
        )
    return {"CLIENT_CERTIFICATE_HEADER": name}


def _officers(given: dict[str, str]) -> dict[str, Any]:
    return {"OFFICERS_NEED_MFA": given.get("SILKGATE_OFFICERS_NEED_MFA") == "1"}


def _parts(variable: str, url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise Problem(f"{variable}不是有效的地址。", f"{variable} is no valid address.") from None
    return parts
