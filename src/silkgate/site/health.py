"""Is the process alive, can it serve? For balancers, supervisors and `silkgate doctor`."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from silkgate.identity.api import PUBLIC, opens


@opens(PUBLIC)
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """GET /health/live: 200 as long as requests are answered at all."""
    return JsonResponse({"status": "ok"})


@opens(PUBLIC)
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """GET /health/ready: 200 where the database answers and is migrated, else 503 with the part that is missing."""
    try:
        waiting = unapplied_migrations()
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "missing": "database"}, status=503)
    if waiting:
        return JsonResponse({"status": "unavailable", "missing": "migrations"}, status=503)
    return JsonResponse({"status": "ok"})


def unapplied_migrations() -> list[str]:
    """Names of the migrations that this release has and the database has not. Raises DatabaseError."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def unknown_migrations() -> list[str]:
    """Names of the migrations of our rooms that the database has and this release has not. Raises DatabaseError."""
    loader = MigrationExecutor(connection).loader
    return sorted(
        f"{app}.{name}"
        for app, name in loader.applied_migrations.keys() - loader.disk_migrations.keys()
        if app in loader.migrated_apps
    )
