"""Pages of identity under /account/: one's account, one's organisations with members, delegations, certificates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, register_converter, reverse
from django.views.decorators.http import require_GET, require_http_methods

from silkgate.identity import actions, client_pages, queries, tokens
from silkgate.identity.access import ACTIONS, Denied, action, actor_of, may, opens
from silkgate.identity.domain import AGENCIES, DUTIES, PURPOSES, ROLES, SCOPES
from silkgate.identity.forms import CertificateForm, DelegationForm, InvitationForm, OrganisationForm
from silkgate.identity.models import AccessRecord
from silkgate.identity.signing_in import views as signing_in
from silkgate.kernel.clock import CHINA, china_day
from silkgate.kernel.text import Text
from silkgate.ui.links import asked, asked_number
from silkgate.ui.moment import at_of
from silkgate.ui.shapes import Chip, Pager
from silkgate.ui.templatetags.ui import text
from silkgate.ui.words import spoken

ACCOUNT = action("identity.account", "查看本人账户", "See one’s own account", signed_in=True)
REGISTER = action("identity.register", "登记单位", "Register an organisation", signed_in=True)
ORGANISATION = action(
    "identity.organisation",
    "查看单位的成员、委托和证书",
    "See an organisation’s members, delegations and certificates",
    roles=["filer", "declarant", "reader"],
    duties=["accounts"],
)
MANAGE = action(
    "identity.manage",
    "管理单位的成员、委托和证书",
    "Manage an organisation’s members, delegations and certificates",
    roles=["representative"],
)
ACCESSES = action(
    "identity.accesses",
    "查看单位信息的访问记录",
    "See who read an organisation’s data",
    roles=["representative"],
    duties=["audit"],
)
AUDIT = action("identity.audit", "查看全部访问记录", "See the whole access log", duties=["audit"])
OPEN = action("identity.open", "核验身份并邀请负责人", "Invite an organisation’s representative", duties=["accounts"])

PAGE_LINES = 50
_FORBIDDEN = Text("该请求不被允许。", "The request is not allowed.")
View = Callable[..., HttpResponse]
_get_or_post = require_http_methods(["GET", "HEAD", "POST"])


class CodeConverter:
    """An organisation's code in an address."""

    regex = "[0-9A-Z]{18}|[0-9A-Z]{10}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(CodeConverter, "organisation")


def denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page of every 403: what is missing and what to do, in both languages."""
    what = exception.text if isinstance(exception, Denied) else _FORBIDDEN
    return render(request, "identity/denied.html", {"what": what}, status=403)


def _done(request: HttpRequest, what: Callable[[], Any], form: forms.Form | None = None) -> Any:
    """What the action gives; None where it was refused, which is then said in the form, or as a notice."""
    try:
        return what()
    except actions.RefusedError as refused:
        if form is None:
            messages.warning(request, text(refused.text))
        else:
            form.add_error(refused.field if refused.field in form.fields else None, spoken(*refused.text))
    return None


# --- One's account ----------------------------------------------------------------------------------------------------


@opens(ACCOUNT)
@require_GET
def account(request: HttpRequest) -> HttpResponse:
    """GET /account/: organisations and roles of whoever has signed in, what was delegated, an officer's duties."""
    actor = actor_of(request)
    context = {
        "actor": actor,
        "own": queries.places(dict(actor.roles), ROLES),
        "delegated": queries.places(dict(actor.scopes), SCOPES),
        "agency": AGENCIES.get(actor.agency),
        "duties": [words for duty, words in DUTIES.items() if duty in actor.duties],
        "may_audit": may(request, AUDIT),
        "may_open": may(request, OPEN),
    }
    return render(request, "identity/account.html", context)


@opens(REGISTER)
@_get_or_post
def register(request: HttpRequest) -> HttpResponse:
    """GET, POST /account/organisations/new: register an organisation; one becomes its representative."""
    form = OrganisationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data

        def act() -> Any:
            return actions.register(given["code"], given["name"], actor=actor_of(request), at=at_of(request))

        made = _done(request, act, form)
        if made:
            messages.success(request, spoken("单位已登记，您是负责人。", "Registered. You are its representative."))
            return redirect("organisation", code=made.code)
    return render(request, "identity/register.html", {"form": form})


@opens(OPEN)
@_get_or_post
def opening(request: HttpRequest) -> HttpResponse:
    """GET, POST /account/opening: for officers who have seen the licence: invite a representative."""
    form = OrganisationForm(request.POST or None)
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data

        def act() -> Any:
            return actions.open_for(given["code"], given["name"], actor=actor_of(request), at=at_of(request))

        secret = _done(request, act, form)
        if secret:
            return _invited(request, secret, given["name"], ROLES["representative"], reverse("account"))
    return render(request, "identity/opening.html", context)


def _invited(request: HttpRequest, secret: str, name: str, role: Text, back: str) -> HttpResponse:
    link = request.build_absolute_uri(f"{reverse('invitation')}?secret={secret}")
    context = {"link": link, "name": name, "role": role, "days": actions.INVITATION_DAYS, "back": back}
    response = render(request, "identity/invited.html", context)
    # It is shown once: no copy is to stay in a cache.
    response["Cache-Control"] = "no-store"
    return response


@opens(ACCOUNT)
@_get_or_post
def invitation(request: HttpRequest) -> HttpResponse:
    """GET, POST /account/invitation?secret=: what an invitation offers; POST takes it.

    The secret is in the query because the log of requests keeps addresses without it.
    """
    secret = request.POST.get("secret", "") or request.GET.get("secret", "")
    if request.method == "POST":
        joined = _done(request, lambda: actions.accept(secret, actor=actor_of(request), at=at_of(request)))
        if joined:
            messages.success(request, spoken("已加入单位。", "You have joined."))
            return redirect("organisation", code=joined.code)
    context = {"offer": queries.offer(secret, at_of(request)), "secret": secret}
    response = render(request, "identity/invitation.html", context)
    response["Cache-Control"] = "no-store"
    return response


# --- An organisation --------------------------------------------------------------------------------------------------

_TABS = (
    ("organisation", Text("成员", "Members"), ORGANISATION),
    ("delegations", Text("委托", "Delegations"), ORGANISATION),
    ("certificates", Text("证书", "Certificates"), ORGANISATION),
    ("accesses", Text("访问记录", "Access log"), ACCESSES),
)


def _frame(request: HttpRequest, code: str, here: str, **context: Any) -> dict[str, Any]:
    """What every page of an organisation has. Raises Http404 where there is none with this code."""
    found = queries.organisation(code)
    if found is None:
        raise Http404
    tabs = tuple(
        Chip(words, reverse(name, args=[code]), name == here) for name, words, what in _TABS if may(request, what, code)
    )
    return {
        "organisation_here": found,
        "tabs": tabs,
        "may_manage": may(request, MANAGE, code),
        "moment": at_of(request),
        **context,
    }


@opens(ORGANISATION, of="code")
@require_GET
def organisation(request: HttpRequest, code: str) -> HttpResponse:
    """GET /account/organisations/<code>: who may act for it, and who is invited."""
    at = at_of(request)
    context = _frame(
        request,
        code,
        "organisation",
        members=queries.members(code, at),
        invitations=queries.invitations(code, at),
        user_id=actor_of(request).user_id,
    )
    return render(request, "identity/members.html", context)


@opens(MANAGE, of="code")
@_get_or_post
def invite(request: HttpRequest, code: str) -> HttpResponse:
    """GET, POST /account/organisations/<code>/invite: a link that gives whoever follows it a role, shown once."""
    form = InvitationForm(request.POST or None)
    context = _frame(request, code, "organisation", form=form)
    if request.method == "POST" and form.is_valid():
        role = form.cleaned_data["role"]
        secret = _done(request, lambda: actions.invite(code, role, actor=actor_of(request), at=at_of(request)), form)
        if secret:
            back = reverse("organisation", args=[code])
            return _invited(request, secret, context["organisation_here"].name, ROLES[role], back)
    return render(request, "identity/invite.html", context)


def _confirmed(
    request: HttpRequest, code: str, here: str, act: Callable[[], None], title: Text, effect: Text, done: Text
) -> HttpResponse:
    """Asks before something ends for good; the POST does it and goes back to the list."""
    if request.method == "POST":
        try:
            act()
            messages.success(request, text(done))
        except actions.RefusedError as refused:
            messages.warning(request, text(refused.text))
        return redirect(here, code=code)
    context = _frame(request, code, here, title=title, effect=effect, back=reverse(here, args=[code]))
    return render(request, "identity/confirm.html", context)


@opens(MANAGE, of="code")
@_get_or_post
def end_membership(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """GET, POST /account/organisations/<code>/members/<number>/end: asks, then ends a person's role."""
    member = next((one for one in queries.members(code, at_of(request)) if one.id == number), None)
    if member is None:
        raise Http404
    return _confirmed(
        request,
        code,
        "organisation",
        lambda: actions.end_membership(code, number, actor=actor_of(request), at=at_of(request)),
        Text(f"结束{member.name}的“{member.role.zh}”角色", f"End {member.name}’s role: {member.role.en}"),
        Text(
            "该成员从现在起不能再以此角色办理任何事项，此前办理的不受影响。",
            "From now on this person can do nothing in this role. What was done before stands.",
        ),
        Text("角色已结束。", "The role has ended."),
    )


@opens(MANAGE, of="code")
@_get_or_post
def withdraw(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """GET, POST /account/organisations/<code>/invitations/<number>/withdraw: asks, then ends an invitation."""
    if not any(one.id == number for one in queries.invitations(code, at_of(request))):
        raise Http404
    return _confirmed(
        request,
        code,
        "organisation",
        lambda: actions.withdraw(code, number, actor=actor_of(request), at=at_of(request)),
        Text("撤回邀请", "Withdraw the invitation"),
        Text("已发出的链接立即失效。", "The link stops working at once."),
        Text("邀请已撤回。", "The invitation is withdrawn."),
    )


# --- Delegations ------------------------------------------------------------------------------------------------------


@opens(ORGANISATION, of="code")
@require_GET
def delegations(request: HttpRequest, code: str) -> HttpResponse:
    """GET /account/organisations/<code>/delegations: what it lets agents do, and what others let it do."""
    given, received = queries.delegations(code, at_of(request))
    return render(
        request, "identity/delegations.html", _frame(request, code, "delegations", given=given, received=received)
    )


@opens(MANAGE, of="code")
@_get_or_post
def delegate(request: HttpRequest, code: str) -> HttpResponse:
    """GET, POST /account/organisations/<code>/delegations/new: let an agent act, for what and how long."""
    today = china_day(at_of(request))
    form = DelegationForm(request.POST or None, today=today, initial={"since": today})
    context = _frame(request, code, "delegations", form=form)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        since = datetime.combine(given["since"], time(), CHINA)
        # The last day counts in full.
        until = datetime.combine(given["until"] + timedelta(days=1), time(), CHINA)

        def act() -> Any:
            actor, at = actor_of(request), at_of(request)
            return actions.delegate(code, given["agent"], given["scopes"], since, until, actor=actor, at=at)

        if _done(request, act, form):
            messages.success(request, spoken("委托已生效或将按期生效。", "The delegation holds from its first day."))
            return redirect("delegations", code=code)
    return render(request, "identity/delegate.html", context)


@opens(MANAGE, of="code")
@_get_or_post
def end_delegation(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """GET, POST /account/organisations/<code>/delegations/<number>/end: asks, then ends a delegation; either side."""
    sides = queries.delegations(code, at_of(request))
    found = next((one for side in sides for one in side if one.id == number and not one.ended), None)
    if found is None:
        raise Http404
    return _confirmed(
        request,
        code,
        "delegations",
        lambda: actions.end_delegation(code, number, actor=actor_of(request), at=at_of(request)),
        Text(f"结束与{found.other_name}的委托", f"End the delegation with {found.other_name}"),
        Text(
            "代理单位从现在起不能再代办，不能恢复，可另行委托。",
            "The agent can do nothing more; delegate anew to resume.",
        ),
        Text("委托已结束。", "The delegation has ended."),
    )


# --- Certificates -----------------------------------------------------------------------------------------------------


@opens(ORGANISATION, of="code")
@require_GET
def certificates(request: HttpRequest, code: str) -> HttpResponse:
    """GET /account/organisations/<code>/certificates: with which certificates its messages are signed."""
    filed = queries.certificates(code, at_of(request))
    return render(request, "identity/certificates.html", _frame(request, code, "certificates", filed=filed))


@opens(MANAGE, of="code")
@_get_or_post
def file_certificate(request: HttpRequest, code: str) -> HttpResponse:
    """GET, POST /account/organisations/<code>/certificates/new: a PEM file; nothing of one that is refused is kept."""
    form = CertificateForm(request.POST or None, request.FILES or None)
    context = _frame(request, code, "certificates", form=form)
    if request.method == "POST" and form.is_valid():
        # One byte more than allowed is enough to know.
        data = form.cleaned_data["pem"].read(actions.MOST_CERTIFICATE_BYTES + 1)

        def act() -> Any:
            return actions.file_certificate(code, data, actor=actor_of(request), at=at_of(request))

        if _done(request, act, form):
            messages.success(request, spoken("证书已备案，即时生效。", "The certificate is filed and counts from now."))
            return redirect("certificates", code=code)
    return render(request, "identity/certificate.html", context)


@opens(MANAGE, of="code")
@_get_or_post
def revoke(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """GET, POST /account/organisations/<code>/certificates/<number>/revoke: asks, then revokes for good."""
    filed = queries.certificates(code, at_of(request))
    found = next((one for one in filed if one.id == number and one.revoked_at is None), None)
    if found is None:
        raise Http404
    return _confirmed(
        request,
        code,
        "certificates",
        lambda: actions.revoke(code, number, actor=actor_of(request), at=at_of(request)),
        Text("撤销证书", "Revoke the certificate"),
        Text(
            f"{found.subject}：此后用它签名的报文一律拒收，不能恢复。",
            f"{found.subject}: messages signed with it are rejected from now on. This cannot be undone.",
        ),
        Text("证书已撤销。", "The certificate is revoked."),
    )


# --- Who read what ----------------------------------------------------------------------------------------------------

_KINDS = {"": Text("全部", "All"), "read": Text("读取", "Read"), "denied": Text("拒绝", "Denied")}


def _log(request: HttpRequest, here: str, codes: list[str] | None) -> dict[str, Any]:
    """A page of the access log at the address `here`."""
    kind, before = asked(request, "kind", _KINDS), asked_number(request, "before")
    allowed = {"read": True, "denied": False}.get(kind)
    page = queries.accesses(codes, allowed=allowed, before=before, limit=PAGE_LINES)
    first = here + (f"?kind={kind}" if kind else "")
    older = f"{first}{'&' if kind else '?'}before={page.older}" if page.older else ""
    return {
        "rows": [_shown(row) for row in page.rows],
        "kinds": tuple(
            Chip(words, here + (f"?kind={key}" if key else ""), key == kind) for key, words in _KINDS.items()
        ),
        "pager": Pager(first if before else "", older),
    }


def _shown(row: AccessRecord) -> dict[str, Any]:
    what = ACTIONS.get(row.action)
    return {
        "row": row,
        "mark": "released" if row.allowed else "refused",
        "answer": _KINDS["read" if row.allowed else "denied"],
        "agency": AGENCIES.get(row.agency),
        "what": what.words if what else row.action,
        "purpose": PURPOSES.get(row.purpose, row.purpose),
    }


@opens(ACCESSES, of="code")
@require_GET
def accesses(request: HttpRequest, code: str) -> HttpResponse:
    """GET /account/organisations/<code>/access: who read personal data that is the organisation's, or was denied."""
    log = _log(request, reverse("accesses", args=[code]), [code])
    return render(request, "identity/accesses.html", _frame(request, code, "accesses", **log))


@opens(AUDIT)
@require_GET
def audit(request: HttpRequest) -> HttpResponse:
    """GET /account/access: the same of everybody, for officers charged with it."""
    return render(request, "identity/audit.html", _log(request, reverse("audit"), None))


_ONE = "account/organisations/<organisation:code>"

urlpatterns = [
    path("account/", account, name="account"),
    path("account/access", audit, name="audit"),
    path("account/opening", opening, name="opening"),
    path("account/invitation", invitation, name="invitation"),
    path("account/organisations/new", register, name="register"),
    path(_ONE, organisation, name="organisation"),
    path(f"{_ONE}/invite", invite, name="invite"),
    path(f"{_ONE}/members/<int:number>/end", end_membership, name="member-end"),
    path(f"{_ONE}/invitations/<int:number>/withdraw", withdraw, name="invitation-withdraw"),
    path(f"{_ONE}/delegations", delegations, name="delegations"),
    path(f"{_ONE}/delegations/new", delegate, name="delegate"),
    path(f"{_ONE}/delegations/<int:number>/end", end_delegation, name="delegation-end"),
    path(f"{_ONE}/certificates", certificates, name="certificates"),
    path(f"{_ONE}/certificates/new", file_certificate, name="certificate-new"),
    path(f"{_ONE}/certificates/<int:number>/revoke", revoke, name="certificate-revoke"),
    path(f"{_ONE}/access", accesses, name="accesses"),
    *signing_in.urlpatterns,
    *client_pages.urlpatterns,
    *tokens.urlpatterns,
]
