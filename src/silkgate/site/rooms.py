"""Finds the furniture of the rooms: which of them have pages, which have a REST door."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

from django.apps import apps

_PACKAGE = "silkgate."


def furniture(name: str) -> list[ModuleType]:
    """The modules `name` (`pages`, `rest`, …) of all installed rooms that have one, from the ground floor up."""
    rooms = [config.name for config in apps.get_app_configs() if config.name.startswith(_PACKAGE)]
    present = [room for room in rooms if importlib.util.find_spec(f"{room}.{name}")]
    return [importlib.import_module(f"{room}.{name}") for room in present]
