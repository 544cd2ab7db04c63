"""Reading an edit of the configuration from a request: its body and its paths.

Bodies are read here, by the routes, and not before: only after the client was found to have the right to write.
"""

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from heliograph.api.errors import Unreadable
from heliograph.api.sets import EditBody, set_path


def path_of(folder: str, name: str) -> str:
    """The path in the set that an address names. Raises what becomes a problem document."""
    try:
        return set_path(f"{folder}/{name}")
    except ValueError as error:
        raise RequestValidationError([{"loc": ("path", "name"), "msg": str(error)}]) from error


async def read_edit(request: Request) -> EditBody:
    """The files of a `PATCH`. Raises what becomes a problem document."""
    try:
        return EditBody.model_validate_json(await read_body(request))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in faults]) from error


async def read_text(request: Request) -> str:
    """The text of one file. Raises what becomes a problem document."""
    body = await read_body(request)
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"The file is not UTF-8: line {line}, byte {error.start + 1}. Save it as UTF-8.") from error


async def read_body(request: Request) -> bytes:
    """The body as it came. Raises what becomes a problem document."""
    try:
        return await request.body()
    except ClientDisconnect:
        raise HTTPException(400, "The body of the request did not come to its end.") from None
