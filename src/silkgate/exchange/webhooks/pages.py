"""Pages of an organisation's webhooks: /webhooks, for those who may manage them over the interface, too."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from silkgate.exchange.models import Delivery, Subscription
from silkgate.exchange.webhooks import deliver, events, subscriptions
from silkgate.exchange.webhooks.guard import MAX_URL_CHARACTERS, AddressRefusedError, target
from silkgate.exchange.webhooks.rest import SUBSCRIBE, mine, own
from silkgate.identity.api import actor_of, opens, organisation_names, require
from silkgate.journal import api as journal
from silkgate.kernel.text import Text
from silkgate.ui.links import address, asked_number
from silkgate.ui.moment import at_of
from silkgate.ui.problems import ProblemError
from silkgate.ui.shapes import Pager
from silkgate.ui.states import State
from silkgate.ui.words import spoken

PAGE_LINES = 50

_ACTIVE = State("active", "released", Text("正常", "Working"), Text("有事件即推送。", "Events are delivered."))
_FAILING = State(
    "failing",
    "held",
    Text("推送失败", "Failing"),
    Text("最近的推送没有送达，正在重试。", "Deliveries fail; it is tried again."),
)
_PAUSED = State(
    "paused",
    "waiting",
    Text("已暂停", "Paused"),
    Text("不推送；恢复后补推。", "Nothing is delivered; resumed, it catches up."),
)
_DISABLED = State(
    "disabled",
    "refused",
    Text("已停用", "Disabled"),
    Text("持续失败，已停止推送。", "It kept failing; deliveries have stopped."),
)
_DELIVERED = State("delivered", "released", Text("已送达", "Delivered"), Text("对方已接收。", "It was taken."))
_WAITING = State(
    "waiting", "waiting", Text("待推送", "Waiting"), Text("等待下一次推送。", "It waits for the next attempt.")
)
_GIVEN_UP = State(
    "given_up", "refused", Text("已放弃", "Given up"), Text("多次失败，不再推送。", "It failed too often.")
)


_LIMITS = {
    "kept": deliver.KEPT_FOR.days,
    "tries": len(deliver.RETRIES),
    "days": round(sum(deliver.RETRIES, timedelta()) / timedelta(days=1)),
    "failing": deliver.DISABLED_AFTER.days,
}
"""What the page says of trying again, in days and times."""


def state_of(row: Subscription) -> State:
    """How a webhook stands."""
    if row.disabled_at:
        return _PAUSED if row.disabled_because == "ended" else _DISABLED
    return _FAILING if row.failing_since else _ACTIVE


def state_of_delivery(row: Delivery) -> State:
    """How a delivery stands."""
    return _DELIVERED if row.delivered_at else _WAITING if row.due_at else _GIVEN_UP


class NewWebhook(forms.Form):
    """Whose it is, where it leads, what is told."""

    organisation = forms.ChoiceField(
        label=spoken("单位", "Organisation"),
        error_messages={
            "required": spoken("请选择单位。", "Choose an organisation."),
            "invalid_choice": spoken("您不能为该单位管理推送。", "You may not manage webhooks of this organisation."),
        },
    )
    url = forms.CharField(
        label=spoken("推送地址", "Address"),
        help_text=spoken(
            "https地址，须能从互联网访问；事件以POST推送到这里。",
            "An https address on the public internet; events are posted there.",
        ),
        max_length=MAX_URL_CHARACTERS,
        error_messages={
            "required": spoken("请填写推送地址。", "Give the address."),
            "max_length": spoken("地址至多500个字符。", "The address has at most 500 characters."),
        },
        widget=forms.TextInput(attrs={"inputmode": "url", "size": 60, "spellcheck": "false", "autocomplete": "off"}),
    )
    types = forms.MultipleChoiceField(
        label=spoken("推送哪些事件", "Events to be told of"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": spoken("请至少选择一种事件。", "Choose at least one type of event."),
            "invalid_choice": spoken("没有这种事件。", "There is no such type of event."),
        },
    )

    def __init__(self, codes: list[str], *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        known = organisation_names(codes)
        self.fields["organisation"].choices = [  # type: ignore[attr-defined]
            (code, f"{known[code]}（{code}）" if code in known else code) for code in codes
        ]
        self.fields["types"].choices = [  # type: ignore[attr-defined]
            (name, spoken(f"{one.words.zh}：{one.when.zh}", f"{one.words.en}: {one.when.en}"))
            for name, one in sorted(journal.TYPES.items())
        ]

    def clean_url(self) -> str:
        """An address that may be called."""
        url: str = self.cleaned_data["url"].strip()
        try:
            target(url)
        except AddressRefusedError as error:
            zh, en = error.text
            raise forms.ValidationError(spoken(f"推送地址{zh}。", f"The address: {en}.")) from error
        return url


_TOO_MANY = spoken(
    f"该单位已有{subscriptions.PER_ORGANISATION}个在用的推送，请先暂停或删除不用的。",
    f"The organisation has {subscriptions.PER_ORGANISATION} in use; pause or delete one that is not needed first.",
)


@opens(SUBSCRIBE, anywhere=True)
@never_cache
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """GET /webhooks: those of one's own organisations, newest first."""
    codes, before = own(request), asked_number(request, "before")
    rows = Subscription.objects.filter(organisation_code__in=codes).order_by("-id")
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows[: PAGE_LINES + 1])
    more = address("webhooks", before=found[PAGE_LINES - 1].pk) if len(found) > PAGE_LINES else ""
    context = {
        "lines": [(row, state_of(row)) for row in found[:PAGE_LINES]],
        "several": len(codes) > 1,
        "may_make": bool(codes),
        "pager": Pager(address("webhooks") if before is not None else "", more),
    }
    return render(request, "exchange/webhooks.html", context)


@opens(SUBSCRIBE, anywhere=True)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def made(request: HttpRequest) -> HttpResponse:
    """GET, POST /webhooks/new: its secret is shown in the answer, once."""
    codes = own(request)
    form = NewWebhook(codes, request.POST or None, initial={"organisation": request.GET.get("organisation", "")})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        actor = require(request, SUBSCRIBE, given["organisation"], subject="webhooks")
        try:
            row, secret = subscriptions.make(
                given["organisation"], given["url"], given["types"], actor.name, at_of(request)
            )
        except subscriptions.TooManyError:
            form.add_error(None, _TOO_MANY)
        else:
            return render(request, "exchange/webhook_secret.html", {"webhook": row, "secret": secret, "new": True})
    status = 422 if form.errors else 200
    return render(request, "exchange/webhook_new.html", {"form": form, "own": bool(codes)}, status=status)


@opens(SUBSCRIBE, anywhere=True)
@never_cache
@require_GET
def one(request: HttpRequest, number: int) -> HttpResponse:
    """GET /webhooks/<number>: how it stands, and what became of each delivery, newest events first."""
    row = _mine(request, number)
    before = asked_number(request, "before")
    rows = Delivery.objects.filter(subscription=row).order_by("-event_id")
    if before is not None:
        rows = rows.filter(event_id__lt=before)
    found = list(rows[: PAGE_LINES + 1])
    kinds = _kinds([line.event_id for line in found[:PAGE_LINES]])
    here = reverse("webhook", args=[number])
    more = f"{here}?before={found[PAGE_LINES - 1].event_id}#deliveries" if len(found) > PAGE_LINES else ""
    context = {
        "webhook": row,
        "state": state_of(row),
        "name": organisation_names([row.organisation_code]).get(row.organisation_code, ""),
        "types": [(kind, _words(kind)) for kind in row.types],
        "lines": [
            (line, events.name(line.event_id), kinds.get(line.event_id), state_of_delivery(line))
            for line in found[:PAGE_LINES]
        ],
        "limits": _LIMITS,
        "both_until": row.former_until if row.former_until and row.former_until > at_of(request) else None,
        "pager": Pager(f"{here}#deliveries" if before is not None else "", more),
    }
    return render(request, "exchange/webhook.html", context)


def _kinds(numbers: list[int]) -> dict[int, Text | None]:
    """Types of events in words, by number."""
    with connection.cursor() as cursor:
        found = journal.numbered(cursor, sorted(number for number in numbers if number != events.TRIAL))
    return {number: _words(event.kind) for number, event in found.items()} | {events.TRIAL: _TRIAL}


_TRIAL = Text("试推送", "trial")


def _words(kind: str) -> Text | None:
    """A type of event in words; None for one that an earlier release knew."""
    return journal.TYPES[kind].words if kind in journal.TYPES else None


_DONE = {
    "trial": spoken(
        "试推送已排队，几秒钟后在下面看结果。", "A trial is on its way; its result is below in some seconds."
    ),
    "pause": spoken("已暂停。恢复后补推其间的事件。", "Paused. Resumed, it delivers what happened meanwhile."),
    "resume": spoken("已恢复，正在补推其间的事件。", "Resumed; what happened meanwhile is being delivered."),
}


@opens(SUBSCRIBE, anywhere=True)
@require_POST
def changed(request: HttpRequest, number: int) -> HttpResponse:
    """POST /webhooks/<number>/change: a trial, a pause, or going on after one; `do` says which."""
    row, at = _mine(request, number), at_of(request)
    what = request.POST.get("do", "")
    if what == "trial":
        subscriptions.trial(row, at)
    elif what == "pause":
        subscriptions.end(row, "ended", actor_of(request).name, at)
    elif what == "resume":
        try:
            subscriptions.resume(row, at)
        except subscriptions.TooManyError:
            messages.error(request, _TOO_MANY)
            return redirect("webhook", number=number)
    else:
        raise Http404
    messages.success(request, _DONE[what])
    return redirect("webhook", number=number)


@opens(SUBSCRIBE, anywhere=True)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def rotated(request: HttpRequest, number: int) -> HttpResponse:
    """GET, POST /webhooks/<number>/secret: asks; the POST makes a new secret and shows it, once."""
    row = _mine(request, number)
    if request.method != "POST":
        return render(request, "exchange/webhook_rotate.html", _asked(row))
    secret = subscriptions.rotate(row, at_of(request))
    return render(request, "exchange/webhook_secret.html", {"webhook": row, "secret": secret, "new": False})


@opens(SUBSCRIBE, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def deleted(request: HttpRequest, number: int) -> HttpResponse:
    """GET, POST /webhooks/<number>/delete: asks; the POST forgets it for good."""
    row = _mine(request, number)
    if request.method != "POST":
        return render(request, "exchange/webhook_delete.html", _asked(row))
    subscriptions.delete(row, actor_of(request).name, at_of(request))
    messages.success(request, spoken("推送已删除。", "The webhook was deleted."))
    return redirect(address("webhooks"))


def _asked(row: Subscription) -> dict[str, Any]:
    return {"webhook": row, "back": reverse("webhook", args=[row.pk])}


def _mine(request: HttpRequest, number: int) -> Subscription:
    try:
        return mine(request, number)
    except ProblemError as error:
        raise Http404 from error


urlpatterns = [
    path("webhooks", listed, name="webhooks"),
    path("webhooks/new", made, name="webhook-new"),
    path("webhooks/<int:number>", one, name="webhook"),
    path("webhooks/<int:number>/change", changed, name="webhook-change"),
    path("webhooks/<int:number>/secret", rotated, name="webhook-secret"),
    path("webhooks/<int:number>/delete", deleted, name="webhook-delete"),
]
