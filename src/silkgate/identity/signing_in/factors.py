"""Has a second factor been given in this session? Officers may be required to."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest

from silkgate.identity.models import Officer


def given(request: HttpRequest) -> bool:
    """Whether whoever has signed in here has given, or just set up, a second factor. Reads the session only."""
    return any(record["method"] == "mfa" for record in get_authentication_records(request, request.user))


def missing(request: HttpRequest) -> bool:
    """Whether an officer has signed in without the second factor that this installation requires."""
    required = settings.OFFICERS_NEED_MFA and request.user.is_authenticated
    return bool(required and not given(request) and Officer.objects.filter(user_id=request.user.pk).exists())


@receiver(authenticator_added)
def just_set_up(request: HttpRequest, user: Any, authenticator: Authenticator, **_: object) -> None:
    """Whoever sets one up has shown that it works: they need not sign in again."""
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        record_authentication(request, user, "mfa", type=authenticator.type)
