"""A serial server: carries the bytes of a serial line over TCP, as the little boxes on a DIN rail do.

Containers cannot share a pseudo-terminal; a collector reaches the simulated line as `socket://host:port`. Like most of
those boxes it has one client at a time: a new one takes the line over.
"""

import asyncio
import os
import tty
from contextlib import suppress
from types import TracebackType
from typing import Self

CHUNK_BYTES = 4096


class SerialServer:
    """Listens on `host:port` and joins its client with the serial `device`. Use as an async context manager."""

    def __init__(self, device: str, host: str, port: int) -> None:
        self._device = device
        self._host = host
        self._port = port
        self._line = -1
        self._client: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server else self._port

    async def __aenter__(self) -> Self:
        self._line = os.open(self._device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self._line)
        asyncio.get_running_loop().add_reader(self._line, self._from_line)
        self._server = await asyncio.start_server(self._serve, self._host, self._port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        if self._client is not None:
            self._client.close()
        asyncio.get_running_loop().remove_reader(self._line)
        os.close(self._line)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._client is not None:
            self._client.close()
        self._client = writer
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                if self._client is writer:
                    os.write(self._line, data)
        if self._client is writer:
            self._client = None
        writer.close()

    def _from_line(self) -> None:
        with suppress(OSError):
            data = os.read(self._line, CHUNK_BYTES)
            if self._client is not None:
                self._client.write(data)
