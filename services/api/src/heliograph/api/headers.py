"""What every request may carry and every answer carries, for safety: a pure ASGI layer round the whole app."""

import asyncio
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from heliograph.formats import COMMAND_FILE_LIMIT

BODY_SECONDS: Final = 15.0
MAX_BODY: Final = 16 * 1024
EDITS: Final = ("/api/v1/configuration/files", "/api/v1/configuration/archive")
"""Below them whole files are sent. Their routes read a body only after they know that the client may write."""
EDIT_SECONDS: Final = 120.0
MAX_EDIT: Final = 16 * 1024 * 1024
COMMANDS: Final = "/api/v1/commands"
"""Where texts of commands are sent; spec 4.1 gives them their size. Read as those of edits."""
COMMAND_SECONDS: Final = 60.0
MAX_COMMANDS: Final = COMMAND_FILE_LIMIT

SECURITY: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
ONLY_TLS: Final = "max-age=31536000"


class SafetyLayer:
    """Adds the headers, keeps answers out of caches, and limits a request's body in time and size."""

    def __init__(self, app: ASGIApp, *, only_tls: bool = False) -> None:
        self._app = app
        self._only_tls = only_tls
        """Whether browsers shall never call without TLS again: with a certificate that they trust."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                _add(headers)
                if self._only_tls:
                    headers["Strict-Transport-Security"] = ONLY_TLS
            await send(message)

        await self._app(scope, _Body(receive, *_limits(scope)).receive, send_safely)


class _Body:
    """A request's body, which is to come in time and in size."""

    def __init__(self, receive: Receive, most: int, seconds: float) -> None:
        self._receive = receive
        self._most = most
        self._seconds = seconds
        self._deadline: float | None = None
        self._is_taken = False
        self._size = 0

    async def receive(self) -> Message:
        """See the ASGI specification; raises what becomes a problem document."""
        if self._is_taken:
            return await self._receive()
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, f"The body of the request did not come within {self._seconds:g} s.") from None
        self._is_taken = not message.get("more_body", False)
        self._size += len(message.get("body", b""))
        if self._size > self._most:
            raise HTTPException(413, f"The body of this request may have {self._most:,} bytes at most.")
        return message


def _limits(scope: Scope) -> tuple[int, float]:
    """Most bytes of a request's body, and most seconds until it is there."""
    method, path = scope["method"], scope["path"]
    if method in {"PATCH", "PUT"} and path.startswith(EDITS):
        return MAX_EDIT, EDIT_SECONDS
    if method == "POST" and path == COMMANDS:
        return MAX_COMMANDS, COMMAND_SECONDS
    return MAX_BODY, BODY_SECONDS


def _add(headers: MutableHeaders) -> None:
    for name, value in SECURITY.items():
        headers[name] = value
    headers.setdefault("Cache-Control", "no-store")
