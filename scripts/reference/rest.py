"""`reference/rest.md`: every operation of the REST API, from its own description."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from heliograph.api.access import may_read, may_stay, may_write
from heliograph.api.routes import ROUTERS
from reference.tables import code, page, table

METHODS: Final = ("get", "post", "put", "patch", "delete")
ERRORS_FROM: Final = 400
NOT_CHANGED: Final = "304"
ROLES: Final = {may_write: "operator", may_stay: "any login", may_read: "viewer"}
PURPOSE: Final = "Every operation of the REST API, with the role it needs, its parameters and answers."


def text() -> str:
    """The page."""
    whole = description()
    paths, schemas = whole["paths"], whole["components"]["schemas"]
    operations = _operations(paths, schemas)
    return page("REST operations", PURPOSE, "the API's OpenAPI document", _introduction(), _overview(paths), operations)


def description() -> Mapping[str, Any]:
    """The OpenAPI document of all routes."""
    app = FastAPI()
    for router in ROUTERS:
        app.include_router(router)
    return app.openapi()


def _introduction() -> Iterator[str]:
    yield "The gateway gives the whole description, with the schema of every answer and examples, at `/api/v1/openapi.json`."
    yield "Errors are problem documents (RFC 9457): `title` says what, `detail` what to do. Times are milliseconds since 1970."
    yield ""
    yield "`role` is the least that the caller must be, *any login* means of either role; without one nobody is asked."
    yield "`ETag`: *gives* it, for `If-None-Match` or a later edit; *If-Match*: with it the edit is refused (412) where"
    yield "somebody else was quicker. `pages`: the answer comes in pages, and these parameters turn them; the next one is"
    yield "`next` and the header `Link`, of records `following`."
    yield ""


def _each(paths: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, item in paths.items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def _overview(paths: Mapping[str, Any]) -> Iterator[str]:
    roles = dict(_roles())
    rows = (
        (code(f"{method} {path}"), operation.get("summary", ""), roles[method, path], *_conditions(operation))
        for method, path, operation in _each(paths)
    )
    yield from table(("operation", "what it does", "role", "ETag", "pages"), rows)


def _roles() -> Iterator[tuple[tuple[str, str], str]]:
    """The least role of each method and path, from what the route asks before it runs."""
    for route in (route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)):
        asked = set(_calls(route.dependant))
        role = next((word for rule, word in ROLES.items() if rule in asked), "")
        yield from (((method, route.path), role) for method in route.methods)


def _calls(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _calls(inner)


def _conditions(operation: Mapping[str, Any]) -> tuple[str, str]:
    """How the operation takes part in conditional requests, and which parameters turn its pages."""
    parameters = [each["name"].lower() for each in operation.get("parameters", ())]
    tag = "If-Match" if "if-match" in parameters else "gives" if _has_tag(operation) else ""
    turning = [name for name in ("limit", "before", "begin") if name in parameters]
    return tag, " ".join(map(code, turning)) if "limit" in turning else ""


def _has_tag(operation: Mapping[str, Any]) -> bool:
    answers = operation["responses"]
    headers = (name.lower() for answer in answers.values() for name in answer.get("headers", ()))
    return NOT_CHANGED in answers or "etag" in headers or "`ETag`" in operation.get("description", "")


def _operations(paths: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    for method, path, operation in _each(paths):
        yield f"## `{method} {path}`"
        yield ""
        yield " ".join(operation.get("description", operation.get("summary", "")).split())
        yield ""
        if parameters := operation.get("parameters"):
            yield from table(("parameter", "in", "is", "needed"), (_parameter(each, schemas) for each in parameters))
        yield f"Answers: {', '.join(_answers(operation['responses']))}."
        yield ""


def _parameter(parameter: Mapping[str, Any], schemas: Mapping[str, Any]) -> tuple[str, str, str, str]:
    words = parameter.get("description", "") or parameter["schema"].get("description", "")
    kind = " or ".join(_kinds(parameter["schema"], schemas))
    needed = "yes" if parameter.get("required") else ""
    return code(parameter["name"]), parameter["in"], f"{kind}{': ' if words else ''}{' '.join(words.split())}", needed


def _kinds(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    for part in schema.get("anyOf", [schema]):
        known = schemas.get(part.get("$ref", "").rsplit("/", 1)[-1], part)
        choices = known.get("enum") or ([known["const"]] if "const" in known else [])
        if choices:
            yield ", ".join(code(choice) for choice in choices)
        elif known.get("type") != "null":
            yield known.get("type", "object")


def _answers(responses: Mapping[str, Any]) -> Iterator[str]:
    for status, answer in responses.items():
        words = answer.get("description", "")
        yield f"{status} {words[:1].lower()}{words[1:]}".rstrip(". ") if int(status) < ERRORS_FROM else status
