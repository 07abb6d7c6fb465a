"""The site's addresses: every room's `pages` at the root, every room's `rest` under /api/v1/, health beside them."""

from __future__ import annotations

from django.conf.urls.i18n import urlpatterns as language_patterns
from django.urls import include, path

from silkgate.site import health, metrics, refusals, rest, rooms

handler403 = "silkgate.identity.pages.denied"

urlpatterns = [
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    # The names by which orchestrators look for the two.
    path("healthz", health.live),
    path("readyz", health.ready),
    path("metrics", metrics.metrics, name="metrics"),
    path("api/v1/", rest.api.urls),
    path("api/<path:rest>", refusals.unknown),
    path("i18n/", include(language_patterns)),
    *[path("", include(pages)) for pages in rooms.furniture("pages")],
]

handler400 = refusals.bad_request
handler500 = refusals.server_error
