"""`reference/rest.md`: every operation of the REST API, from its own description."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import FastAPI

from heliograph.api.routes import ROUTERS
from reference.tables import code, page, table

METHODS: Final = ("get", "post", "put", "patch", "delete")
ERRORS_FROM: Final = 400


def text() -> str:
    """The page."""
    whole = description()
    paths, schemas = whole["paths"], whole["components"]["schemas"]
    operations = _operations(paths, schemas)
    return page("REST operations", "the API's OpenAPI document", _introduction(), _overview(paths), operations)


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


def _each(paths: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, item in paths.items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def _overview(paths: Mapping[str, Any]) -> Iterator[str]:
    rows = ((code(f"{method} {path}"), operation.get("summary", "")) for method, path, operation in _each(paths))
    yield from table(("operation", "what it does"), rows)


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
