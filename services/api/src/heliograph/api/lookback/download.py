"""A file that is made while it is sent: piece by piece, few at once, within limits of time and size.

When something goes wrong in the middle the connection is cut, so that nobody takes a part for the whole. A client that
goes away ends the work.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from heliograph.api.errors import Problem, Silent
from heliograph.api.pouring import pour, send_piece

MOST_SECONDS: Final = 1800.0
SEND_SECONDS: Final = 60.0
"""How long a client may take nothing."""
MOST_BYTES: Final = 2 * 1024**3

_log = logging.getLogger("heliograph.api")


class Downloads:
    """How many files of one form are being made, `at_once` at most."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._running = 0

    def enter(self) -> None:
        """Begin one more; raises `Silent` when there are too many."""
        if self._running >= self._at_once:
            raise Silent("Such a file is being downloaded already; try again when that has ended.")
        self._running += 1

    def leave(self) -> None:
        """One has ended."""
        self._running -= 1


class Download(Response):
    """One file on its way; its place among the downloads is free again when it ends."""

    def __init__(
        self, downloads: Downloads, first: bytes, rest: AsyncGenerator[bytes], media_type: str, name: str
    ) -> None:  # fmt: skip
        super().__init__()
        self._downloads = downloads
        self._first = first
        self._rest = rest
        self._type = media_type
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        del scope
        try:
            await pour(self._pour(send), receive, "a download")
        finally:
            await self._rest.aclose()
            self._downloads.leave()

    async def _pour(self, send: Send) -> None:
        disposition = f'attachment; filename="{self._name}"'
        headers = [(b"content-type", self._type.encode()), (b"content-disposition", disposition.encode())]
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            async with asyncio.timeout(MOST_SECONDS):
                await self._send_all(send)
            await send_piece(send, b"", more=False, seconds=SEND_SECONDS)
        except (TimeoutError, OSError, Problem, _TooLarge) as error:
            why = error.detail if isinstance(error, Problem) else str(error) or type(error).__name__
            _log.warning("the download of %s was cut: %s", self._name, why)
        except Exception:  # noqa: BLE001  # whatever it was, the client must not take a part for the whole
            _log.exception("the download of %s was cut", self._name)

    async def _send_all(self, send: Send) -> None:
        await send_piece(send, self._first, seconds=SEND_SECONDS)
        size = len(self._first)
        async with aclosing(self._rest) as rest:
            async for piece in rest:
                size += len(piece)
                if size > MOST_BYTES:
                    raise _TooLarge(f"it has more than {MOST_BYTES:,} bytes")
                await send_piece(send, piece, seconds=SEND_SECONDS)


async def begin(downloads: Downloads, pieces: AsyncGenerator[bytes], media_type: str, name: str) -> Download:
    """Begin a file with its first piece, so that what is wrong can still be told. Raises `Silent`, and what it does."""
    downloads.enter()
    try:
        first = await anext(pieces)
    except BaseException:
        downloads.leave()
        await pieces.aclose()
        raise
    return Download(downloads, first, pieces, media_type, name)


class _TooLarge(Exception):
    """More than a download may have."""
