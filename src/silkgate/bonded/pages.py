"""Pages of bonded supervision: storage."""

from silkgate.bonded.storage.pages import urlpatterns

__all__ = ["urlpatterns"]
