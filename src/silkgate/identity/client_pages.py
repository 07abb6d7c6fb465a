"""Pages of the programs that act for an organisation: /account/clients, for its representatives."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from silkgate.identity import clients, queries
from silkgate.identity.access import action, actor_of, opens, require
from silkgate.identity.domain import REPRESENTATIVE, SCOPES
from silkgate.identity.forms import ClientForm
from silkgate.identity.models import Client, Organisation
from silkgate.ui.moment import at_of
from silkgate.ui.words import spoken

CLIENTS = action(
    "identity.clients", "管理程序接入", "Manage programs that act for the organisation", roles=[REPRESENTATIVE]
)


@opens(CLIENTS, anywhere=True)
@never_cache
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """GET /account/clients: the programs of the organisations that one represents."""
    codes = CLIENTS.where(actor_of(request))
    return render(request, "identity/clients.html", {"clients": clients.of(codes), "words": SCOPES})


@opens(CLIENTS, anywhere=True)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def made(request: HttpRequest) -> HttpResponse:
    """GET, POST /account/clients/new: its secret is shown in the answer, once."""
    codes = CLIENTS.where(actor_of(request))
    choices = [(code, f"{name}（{code}）") for code, name in queries.organisation_names(codes).items()]
    form = ClientForm(choices, request.POST or None, initial={"organisation": request.GET.get("organisation", "")})
    if request.method == "POST" and form.is_valid():
        answer = _make(request, form)
        if answer is not None:
            return answer
    return render(request, "identity/client_new.html", {"form": form})


def _make(request: HttpRequest, form: ClientForm) -> HttpResponse | None:
    """The page with the secret; None where the certificate is another program's."""
    given = form.cleaned_data
    actor = require(request, CLIENTS, given["organisation"])
    organisation = Organisation.objects.get(code=given["organisation"])
    at = at_of(request)
    certificate = given.get("certificate", "")
    try:
        new = clients.make(organisation, given["name"], given["scopes"], by=actor.name, at=at, certificate=certificate)
    except clients.TakenError:
        words = spoken("另一程序已使用这张证书。", "Another program is known by this certificate.")
        form.add_error("certificate", words)
        return None
    context = {"client": new.client, "secret": new.secret, "token_address": reverse("oauth-token"), "words": SCOPES}
    return render(request, "identity/client_made.html", context)


@opens(CLIENTS, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def ended(request: HttpRequest, number: int) -> HttpResponse:
    """GET, POST /account/clients/<number>/end: asks; the POST ends it at once and for good."""
    client = Client.objects.filter(id=number).select_related("organisation").first()
    if client is None:
        raise Http404
    actor = require(request, CLIENTS, client.organisation.code, subject=f"client {client.client_id}")
    if request.method != "POST":
        return render(request, "identity/client_end.html", {"client": client, "back": reverse("clients")})
    at = at_of(request)
    if clients.end(client, by=actor.name, at=at):
        messages.success(request, str(spoken(f"“{client.name}”已停用。", f"“{client.name}” was ended.")))
    return redirect("clients")


urlpatterns = [
    path("account/clients", listed, name="clients"),
    path("account/clients/new", made, name="client-new"),
    path("account/clients/<int:number>/end", ended, name="client-end"),
]
