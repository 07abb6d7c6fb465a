"""Django's settings. What differs between installations comes from the environment; the rest is the same for all.

- `SILKGATE_HOME`: data directory
- `DATABASE_URL`: a PostgreSQL server instead of the embedded one
- `SILKGATE_ALLOWED_HOSTS`: names under which the site is reached, separated by commas
- `SILKGATE_TRUSTED_ORIGINS`: origins (`https://…`) that forms may come from, where a proxy changes the name
- `SILKGATE_HTTPS=1`: a proxy in front ends TLS
- `SILKGATE_MAX_MESSAGE_BYTES`: size limit of one message
- `SILKGATE_MAX_BACKLOG_DOCUMENTS`, `SILKGATE_MIN_SHARE_DOCUMENTS`: how much may wait for the engine, and of one sender
- `SILKGATE_MIN_FREE_DISK_MB`: with less room on the disk nothing is taken in
- `SILKGATE_NATS_URL`, `SILKGATE_NATS_PREFIX`, `SILKGATE_NATS_REPLICAS`: servers that carry messages too
- `SILKGATE_MAX_EVIDENCE_BYTES`: size limit of one file that belongs to a case
- `SILKGATE_VIRUS_SCANNER`: socket or host:port of clamd, which looks at such files
- `SILKGATE_IDENTITY_CHECK`: what finds out whether a consumer is who they say
- `SILKGATE_WEBHOOK_NETWORKS`: networks, not public, that webhooks may lead into
- `SILKGATE_LOG=json`: logs as JSON lines
- `SILKGATE_METRICS_TOKEN`: who knows it may read /metrics
- `SILKGATE_TLOG_NAME`, `SILKGATE_TLOG_KEY`: name and private key of the verifiable log
- `SILKGATE_DEBUG=1`: for developers

Variables of signing in and of machine clients stand in `accounts`.
"""

from __future__ import annotations

import os

from silkgate.site import accounts, logs
from silkgate.site.database import django_database, named_url
from silkgate.site.home import current_home
from silkgate.site.postgres import EmbeddedPostgres
from silkgate.site.problem import Problem

_HOME = current_home()
_HTTPS = os.environ.get("SILKGATE_HTTPS") == "1"


def _listed(variable: str) -> list[str]:
    return [name.strip() for name in os.environ.get(variable, "").split(",") if name.strip()]


def _whole(variable: str, default: int) -> int:
    given = os.environ.get(variable, str(default))
    if not (given.isascii() and given.isdigit() and int(given) > 0):
        raise Problem(f"{variable}应为正整数，而不是“{given}”。", f"{variable} must be a whole number, not {given!r}.")
    return int(given)


DEBUG = os.environ.get("SILKGATE_DEBUG") == "1"
SECRET_KEY = os.environ.get("SILKGATE_SECRET_KEY") or _HOME.secret_key()
ALLOWED_HOSTS = _listed("SILKGATE_ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]", "testserver"]
CSRF_TRUSTED_ORIGINS = _listed("SILKGATE_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "ninja",
    # Rooms, from the ground up.
    "silkgate.journal",
    "silkgate.ledger",
    "silkgate.ui",
    "silkgate.identity",
    "silkgate.casework",
    "silkgate.exchange",
    "silkgate.tariff",
    "silkgate.registry",
    "silkgate.bonded",
    "silkgate.risk",
    "silkgate.machinery",
    "silkgate.clearance",
    "silkgate.programmes",
    "silkgate.testbench",
    "silkgate.drafts",
    "silkgate.portal",
    # Behind the rooms, so that our templates of the same names are found first.
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "oauth2_provider",
]

MIDDLEWARE = [
    "silkgate.site.moment.Moment",
    "silkgate.site.logs.AccessLog",
    "django.middleware.security.SecurityMiddleware",
    "silkgate.site.headers.ContentSecurityPolicy",
    "silkgate.site.static.StaticFiles",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "silkgate.site.urls"
ASGI_APPLICATION = "silkgate.site.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "silkgate.portal.queries.frame",
            ],
        },
    },
]

DATABASES = {"default": django_database(named_url() or EmbeddedPostgres(_HOME.postgres).url)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
USE_I18N = True
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

LOGIN_URL = "/login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "silkgate.identity.signing_in.passwords.NotAboutOneself"},
    {"NAME": "silkgate.identity.signing_in.passwords.LongEnough", "OPTIONS": {"min_length": 10}},
    {"NAME": "silkgate.identity.signing_in.passwords.NotCommon"},
]

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
"""Served from the packages themselves: one command fewer before the first page."""
WHITENOISE_ALLOW_ALL_ORIGINS = False

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = _HTTPS
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = _HTTPS
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = _HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if _HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _HTTPS else None
X_FRAME_OPTIONS = "DENY"

MAX_MESSAGE_BYTES = _whole("SILKGATE_MAX_MESSAGE_BYTES", 10 * 2**20)
MAX_REQUEST_BODY_BYTES = 64 * 1024 * 1024
"""One request may carry many messages; the limit of one message is judged at intake."""
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_REQUEST_BODY_BYTES
DATA_UPLOAD_MAX_NUMBER_FILES = 1_000
"""As many as a request may carry messages."""
MAX_REQUEST_BODY_SECONDS = 60
MAX_REQUEST_BYTES_AT_ONCE = 4 * MAX_REQUEST_BODY_BYTES
"""Of all requests that a web process is answering: a few of the largest, thousands of common ones."""

MAX_BACKLOG_DOCUMENTS = _whole("SILKGATE_MAX_BACKLOG_DOCUMENTS", 200_000)
MIN_SHARE_DOCUMENTS = _whole("SILKGATE_MIN_SHARE_DOCUMENTS", 5_000)
MIN_FREE_DISK_BYTES = _whole("SILKGATE_MIN_FREE_DISK_MB", 512) * 2**20
STORAGE_PLACES = (_HOME.root, EmbeddedPostgres(_HOME.postgres).data)
"""On the disks of these there must be room; a database server elsewhere looks after its own."""

MAX_EVIDENCE_BYTES = _whole("SILKGATE_MAX_EVIDENCE_BYTES", 20 * 2**20)
EVIDENCE_FOLDER = _HOME.evidence
VIRUS_SCANNER = os.environ.get("SILKGATE_VIRUS_SCANNER", "").strip()

IDENTITY_CHECK = os.environ.get("SILKGATE_IDENTITY_CHECK") or "silkgate.clearance.consumer.proof.knows_a_parcel"

WEBHOOK_NETWORKS = _listed("SILKGATE_WEBHOOK_NETWORKS")

METRICS_TOKEN = os.environ.get("SILKGATE_METRICS_TOKEN", "")

vars().update(accounts.settings())

LOG_SIGNER = "silkgate.site.logkeeping.current_signer"
"""Who signs in the zone's name; rooms below ask for it by this."""

LOGGING = logs.settings()
