"""The errors of every operation as the description tells them: which problem documents (RFC 9457) it may answer.

Each is described once, with examples, and named by the operations that may give it. What answers carry in their
headers is told here as well, by one rule for all operations.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI

from heliograph.api.eventdata import SCHEMAS, event_schemas
from heliograph.api.models import ProblemDocument
from heliograph.api.problem_examples import EXAMPLES, SET_REFUSED, UNFIT

MEDIA_TYPE: Final = "application/problem+json"
_RESPONSES: Final = "#/components/responses/"
_EDITED: Final = tuple(f"{SCHEMAS}{name}" for name in ("EditDone", "DeviceDone"))
"""What operations answer that change the configuration set."""
_SET: Final = "DoesNotFitOrSetRefused"
_HEADERS: Final = {
    401: {"WWW-Authenticate": "How a program tells who it is: `Bearer`"},
    429: {"Retry-After": "Seconds until the next try"},
    503: {"Retry-After": "Seconds until the next try"},
}


class ProblemApp(FastAPI):
    """An app whose every error is a problem document, in its answers and in its description."""

    def openapi(self) -> dict[str, Any]:
        """See `FastAPI.openapi`."""
        if self.openapi_schema is None:
            self.openapi_schema = _completed(super().openapi())
        return self.openapi_schema


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a route, for its description."""
    return {status: {"description": _phrase(status)} for status in statuses}


def header(words: str) -> dict[str, Any]:
    """The description of a header of an answer."""
    return {"description": words, "schema": {"type": "string"}}


def _completed(whole: dict[str, Any]) -> dict[str, Any]:
    schemas = whole["components"]["schemas"]
    for foreign in ("HTTPValidationError", "ValidationError"):
        schemas.pop(foreign, None)
    problem = ProblemDocument.model_json_schema(mode="serialization", ref_template=f"{SCHEMAS}{{model}}")
    schemas.update({**problem.pop("$defs"), "ProblemDocument": problem})
    of_events, more = event_schemas()
    schemas.update({name: schema for name, schema in more.items() if name not in schemas})
    whole["components"]["responses"] = dict(_responses())
    for item in whole["paths"].values():
        for method, operation in item.items():
            _complete(method, operation)
            _describe_events(operation, of_events)
    return whole


def _complete(method: str, operation: dict[str, Any]) -> None:
    """Add to an operation's description what every one of its kind may answer."""
    responses = operation["responses"]
    is_edit = _is_edit(responses)
    for status in sorted(_statuses(method, operation)):
        name = _SET if is_edit and status == HTTPStatus.UNPROCESSABLE_ENTITY else _name(status)
        responses[str(status)] = {"$ref": f"{_RESPONSES}{name}"}
    for name, words in _good_headers(operation, is_edit=is_edit):
        responses["200"].setdefault("headers", {})[name] = header(words)


def _describe_events(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """OpenAPI has no words for what events carry: the schema of their data stands beside, by their name."""
    stream = operation["responses"].get("200", {}).get("content", {}).get("text/event-stream")
    if stream is not None:
        stream["x-event-data"] = schemas


def _statuses(method: str, operation: dict[str, Any]) -> set[int]:
    """The errors that an operation may answer: those that its route names, and those of its kind."""
    may = {int(status) for status in operation["responses"] if int(status) >= HTTPStatus.BAD_REQUEST} | {500}
    may |= {400} if operation.get("requestBody") or operation.get("parameters") else set()
    may |= {408, 413, 415, 422} if operation.get("requestBody") else set()
    may |= {401, 429, 503} if operation.get("security") else set()
    may |= {403} if operation.get("security") and method != "get" else set()
    return may


def _is_edit(responses: Mapping[str, Any]) -> bool:
    schema = responses.get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
    return schema.get("$ref") in _EDITED


def _good_headers(operation: dict[str, Any], *, is_edit: bool) -> Iterator[tuple[str, str]]:
    if is_edit:
        yield "ETag", "Of the revision that came of it; absent where none did"
    if any(parameter["name"] == "limit" for parameter in operation.get("parameters", ())):
        yield "Link", "Where the next page is (RFC 8288); absent on the last one"


def _responses() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each error described once."""
    for status, example in EXAMPLES.items():
        yield _name(status), _response(status, {"example": example.model_dump(mode="json")})
    both = {"does-not-fit": ("A field does not fit", UNFIT), "set-refused": ("The set would have errors", SET_REFUSED)}
    shown = {
        name: {"summary": words, "value": document.model_dump(mode="json")} for name, (words, document) in both.items()
    }
    yield _SET, _response(HTTPStatus.UNPROCESSABLE_ENTITY, {"examples": shown})


def _response(status: int, shown: dict[str, Any]) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": f"{SCHEMAS}ProblemDocument"}, **shown}}
    headers = {name: header(words) for name, words in _HEADERS.get(status, {}).items()}
    told = {"description": EXAMPLES[status].title, "content": content}
    return told | ({"headers": headers} if headers else {})


def _name(status: int) -> str:
    return EXAMPLES[status].type.rpartition("/")[2].title().replace("-", "")


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase
