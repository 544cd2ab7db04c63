"""Frames on the line between this service and the process of a script: a length, then as much JSON, both limited."""

import json
import select
import socket
import struct
from typing import Any, Final

LENGTH: Final = struct.Struct(">I")
MAX_BYTES: Final = 512 * 1024
"""Of one frame: a script's source is the largest thing that is sent."""
LINE_SECONDS: Final = 120.0
"""The service answers within it, or is gone: its own limits are shorter."""


class LineBroken(Exception):
    """The other side is gone, or says what is no frame."""


def pack(message: dict[str, Any]) -> bytes:
    """Return a frame. Raises `ValueError` where the message is too large or holds what JSON does not."""
    body = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    if len(body) > MAX_BYTES:
        raise ValueError(f"{len(body):,} bytes in one message, at most {MAX_BYTES:,} are sent")
    return LENGTH.pack(len(body)) + body


def body_length(head: bytes) -> int:
    """Return the length that a frame's head announces. Raises `LineBroken` where it is too large."""
    length: int = LENGTH.unpack(head)[0]
    if length > MAX_BYTES:
        raise LineBroken(f"a frame of {length:,} bytes")
    return length


class Line:
    """The script's end of the line: it waits, for a script's process has nothing else to do."""

    def __init__(self, end: socket.socket) -> None:
        end.settimeout(LINE_SECONDS)
        self._end = end
        self._readable = select.poll()
        self._readable.register(end, select.POLLIN)

    def send(self, message: dict[str, Any]) -> None:
        """Send a message. Raises `LineBroken`, or `ValueError` as `pack` does."""
        frame = pack(message)
        try:
            self._end.sendall(frame)
        except OSError as error:
            raise LineBroken(str(error)) from error

    def has_news(self, seconds: float | None) -> bool:
        """Tell whether something arrived; wait so long for it, or for ever."""
        return bool(self._readable.poll(None if seconds is None else max(0.0, seconds) * 1000))

    def receive(self) -> dict[str, Any]:
        """Wait for a message. Raises `LineBroken`."""
        message: dict[str, Any] = json.loads(self._exactly(body_length(self._exactly(LENGTH.size))))
        return message

    def _exactly(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            try:
                part = self._end.recv(size - len(parts))
            except OSError as error:
                raise LineBroken(str(error)) from error
            if not part:
                raise LineBroken("closed")
            parts += part
        return bytes(parts)
