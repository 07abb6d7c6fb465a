"""The description of the REST interface: valid OpenAPI 3.1, complete, and the same as what the code does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from ninja.openapi.schema import OpenAPISchema
from schemathesis.specs.openapi import definitions

from silkgate.identity.api import ACTIONS, SCOPES
from silkgate.site import rest
from silkgate.ui.problems import MEDIA_TYPE

METHODS = frozenset({"get", "post", "put", "patch", "delete"})


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return dict(rest.api.get_openapi_schema())


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for method, told in methods.items():
            yield path, method, told


def test_it_is_valid(described: dict[str, Any]) -> None:
    """Against the meta-schema of OpenAPI 3.1, and every schema in it against that of JSON Schema 2020-12."""
    plain = json.loads(json.dumps(described))  # numbers of statuses are texts in JSON
    # The meta-schema wants it absolute; the specification (4.6) lets every address be relative to the server.
    flow = plain["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]
    flow["tokenUrl"] = f"https://zone.example{flow['tokenUrl']}"
    assert [error.message for error in definitions.OPENAPI_31_VALIDATOR.iter_errors(plain)] == []
    assert plain["openapi"].startswith("3.1.")
    for name, schema in plain["components"]["schemas"].items():
        jsonschema_rs.meta.validate(schema)
        assert schema, name


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    named = set(re.findall(r"#/components/schemas/([\w.-]+)", str(described)))
    assert named == set(described["components"]["schemas"]) | {"Problem"}


def test_two_shapes_do_not_share_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ninja keeps the last of them and describes the others wrongly."""
    seen: dict[str, Any] = {}
    plain = OpenAPISchema.add_schema_definitions

    def noting(self: OpenAPISchema, found: dict[str, Any]) -> None:
        for name, schema in found.items():
            assert seen.setdefault(name, schema) == schema, f"two shapes are called {name}"
        plain(self, found)

    monkeypatch.setattr(OpenAPISchema, "add_schema_definitions", noting)
    rest.api.get_openapi_schema()
    assert seen


def test_every_operation_is_told_in_both_languages(described: dict[str, Any]) -> None:
    ids = [told["operationId"] for _, _, told in operations(described)]
    assert len(ids) == len(set(ids))
    for path, method, told in operations(described):
        assert method in METHODS
        summary = told["summary"]
        assert re.search(r"[\u4e00-\u9fff].* / [A-Z]", summary), f"{method} {path}: {summary!r} is not `中文 / English`"
        assert told["description"], path
        assert path.startswith("/api/v1/")
        assert set(re.findall(r"{(\w+)}", path)) == {p["name"] for p in told["parameters"] if p["in"] == "path"}


def test_every_operation_has_an_action_and_says_who_may(described: dict[str, Any]) -> None:
    for path, method, told in operations(described):
        assert told.get("x-action") in ACTIONS, f"{method} {path}: mark it with @opens"
        what = ACTIONS[told["x-action"]]
        assert (told["security"] == []) == what.anyone
        scopes = {scope for way in told["security"] for scope in way.get("oauth2", ())}
        assert scopes == what.scopes
        assert {"401", "403"} <= told["responses"].keys() or what.anyone


def test_every_error_is_a_problem_document(described: dict[str, Any]) -> None:
    for path, method, told in operations(described):
        good = {status: response for status, response in told["responses"].items() if status < "400"}
        assert good, f"{method} {path}"
        for status, response in told["responses"].items():
            if status >= "400":
                assert list(response["content"]) == [MEDIA_TYPE], f"{method} {path} {status}"
        assert {"422", "500", "503"} <= told["responses"].keys()


def test_security_schemes_are_those_of_identity(described: dict[str, Any]) -> None:
    schemes = described["components"]["securitySchemes"]
    flow = schemes["oauth2"]["flows"]["clientCredentials"]
    assert flow["tokenUrl"] == "/oauth/token"
    assert flow["scopes"].keys() == SCOPES.keys()
    assert {"oauth2", "mutualTLS", "session"} == schemes.keys()
    assert described["servers"][0]["url"] == "/"


def test_examples_fit_their_schemas(described: dict[str, Any]) -> None:
    shown = 0
    for name, schema in described["components"]["schemas"].items():
        for example in schema.get("examples", ()):
            whole = {**schema, "components": described["components"]}
            jsonschema_rs.validator_for(whole).validate(example)
            shown += 1
            assert name
    assert shown


def test_bodies_have_examples(described: dict[str, Any]) -> None:
    """What one has to write is shown, as JSON."""
    for path, method, told in operations(described):
        schema = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        if schema and "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            assert described["components"]["schemas"][name].get("examples"), f"{method} {path}: {name} has no example"


def test_lists_are_paged(described: dict[str, Any]) -> None:
    """Whatever answers with a page takes a limit with a maximum and a cursor."""
    pages = 0
    for path, _, told in operations(described):
        schema = told["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
        if "/Page_" in schema.get("$ref", ""):
            pages += 1
            parameters = {parameter["name"]: parameter["schema"] for parameter in told["parameters"]}
            assert parameters["limit"]["maximum"] <= 200, path
            assert "cursor" in parameters, path
    assert pages >= 3
