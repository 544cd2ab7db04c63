"""Conditional requests (RFC 9110, 13): what a client has already is not sent again, and edits name what they edit."""

import re
from typing import Final

from fastapi import Request, Response

from heliograph.api.errors import Overtaken

_TAG: Final = re.compile(r"(?:W/)?\"([^\"]*)\"")
_NUMBER: Final = re.compile(r"[0-9]{1,15}")
REVALIDATE: Final = "private, no-cache"
"""A client may keep the answer, and asks whether it still holds."""


def tag(number: int) -> str:
    """The `ETag` of what has a number that grows with each change."""
    return f'"{number}"'


def unchanged(request: Request, etag: str) -> Response | None:
    """The answer to a client that has what this tag is of; None where it is to be sent."""
    given = request.headers.get("if-none-match", "")
    held = [match[1] for match in _TAG.finditer(given)]
    if given.strip() != "*" and etag.removeprefix("W/").strip('"') not in held:
        return None
    return Response(status_code=304, headers=headers_of(etag))


def headers_of(etag: str) -> dict[str, str]:
    """The headers of an answer with a tag."""
    return {"ETag": etag, "Cache-Control": REVALIDATE}


def based_on(header: str | None, now: int | None) -> int | None:
    """The number that an `If-Match` names; None where there is none or any will do. Raises `Overtaken`."""
    if header is None or header.strip() == "*":
        return None
    given = [match[1] for match in _TAG.finditer(header) if _NUMBER.fullmatch(match[1])]
    if not given:
        raise Overtaken(f"If-Match is the ETag of what was read, a number in quotes: {tag(now or 1)}.")
    numbers = [int(text) for text in given]
    return now if now in numbers else numbers[0]
