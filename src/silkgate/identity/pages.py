"""Pages of identity: signing in, one's own account."""

from __future__ import annotations

from silkgate.identity.signing_in import views as signing_in

urlpatterns = [
    *signing_in.urlpatterns,
]
