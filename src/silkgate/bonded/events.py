"""Events of bonded supervision that the firm concerned may be told of."""

from silkgate.bonded.storage import events as storage

__all__ = ["storage"]
