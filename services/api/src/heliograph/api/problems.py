"""Every error as a problem document (RFC 9457), whoever raised it."""

import logging
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from heliograph.api.errors import Problem, Unauthorised
from heliograph.api.models import Fault, ProblemDocument, finding_rows

MEDIA_TYPE = "application/problem+json"
MAX_FAULTS = 20

_log = logging.getLogger("heliograph.api")


class ProblemApp(FastAPI):
    """An app whose every error is a problem document, in its answers and in its description."""

    def openapi(self) -> dict[str, Any]:
        """See `FastAPI.openapi`."""
        described = super().openapi()
        schema = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
        described["components"]["schemas"].update({**schema.pop("$defs"), "ProblemDocument": schema})
        return described


def install(app: FastAPI) -> None:
    """Have the app answer its errors so."""
    app.add_exception_handler(Problem, _of_ours)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(Exception, _of_fault)


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a route, for its description."""
    return {status: _description(status) for status in statuses}


def _description(status: int) -> dict[str, Any]:
    example = ProblemDocument(title=HTTPStatus(status).phrase, status=status, detail="What is wrong and what to do.")
    content = {"schema": {"$ref": "#/components/schemas/ProblemDocument"}, "example": example.model_dump(mode="json")}
    return {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: content}}


def _response(document: ProblemDocument, headers: dict[str, str] | None = None) -> Response:
    return Response(document.model_dump_json(), document.status, headers, MEDIA_TYPE)


async def _of_ours(_: Request, error: Exception) -> Response:
    problem = cast("Problem", error)
    headers = {"WWW-Authenticate": 'Bearer realm="heliograph"'} if isinstance(problem, Unauthorised) else None
    findings = finding_rows(problem.findings)
    document = ProblemDocument(title=problem.title, status=problem.status, detail=problem.detail, findings=findings)
    return _response(document, headers)


async def _of_http(_: Request, error: Exception) -> Response:
    known = cast("HTTPException", error)
    title = HTTPStatus(known.status_code).phrase
    headers = dict(known.headers) if known.headers else None
    return _response(ProblemDocument(title=title, status=known.status_code, detail=str(known.detail)), headers)


async def _of_validation(_: Request, error: Exception) -> Response:
    found = cast("RequestValidationError", error).errors()
    faults = tuple(
        Fault(place=".".join(str(part) for part in fault["loc"])[:200], text=str(fault["msg"])[:500])
        for fault in found[:MAX_FAULTS]
    )
    detail = "; ".join(f"{fault.place}: {fault.text}" for fault in faults[:3])
    return _response(ProblemDocument(title="The request does not fit", status=422, detail=detail, errors=faults))


async def _of_fault(request: Request, error: Exception) -> Response:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _response(
        ProblemDocument(title="Internal error", status=500, detail="A fault of the gateway; its log tells more.")
    )
