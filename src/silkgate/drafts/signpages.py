"""Pages of signing and sending a draft, and what all pages of drafts share."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from silkgate.drafts import access, actions, forms, queries
from silkgate.drafts.domain import KINDS, Problem, kind_of
from silkgate.drafts.models import Draft
from silkgate.drafts.signing import MAX_VALUE_BYTES, SignatureRefusedError, to_sign
from silkgate.identity.api import Action, actor_of, opens, organisation_names, purpose_of, record, require
from silkgate.kernel.text import Text
from silkgate.standards.xmldsig import Certificate
from silkgate.ui.links import address
from silkgate.ui.moment import at_of

STATE_WORDS = {
    queries.OPEN: (Text("填写中", "Open"), "waiting"),
    queries.STALE: (Text("久未处理", "Stale"), "waiting"),
    queries.SIGNED: (Text("已签名，未送达", "Signed, not sent"), "held"),
    queries.SENT: (Text("已发送", "Sent"), "released"),
}


# --- What pages share -------------------------------------------------------------------------------------------------


def organisation_of(request: HttpRequest, what: Action) -> str:
    """The organisation named, or the only one there is; empty: there is a choice. Raises Http404 for a stranger's."""
    named = (request.POST.get("organisation") or request.GET.get("organisation", ""))[:40].replace("\0", "")
    actor = actor_of(request)
    own = what.where(actor)
    if named and not what.allows(actor, named):
        record(request, what, named, subject=request.path, allowed=False)
        raise Http404
    return named or (own[0] if len(own) == 1 else "")


def choose(request: HttpRequest, what: Action, name: str, **query: str) -> HttpResponse:
    """Asks for which organisation."""
    codes = what.where(actor_of(request))
    names = organisation_names(codes)
    choices = [(code, names.get(code, ""), address(name, organisation=code, **query)) for code in codes]
    return render(request, "drafts/choose.html", {"choices": choices})


def own_draft(request: HttpRequest, number: int, what: Action = access.WRITE) -> Draft:
    """The draft of this number, for whoever may do `what` for its organisation. Raises Http404, Denied."""
    found = queries.draft(number)
    if found is None:
        raise Http404
    purpose = purpose_of(actor_of(request))
    require(request, what, found.organisation_code, subject=f"drafts/{number}", purpose=purpose)
    return found


def kind_asked(request: HttpRequest) -> str:
    """The kind that the address or form names; empty: none that is typed by hand."""
    kind = request.POST.get("kind") or request.GET.get("kind", "")
    return kind if kind in KINDS else ""


def paper_of(draft: Draft, at: datetime) -> dict[str, Any]:
    """What the document on paper shows."""
    form = forms.shown(draft.kind, queries.content(draft))
    state = STATE_WORDS[queries.state_of(draft, at)]
    return {"draft": draft, "kind": kind_of(draft.kind), "form": form, "state": state}


# --- Signing ----------------------------------------------------------------------------------------------------------


def stamped(number: int, at: datetime) -> HttpResponse:
    """Give the draft its time and go to the page where it is signed; back to the form where something is wrong."""
    try:
        actions.stamp(number, at=at)
    except actions.NotReadyError:
        return redirect(reverse("draft", args=[number]) + "?told=1")
    except actions.SentError:
        return redirect("draft", number=number)
    return redirect("draft-sign", number=number)


@opens(access.WRITE, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def sign(request: HttpRequest, number: int) -> HttpResponse:
    """GET, POST /drafts/<number>/sign: what is signed, with which certificate, in the browser or elsewhere."""
    found = own_draft(request, number)
    if found.signed is not None:
        return redirect("draft", number=number)
    if request.method == "POST" or found.stamped_at is None:
        if request.method == "POST":
            return stamped(number, at_of(request))
        return redirect("draft", number=number)
    return _sign_page(request, found)


def _chosen(request: HttpRequest, draft: Draft) -> tuple[tuple[Certificate, ...], Certificate | None]:
    """The certificates that the organisation can sign with, and the one asked for, else the newest."""
    filed = queries.certificates(draft.organisation_code, at_of(request))
    named = request.POST.get("certificate") or request.GET.get("certificate", "")
    return filed, next((one for one in filed if one.fingerprint == named), filed[-1] if filed else None)


def _sign_page(
    request: HttpRequest, draft: Draft, problems: tuple[Problem, ...] = (), told: Text | None = None, status: int = 200
) -> HttpResponse:
    filed, chosen = _chosen(request, draft)
    asked = to_sign(queries.unsigned(draft), chosen) if chosen else None
    context = {
        **paper_of(draft, at_of(request)),
        "filed": filed,
        "chosen": chosen,
        "asked": asked,
        "octets": base64.b64encode(asked.octets).decode() if asked else "",
        "told": told,
        "problems": problems,
    }
    return render(request, "drafts/sign.html", context, status=status)


@opens(access.WRITE, anywhere=True)
@require_GET
def signed_info(request: HttpRequest, number: int) -> HttpResponse:
    """GET /drafts/<number>/signedinfo.xml?certificate=…: the bytes that a key elsewhere is to sign."""
    found = own_draft(request, number)
    _, chosen = _chosen(request, found)
    if found.stamped_at is None or found.signed is not None or chosen is None:
        # There is nothing to sign; that page says why.
        return redirect("draft-sign", number=number)
    return HttpResponse(
        to_sign(queries.unsigned(found), chosen).octets,
        content_type="application/octet-stream",
        headers={"Content-Disposition": 'attachment; filename="signedinfo.xml"'},
    )


@opens(access.SEND, anywhere=True)
@require_POST
def send(request: HttpRequest, number: int) -> HttpResponse:
    """POST /drafts/<number>/send: the signature comes back, the message goes out, once."""
    found = own_draft(request, number, access.SEND)
    if found.message_id is not None:
        return redirect("draft", number=number)
    uploaded = request.FILES.get("signature_file")
    value = request.POST.get("signature", "").encode() if uploaded is None else uploaded.read(MAX_VALUE_BYTES + 1)
    try:
        actions.send(
            actor_of(request),
            number,
            request.POST.get("certificate", "")[:64],
            value,
            origin=request.META.get("REMOTE_ADDR", ""),
            at=at_of(request),
        )
    except SignatureRefusedError as refused:
        return _refused(request, number, refused.text)
    except actions.NotReadyError as refused:
        told = Text("平台不会接收这份报文：", "The platform would not take this message:")
        return _refused(request, number, told, tuple(refused.problems))
    except actions.UnavailableError as refused:
        return _refused(request, number, refused.text, status=503)
    return redirect("draft", number=number)


def _refused(
    request: HttpRequest, number: int, told: Text, problems: tuple[Problem, ...] = (), status: int = 422
) -> HttpResponse:
    draft = queries.draft(number)
    if draft is None:
        raise Http404
    if draft.signed is not None or draft.stamped_at is None:
        return render(request, "drafts/unsent.html", {"draft": draft, "told": told}, status=status)
    return _sign_page(request, draft, problems, told, status)


urlpatterns = [
    path("drafts/<int:number>/sign", sign, name="draft-sign"),
    path("drafts/<int:number>/signedinfo.xml", signed_info, name="draft-signedinfo"),
    path("drafts/<int:number>/send", send, name="draft-send"),
]
