"""The one REST interface, collected from the rooms' routers. Described at /api/v1/docs and /api/v1/openapi.json."""

from __future__ import annotations

from ninja import NinjaAPI

from silkgate import __version__
from silkgate.site import rooms


def build() -> NinjaAPI:
    """All rooms' `rest.router` under one description."""
    made = NinjaAPI(
        title="Silkgate",
        version=__version__,
        description="跨境电子商务综合试验区公共服务平台。"
        "Public service platform of a cross-border e-commerce pilot zone.",
        urls_namespace="api",
    )
    for room in rooms.furniture("rest"):
        made.add_router("", room.router)
    return made


api = build()
