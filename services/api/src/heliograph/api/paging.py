"""Pages of rows: where the next one is, in the body and as a `Link` (RFC 8288)."""

from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import Query, Request, Response

Limit = Annotated[int, Query(ge=1, le=1000, description="How many rows at most")]
Before = Annotated[int | None, Query(ge=0, le=2**53, description="Only rows with a smaller number than this")]


def next_page(request: Request, response: Response, place: int | None, by: str = "before") -> str | None:
    """The address of the page after this one, also put into the header `Link`; None on the last one.

    `place` is where it begins, given as the parameter `by`.
    """
    if place is None:
        return None
    asked = [(name, value) for name, value in parse_qsl(request.url.query) if name != by]
    address = f"{request.url.path}?{urlencode([*asked, (by, str(place))])}"
    response.headers["Link"] = f'<{address}>; rel="next"'
    return address
