"""Conditional requests (RFC 9110, 13): what a client has already is not sent again, and edits name what they edit."""

import re
from typing import Annotated, Any, Final

from fastapi import Header, Request, Response

from heliograph.api.errors import Overtaken

_TAG: Final = re.compile(r"(?:W/)?\"([^\"]*)\"")
_NUMBER: Final = re.compile(r"[0-9]{1,15}")
REVALIDATE: Final = "private, no-cache"
"""A client may keep the answer, and asks whether it still holds."""
IfMatch = Annotated[
    str | None,
    Header(description="The `ETag` of what was read: refused (412) where it was changed since; absent: taken as it is"),
]
"""Every operation that edits takes it."""


def _tagged(words: str) -> dict[str, Any]:
    return {"headers": {"ETag": {"description": words, "schema": {"type": "string"}}}}


EDITABLE: Final = _tagged("Of what can be edited: give it back as `If-Match` with the edit")
"""For the description of an answer with the `ETag` that edits name."""
READABLE: Final = _tagged("Another one when it changed: give it back as `If-None-Match`")
"""For the description of an answer that is not sent again while it is the same."""


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
