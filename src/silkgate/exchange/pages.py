"""Pages of the exchange: an organisation's webhooks."""

from silkgate.exchange.webhooks.pages import urlpatterns

__all__ = ["urlpatterns"]
