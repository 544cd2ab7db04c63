"""What a body may be: the type that a request names fits the route that reads it, or it is refused (415)."""

from typing import Final

from fastapi import Request
from fastapi.routing import APIRoute

from heliograph.api.errors import Unfit

_WITH_BODY: Final = {"PATCH", "POST", "PUT"}
_JSON: Final = "application/json"
_TEXTS: Final = ("application/x-www-form-urlencoded", "application/octet-stream", _JSON)
"""What programs say of a text that they send as it is; the first is what curl says when nobody tells it more."""


async def require_media_type(request: Request) -> None:
    """Let the call pass if its body may be read here. Raises `Unfit`."""
    route, given = request.scope.get("route"), media_type(request)
    if request.method not in _WITH_BODY or not given or not isinstance(route, APIRoute):
        return
    if route.body_field is not None and not _is_json(given):
        raise Unfit(f"A body of {_JSON} is expected here, not of {given[:100]}.")
    texts = (route.openapi_extra or {}).get("requestBody", {}).get("content", {})
    if texts and not (given in texts or given in _TEXTS or _is_json(given) or given.startswith("text/")):
        raise Unfit(f"A body of {' or '.join(texts)} is expected here, not of {given[:100]}.")


def media_type(request: Request) -> str:
    """The type that a request says its body is of, without parameters; empty where it says none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _is_json(given: str) -> bool:
    return given == _JSON or (given.startswith("application/") and given.endswith("+json"))
