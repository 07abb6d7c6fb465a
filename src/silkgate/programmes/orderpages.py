"""Pages of an order for both sides: its frozen terms, its steps, the review, the declarations that it served."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from silkgate.identity.api import Action, actor_of, opens
from silkgate.kernel.text import Text
from silkgate.programmes import access, models, queries, reviews, rules, shown, trading
from silkgate.programmes.deskpages import held_sides, names_by_side, offer_shown
from silkgate.programmes.domain import (
    BUYER,
    CANCELLED,
    CONFIRMED,
    DISSOLVED,
    OPERATOR,
    ORDER,
    PROVIDER,
    NotYours,
    Refused,
)
from silkgate.programmes.forms import AnswerForm, MoveForm, ReviewForm, ServedForm, seen_version
from silkgate.programmes.kinds import kinds
from silkgate.ui.forms import Judged
from silkgate.ui.moment import at_of
from silkgate.ui.templatetags.ui import text


def _found(request: HttpRequest, what: Action, number: int) -> tuple[models.Order, frozenset[str]]:
    row = queries.order(number) if number < 2**63 else None
    if row is None:
        raise Http404
    return row, held_sides(request, what, row)


@opens(access.SEE, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def order(request: HttpRequest, number: int) -> HttpResponse:
    """GET, POST /market/orders/<number>: the agreed terms with their digest, every step; a step with its reason."""
    row, held = _found(request, access.SEE, number)
    actor, at = actor_of(request), at_of(request)
    if request.method != "POST":
        return _shown(request, row, held)
    form = _moves(request, row, held, request.POST)
    answers = form.answers()
    try:
        trading.move_order(
            actor,
            number,
            form.chosen(),
            reason=answers.get("reason", ""),
            rule=answers.get("rule", ""),
            version=seen_version(answers),
            at=at,
        )
    except Refused as refused:
        form.tell(refused.problems)
        return _shown(request, row, held, faulty=form, form=form)
    except NotYours:
        raise Http404 from None
    messages.success(request, text(Text("已办理。", "Done.")))
    return redirect("market-order", number=number)


def _moves(request: HttpRequest, row: models.Order, held: frozenset[str], given: Any = None) -> MoveForm:
    moves = trading.possible(actor_of(request), ORDER, row)
    return MoveForm(moves, row.version, given, decides=OPERATOR in held)


@opens(access.SEE, anywhere=True)
@require_GET
def terms(request: HttpRequest, number: int) -> HttpResponse:
    """GET /market/orders/<number>/terms: the frozen terms as a file; its SHA-256 is the digest that the page shows."""
    row, _ = _found(request, access.SEE, number)
    return HttpResponse(
        row.terms.encode(),
        content_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="order-{number}.json"',
            "Cache-Control": "private, no-store",
        },
    )


@opens(access.TRADE, anywhere=True)
@require_POST
def review(request: HttpRequest, number: int) -> HttpResponse:
    """POST /market/orders/<number>/review: the buyer's review of a completed order, once."""
    form = ReviewForm(request.POST)

    def done(at: Any) -> Text:
        stars, words = rules.stars(form.answers())
        reviews.review(actor_of(request), number, stars, words, at=at)
        return Text("评价已公开。", "The review is public now.")

    return _after(request, number, form, "review_form", done)


@opens(access.TRADE, anywhere=True)
@require_POST
def answer(request: HttpRequest, number: int) -> HttpResponse:
    """POST /market/orders/<number>/answer: the provider's answer to the review, once."""
    form = AnswerForm(request.POST)

    def done(at: Any) -> Text:
        reviews.answer(actor_of(request), number, rules.answer(form.answers()), at=at)
        return Text("答复已公开。", "The answer is public now.")

    return _after(request, number, form, "answer_form", done)


@opens(access.TRADE, anywhere=True)
@require_POST
def served(request: HttpRequest, number: int) -> HttpResponse:
    """POST /market/orders/<number>/served: name declarations of the buyer that were handled under the order."""
    form = ServedForm(request.POST)

    def done(at: Any) -> Text:
        named = form.answers().get("references", "").split()
        new = reviews.name_served(actor_of(request), number, named, at=at)
        return Text(f"新列出清单{new}份。", f"Newly named declarations: {new}.")

    return _after(request, number, form, "served_form", done)


def _after(request: HttpRequest, number: int, form: Judged, name: str, done: Any) -> HttpResponse:
    """What a form of the order page leads to: back to the page, with the form and its faults where it is refused."""
    row, held = _found(request, access.TRADE, number)
    try:
        told = done(at_of(request))
    except Refused as refused:
        form.tell(refused.problems)
        return _shown(request, row, held, faulty=form, **{name: form})
    except NotYours:
        raise Http404 from None
    messages.success(request, text(told))
    return redirect("market-order", number=number)


def _shown(
    request: HttpRequest, row: models.Order, held: frozenset[str], *, faulty: Judged | None = None, **forms: Judged
) -> HttpResponse:
    """The page; of its `forms`, by their names in it, `faulty` is the one that was refused."""
    if faulty:
        # Most often because somebody else was quicker.
        row.refresh_from_db(fields=["state", "version", "task_id", "disputed"])
    trades = access.sides(actor_of(request), access.TRADE, row.buyer_code, row.provider_code, False)
    names, made = names_by_side(row), queries.review_of(row.pk)
    clears = kinds()[row.service.kind].clears
    named, released = queries.served_counts(row.pk) if clears else (0, 0)
    frozen = json.loads(row.terms)
    context: dict[str, Any] = {
        "order": row,
        "frozen": frozen,
        "title": Text(**frozen["service"]["title"]),
        "conditions": Text(**frozen["service"]["conditions"]),
        "offer": offer_shown(row.offer),
        "state": shown.mark(ORDER, row.state),
        "waits": shown.waits(ORDER, row.state, held),
        "deadline": shown.deadline(row.task_id),
        "names": names,
        "form": _moves(request, row, held),
        "faulty": faulty,
        "review": queries.rated(made) if made else None,
        "review_form": ReviewForm() if BUYER in trades and row.state == CONFIRMED and not made else None,
        "answer_form": AnswerForm() if PROVIDER in trades and made and not made.answered_at else None,
        "clears": clears,
        "named": named,
        "released": released,
        "served": queries.served(row.pk) if clears else (),
        "served_form": ServedForm() if clears and trades and row.state not in {CANCELLED, DISSOLVED} else None,
        "events": shown.timeline(queries.steps(row.enquiry_id), names, with_people=held),
        **forms,
    }
    return render(request, "programmes/order.html", context, status=422 if faulty else 200)
