"""The description of the REST interface (OpenAPI 3.1): to what ninja reads off the views comes what holds for all.

Who may, which scopes, which errors: taken from the same tables that decide, so that it cannot say anything else.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from silkgate.exchange.api import IDEMPOTENCY_HEADER
from silkgate.identity.api import DUTIES, ROLES, SCOPES, Action
from silkgate.ui.problems import KINDS, MEDIA_TYPE, document

JSON = "application/json"
_TEXT = {"type": "string"}
PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "错误说明，中英文。An error in both languages (RFC 9457); its type is the address of a page.",
    "required": ["type", "title", "title_zh", "status", "code", "detail", "detail_zh", "mend", "mend_zh"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": _TEXT,
        "title_zh": _TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {"type": "string", "pattern": r"^[a-z_]+\.[a-z_]+$"},
        "detail": {**_TEXT, "description": "本次发生了什么 / what happened this time"},
        "detail_zh": _TEXT,
        "mend": {**_TEXT, "description": "怎样处理 / what to do"},
        "mend_zh": _TEXT,
        "help": _TEXT,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["in", "pointer", "found", "needed", "needed_zh"],
                "properties": {
                    "in": {"type": "string", "enum": ["body", "query", "path", "header", "form", "file"]},
                    "pointer": {**_TEXT, "description": "JSON pointer as a fragment (RFC 6901)"},
                    "found": _TEXT,
                    "needed": _TEXT,
                    "needed_zh": _TEXT,
                },
            },
        },
    },
    "examples": [document("request.not_found", KINDS["request.not_found"].title)],
}
SECURITY = {
    "oauth2": {
        "type": "oauth2",
        "description": "客户端凭据换取访问令牌。An access token for client credentials (RFC 6749 §4.4).",
        "flows": {
            "clientCredentials": {
                "tokenUrl": "/oauth/token",
                "scopes": {name: f"{words.zh} / {words.en}" for name, words in SCOPES.items()},
            }
        },
    },
    "mutualTLS": {
        "type": "mutualTLS",
        "description": "以客户端证书建立TLS连接。The certificate of a client in the TLS connection.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sessionid",
        "description": "浏览器会话；写操作另需X-CSRFToken。A browser’s session; to write, X-CSRFToken too.",
    },
}
_IDEMPOTENCY = {
    "in": "header",
    "name": IDEMPOTENCY_HEADER,
    "required": False,
    "description": "重发同一请求用同一个键，得到同一答复；24小时内有效。"
    "The same key with the same request gets the same answer, for 24 hours.",
    "schema": {"type": "string", "pattern": r'^"?[A-Za-z0-9_.:-]{1,255}"?$'},
    "example": "6c3d8f0e-5d0c-4a44-9d5e-0d1f7b1f6f1a",
}
_SIGNED = (
    "报文以其XML签名认定发送方，与连接无关。Who sent a message is decided by its XML signature, not by the connection."
)


def operation_id(operation: Operation) -> str:
    """`<room>_<view>`."""
    view = operation.view_func
    return f"{view.__module__.split('.')[1]}_{view.__name__}"


def complete(made: OpenAPISchema, api: NinjaAPI) -> OpenAPISchema:
    """Add to the description: security, errors of each operation, the schema of errors, what who may."""
    by_id = {
        operation_id(operation): operation
        for router in api._get_bound_routers()
        for view in router.path_operations.values()
        for operation in view.operations
    }
    for path in made["paths"].values():
        for method, told in path.items():
            _complete(told, method, by_id[told["operationId"]])
    made["components"].setdefault("schemas", {})["Problem"] = PROBLEM
    made["components"]["securitySchemes"] = SECURITY
    made["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    return made


def _complete(told: dict[str, Any], method: str, operation: Operation) -> None:
    what: Action | None = getattr(operation.view_func, "action", None)
    if what is not None:
        told["x-action"] = what.name
        told["security"] = _security(what)
        told["description"] = f"{told.get('description', '')}\n\n{_who(what)}".strip()
    if "requestBody" in told and method == "post" and told["operationId"] == "exchange_send_messages":
        told["description"] += f"\n\n{_SIGNED}"
    if method == "post" and told["operationId"] != "exchange_send_messages":
        told["parameters"].append(_IDEMPOTENCY)
    for parameter in told["parameters"]:
        _without_null(parameter["schema"])
    responses = told["responses"]
    for status in _statuses(told, method, what):
        responses.setdefault(status, _error(status))
    told["responses"] = {str(status): responses[status] for status in sorted(responses)}


def _without_null(schema: dict[str, Any]) -> None:
    """A parameter can be left out, which is told elsewhere; the word null in an address would be a text."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        del schema["anyOf"]
        schema.update(choices[0])


def _security(what: Action) -> list[dict[str, list[str]]]:
    if what.anyone:
        return []
    ways: list[dict[str, list[str]]] = [{"oauth2": [scope]} for scope in sorted(what.scopes)]
    if what.signed_in:
        ways.append({"oauth2": []})
    if ways:
        ways.append({"mutualTLS": []})
    return [*ways, {"session": []}]


def _who(what: Action) -> str:
    if what.anyone:
        return "任何人可用。Open to anybody."
    words = [
        *[f"{ROLES[name].zh} {ROLES[name].en}" for name in sorted(what.roles)],
        *[f"scope `{name}`" for name in sorted(what.scopes)],
        *[f"{DUTIES[name].zh} {DUTIES[name].en}" for name in sorted(what.duties)],
        *(["已认证者 whoever is known"] if what.signed_in else []),
    ]
    return f"可用者 / who may: {'; '.join(words)}."


def _statuses(told: dict[str, Any], method: str, what: Action | None) -> list[int]:
    """Statuses of errors that an operation may answer with."""
    found = [500, 503]
    if what is not None and not what.anyone:
        found += [401, 403]
    if any(parameter["in"] == "path" for parameter in told["parameters"]):
        found.append(404)
    found.append(422)  # a parameter that is not described
    if JSON in str(told["responses"].get(200, "")) or JSON in str(told["responses"].get(201, "")):
        found.append(406)
    if "requestBody" in told:
        found += [400, 408, 413, 415]
    if method == "post":
        found += [400, 409]
    return found


def _error(status: int) -> dict[str, Any]:
    return {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
