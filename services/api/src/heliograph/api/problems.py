"""Every error as a problem document (RFC 9457), whoever raised it."""

import logging
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from heliograph.api.errors import LoginFirst, NotThere, Problem, Silent, Unreadable
from heliograph.api.models import Fault, ProblemDocument, finding_rows

MEDIA_TYPE = "application/problem+json"
MAX_FAULTS = 20
TYPES: Final = "/problems/"
"""Below it every type of a problem has a page that explains it."""
_SLUGS: Final = {
    400: "bad-request",
    404: NotThere.slug,
    405: "method-not-allowed",
    408: "too-slow",
    413: "too-large",
    503: Silent.slug,
}
_TYPICAL: Final = {problem.status: problem.slug for problem in Problem.__subclasses__()} | _SLUGS
_DETAILS: Final = {
    404: "There is nothing at this address; /api/v1/openapi.json describes what there is.",
    405: "This address does not take this method; the header Allow names those that it takes.",
}

_log = logging.getLogger("heliograph.api")


class ProblemApp(FastAPI):
    """An app whose every error is a problem document, in its answers and in its description."""

    def openapi(self) -> dict[str, Any]:
        """See `FastAPI.openapi`."""
        described = super().openapi()
        schema = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas = described["components"]["schemas"]
        schemas.update({**schema.pop("$defs"), "ProblemDocument": schema})
        for foreign in ("HTTPValidationError", "ValidationError"):
            schemas.pop(foreign, None)
        for item in described["paths"].values():
            for method, operation in item.items():
                _complete(method, operation)
        return described


def install(app: FastAPI) -> None:
    """Have the app answer its errors so."""
    app.add_exception_handler(Problem, _of_ours)
    app.add_exception_handler(LoginFirst, _to_login)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(Exception, _of_fault)


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a route, for its description."""
    return {status: _description(status) for status in statuses}


def _complete(method: str, operation: dict[str, Any]) -> None:
    """Add to an operation's description what every one of its kind may answer."""
    may = {400} if operation.get("requestBody") or operation.get("parameters") else set()
    may |= {408, 413, 415, 422} if operation.get("requestBody") else set()
    may |= {401, 429, 503} if operation.get("security") else set()
    may |= {403} if operation.get("security") and method != "get" else set()
    responses = operation["responses"]
    if MEDIA_TYPE not in responses.get("422", {}).get("content", {MEDIA_TYPE: ""}):
        del responses["422"]  # FastAPI's own, which is never given
        may |= {422}
    for status in sorted(may):
        responses.setdefault(str(status), _description(status))


def _description(status: int) -> dict[str, Any]:
    example = ProblemDocument(
        type=f"{TYPES}{_TYPICAL.get(status, 'bad-request')}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail="What is wrong and what to do.",
        instance="/api/v1/devices/7",
    )
    content = {"schema": {"$ref": "#/components/schemas/ProblemDocument"}, "example": example.model_dump(mode="json")}
    return {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: content}}


def _response(document: ProblemDocument, headers: dict[str, str] | None = None) -> Response:
    return Response(document.model_dump_json(), document.status, headers, MEDIA_TYPE)


async def _of_ours(request: Request, error: Exception) -> Response:
    problem = cast("Problem", error)
    document = ProblemDocument(
        type=f"{TYPES}{problem.slug}",
        title=problem.title,
        status=problem.status,
        detail=problem.detail,
        instance=_instance(request),
        findings=finding_rows(problem.findings),
    )
    return _response(document, problem.headers)


async def _of_http(request: Request, error: Exception) -> Response:
    known = cast("HTTPException", error)
    status = HTTPStatus(known.status_code)
    document = ProblemDocument(
        type=f"{TYPES}{_SLUGS.get(status, 'bad-request')}",
        title=status.phrase,
        status=status,
        detail=_DETAILS.get(status, str(known.detail)) if known.detail == status.phrase else str(known.detail),
        instance=_instance(request),
    )
    return _response(document, dict(known.headers) if known.headers else None)


async def _of_validation(request: Request, error: Exception) -> Response:
    found = cast("RequestValidationError", error).errors()
    faults = tuple(
        Fault(place=".".join(str(part) for part in fault["loc"])[:200], text=str(fault["msg"])[:500])
        for fault in found[:MAX_FAULTS]
    )
    document = ProblemDocument(
        type=f"{TYPES}{Unreadable.slug}",
        title=Unreadable.title,
        status=Unreadable.status,
        detail="; ".join(f"{fault.place}: {fault.text}" for fault in faults[:3]),
        instance=_instance(request),
        errors=faults,
    )
    return _response(document)


async def _of_fault(request: Request, error: Exception) -> Response:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    document = ProblemDocument(
        type=f"{TYPES}{Problem.slug}",
        title=Problem.title,
        status=Problem.status,
        detail="A fault of the gateway; its log tells more.",
        instance=_instance(request),
    )
    return _response(document)


async def _to_login(_: Request, error: Exception) -> Response:
    wanted = cast("LoginFirst", error).wanted
    return RedirectResponse(f"/login?{urlencode({'next': wanted})}", 303)


def _instance(request: Request) -> str:
    """The path that was asked for, as RFC 9457 has it."""
    return quote(request.url.path)[:500]
