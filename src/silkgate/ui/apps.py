"""Makes the templates, static files and template tags of `ui` known to Django."""

from __future__ import annotations

from django.apps import AppConfig


class UiConfig(AppConfig):
    """`silkgate.ui`; owns no table."""

    name = "silkgate.ui"
    label = "ui"
