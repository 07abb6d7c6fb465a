"""POST /oauth/token: a program's id and secret become a token of an hour (RFC 6749 §4.4, client credentials)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.models import AccessToken
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.scopes import SettingsScopes
from oauth2_provider.views import TokenView

from silkgate.identity.access import PUBLIC, opens
from silkgate.identity.models import Client
from silkgate.ui.moment import at_of

MOST_FAILURES = 20
FAILURES_SECONDS = 300


class Scopes(SettingsScopes):
    """What a program may ask for is what it was given."""

    def get_available_scopes(
        self, application: Any = None, request: Any = None, *given: Any, **named: Any
    ) -> list[str]:
        """Of the program that is not ended; of any other nothing."""
        found = Client.objects.filter(client_id=application.client_id, ended_at=None).values_list("scopes", flat=True)
        return list(found.first() or ())

    def get_default_scopes(self, application: Any = None, request: Any = None, *given: Any, **named: Any) -> list[str]:
        """Without a wish it gets all of it."""
        return self.get_available_scopes(application, request)


class Validator(OAuth2Validator):
    """Ids and secrets as the package checks them; an id that no database could hold is an unknown one."""

    def _load_application(self, client_id: str, request: Any) -> Any:
        return super()._load_application(client_id, request) if _sound(client_id) else None


def _sound(client_id: str | None) -> bool:
    return bool(client_id) and len(str(client_id)) <= 100 and str(client_id).isascii() and str(client_id).isprintable()


class ClientCredentials(TokenView):
    """The package's view without its door for devices, which grants something else."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, *given: Any, **named: Any) -> HttpResponse:
        """A token, or an error as RFC 6749 §5.2 has it."""
        answer: HttpResponse = self.authorization_flow_token_response(request)
        return answer


_token_view = ClientCredentials.as_view()


@csrf_exempt
@never_cache
@opens(PUBLIC)
def token(request: HttpRequest) -> HttpResponse:
    """POST /oauth/token. An address that has given too many wrong secrets waits."""
    key = f"identity.token.{request.META.get('REMOTE_ADDR', '')}"
    if cache.get(key, 0) >= MOST_FAILURES:
        return JsonResponse(
            {"error": "slow_down", "error_description": "尝试次数过多，请稍后再试。 Too many wrong attempts; wait."},
            status=HTTPStatus.TOO_MANY_REQUESTS,
            headers={"Retry-After": str(FAILURES_SECONDS)},
        )
    response: HttpResponse = _token_view(request)
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        cache.add(key, 0, FAILURES_SECONDS)
        cache.incr(key)
    elif response.status_code == HTTPStatus.OK:
        # Those that are over are of no use to anybody.
        AccessToken.objects.filter(expires__lt=at_of(request)).delete()
    return response


urlpatterns = [path("oauth/token", token, name="oauth-token")]
