"""The door of programmes: the market of services. An actor and a moment in; whoever calls looks at nothing else."""

from __future__ import annotations

from silkgate.programmes.actions import change_service, offer_service, set_offered
from silkgate.programmes.domain import NotYours, Price, Problem, Quoted, Rating, Refused, Terms, Wanted
from silkgate.programmes.kinds import Kind, kinds
from silkgate.programmes.queries import Service, hidden_because, provider, rating, reviews, search, service
from silkgate.programmes.reviews import answer, name_served, review
from silkgate.programmes.trading import accept, enquire, move_enquiry, move_order, quote

__all__ = [
    "Kind",
    "NotYours",
    "Price",
    "Problem",
    "Quoted",
    "Rating",
    "Refused",
    "Service",
    "Terms",
    "Wanted",
    "accept",
    "answer",
    "change_service",
    "enquire",
    "hidden_because",
    "kinds",
    "move_enquiry",
    "move_order",
    "name_served",
    "offer_service",
    "provider",
    "quote",
    "rating",
    "review",
    "reviews",
    "search",
    "service",
    "set_offered",
]
