"""Bonded supervision over HTTP: storage."""

from silkgate.bonded.storage.rest import router

__all__ = ["router"]
