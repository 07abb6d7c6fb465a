"""Pages of the programs that act for an organisation: /account/clients, for its representatives."""

from __future__ import annotations

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from silkgate.identity import clients
from silkgate.identity.access import action, actor_of, opens, require
from silkgate.identity.domain import REPRESENTATIVE, SCOPES
from silkgate.identity.models import Client, Organisation
from silkgate.ui.moment import at_of
from silkgate.ui.words import spoken

CLIENTS = action(
    "identity.clients", "管理程序接入", "Manage programs that act for the organisation", roles=[REPRESENTATIVE]
)

_WORDS = {scope: spoken(words.zh, words.en) for scope, words in SCOPES.items()}


class NewClient(forms.Form):
    """What a program is called, whose it is and what it may do."""

    organisation = forms.ChoiceField(
        label=spoken("单位", "Organisation"),
        error_messages={
            "required": spoken("请选择单位。", "Choose an organisation."),
            "invalid_choice": spoken("您不是该单位的负责人。", "You do not represent this organisation."),
        },
    )
    name = forms.CharField(
        label=spoken("名称", "Name"),
        help_text=spoken("便于日后辨认，例如“订单系统”。", "To know it by later, such as “order system”."),
        max_length=80,
        error_messages={"required": spoken("请填写名称。", "Give it a name.")},
    )
    scopes = forms.MultipleChoiceField(
        label=spoken("可以办理", "What it may do"),
        choices=list(_WORDS.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": spoken("请至少选择一项。", "Choose at least one.")},
    )
    certificate = forms.CharField(
        label=spoken("客户端证书（PEM）", "Client certificate (PEM)"),
        help_text=spoken(
            "选填。填写后以该证书识别程序，不再发放密钥。",
            "Optional. The program is known by it and gets no secret.",
        ),
        required=False,
        max_length=16_384,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )

    def __init__(self, choices: list[tuple[str, str]], *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.fields["organisation"].choices = choices  # type: ignore[attr-defined]
        if not settings.CLIENT_CERTIFICATE_HEADER:
            del self.fields["certificate"]

    def clean_certificate(self) -> str:
        """The SHA-256 of the certificate, in hexadecimal."""
        pem = self.cleaned_data["certificate"]
        if not pem:
            return ""
        try:
            return x509.load_pem_x509_certificate(pem.encode()).fingerprint(SHA256()).hex()
        except ValueError:
            words = spoken(
                "不是PEM格式的证书。请粘贴以BEGIN CERTIFICATE开头的全文。",
                "This is no certificate in PEM form. Paste all of it, from BEGIN CERTIFICATE on.",
            )
            raise forms.ValidationError(words) from None


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
    named = dict(Organisation.objects.filter(code__in=codes).values_list("code", "name"))
    choices = [(code, f"{name}（{code}）") for code, name in named.items()]
    form = NewClient(choices, request.POST or None, initial={"organisation": request.GET.get("organisation", "")})
    if request.method == "POST" and form.is_valid():
        answer = _make(request, form)
        if answer is not None:
            return answer
    return render(request, "identity/client_new.html", {"form": form})


def _make(request: HttpRequest, form: NewClient) -> HttpResponse | None:
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
        return render(request, "identity/client_end.html", {"client": client})
    at = at_of(request)
    if clients.end(client, by=actor.name, at=at):
        messages.success(request, str(spoken(f"“{client.name}”已停用。", f"“{client.name}” was ended.")))
    return redirect("clients")


urlpatterns = [
    path("account/clients", listed, name="clients"),
    path("account/clients/new", made, name="client-new"),
    path("account/clients/<int:number>/end", ended, name="client-end"),
]
