"""The one REST interface, collected from the rooms' routers. Described at /api/v1/docs and /api/v1/openapi.json."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.http import HttpResponse
from ninja import NinjaAPI, Router
from ninja.errors import ValidationError, ValidationErrorContext
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation, PathView

from silkgate import __version__
from silkgate.site import gate, openapi, refusals, rooms


class Interface(NinjaAPI):
    """Ninja with our errors, our checks before each view, and a description that says both."""

    def validation_error_from_error_contexts(self, error_contexts: list[ValidationErrorContext]) -> ValidationError:
        """As ninja's, but with what was found: a sender cannot mend what is not shown."""
        return ValidationError(
            [
                {**error, "loc": (_part(context), *_place(context, error["loc"]))}
                for context in error_contexts
                for error in context.pydantic_validation_error.errors(include_url=False)
            ]
        )

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """`<room>_<view>`."""
        return openapi.operation_id(operation)

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """The description, completed with what holds for every operation."""
        return openapi.complete(super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params), self)


def _part(context: ValidationErrorContext) -> str:
    return str(context.model.__ninja_param_source__)


def _place(context: ValidationErrorContext, given: tuple[Any, ...]) -> tuple[Any, ...]:
    place: tuple[Any, ...] = context.model.__ninja_flatten_map_reverse__.get(given, given)
    return place


def build(routers: Iterable[Router], namespace: str = "api") -> Interface:
    """`routers` under one description."""
    made = Interface(
        title="Silkgate",
        version=__version__,
        description="跨境电子商务综合试验区公共服务平台。"
        "Public service platform of a cross-border e-commerce pilot zone.",
        urls_namespace=namespace,
        parser=gate.StrictParser(),
        servers=[{"url": "/", "description": "本平台 / this platform"}],
    )
    refusals.install(made)
    for router in routers:
        made.add_router("", router)
    for path, view in views(made):
        view._not_allowed = partial(_not_allowed, view)  # type: ignore[method-assign]
        for operation in view.operations:
            if (operation.methods[0], path) not in gate.STRAIGHT:
                operation.run = gate.gated(operation)  # type: ignore[method-assign]
    return made


def views(made: NinjaAPI) -> list[tuple[str, PathView]]:
    """Every address of the interface with its operations, by path below /api/v1."""
    return [
        ("/" + "/".join(part.strip("/") for part in (router.prefix, path) if part.strip("/")), view)
        for router in made._get_bound_routers()
        for path, view in router.path_operations.items()
    ]


def _not_allowed(view: PathView) -> HttpResponse:
    return refusals.not_allowed([method for operation in view.operations for method in operation.methods])


# What is told of events is declared by the rooms where they happen.
rooms.furniture("events")
api = build([room.router for room in rooms.furniture("rest")])
