"""Reading what a request says of commands beside their text: its key, how long to wait, and who sends it."""

import re
from typing import Annotated, Final

from fastapi import Header, Request

from heliograph.api.auth import who_asks

WAIT_SECONDS: Final = 30.0
MOST_WAIT_SECONDS: Final = 60.0
_WAIT: Final = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?([0-9]{1,9})\"?(?=$|[,;\s])", re.IGNORECASE)
_AT_ONCE: Final = re.compile(r"(?:^|[,;\s])respond-async(?=$|[,;\s])", re.IGNORECASE)

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="A word of your own for these commands: sent again with it they do not run again",
    ),
]
Prefer = Annotated[
    str | None,
    Header(max_length=200, description="`wait=10`: answer within so many seconds, 60 at most (RFC 7240); default 30"),
]
Client = Annotated[
    str | None, Header(alias="Heliograph-Client", max_length=20, description="`web page` or `CLI`: for the journal")
]


def wait_seconds(prefer: str | None) -> float:
    """How long to wait for the results, as `Prefer` says it."""
    wanted = _WAIT.search(prefer or "")
    if wanted is None:
        return 0.0 if _AT_ONCE.search(prefer or "") else WAIT_SECONDS
    return min(float(wanted[1]), MOST_WAIT_SECONDS)


def asker() -> str:
    """Who asks, and by which way: for people, nothing depends on it."""
    return who_asks().asker


def origin_of(request: Request) -> str:
    """Where a command comes from, for the journal."""
    address = request.client.host if request.client else "unknown address"
    return f"{asker()}, {address}"
