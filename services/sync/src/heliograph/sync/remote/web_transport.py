"""HTTP as the WebDAV adapter needs it: bounded answers, Basic or Digest login, bodies that can be sent twice."""

import base64
from collections.abc import Generator, Iterator
from pathlib import Path

import httpx

CHUNK_BYTES = 1 << 18


class AnswerTooLong(Exception):
    """An answer is longer than the limit."""


class BoundedTransport(httpx.HTTPTransport):
    """Ends answers that are longer than `limit` bytes; hands them on as they come, never unpacked."""

    limit = 1 << 25

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        response = super().handle_request(request)
        if isinstance(response.stream, httpx.SyncByteStream):
            response.stream = _Bounded(response.stream, self.limit)
        # Asked for as it is; packed all the same it could unfold to any size.
        response.headers.pop("content-encoding", None)
        return response


class _Bounded(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, limit: int) -> None:
        self._stream = stream
        self._limit = limit

    def __iter__(self) -> Iterator[bytes]:
        total = 0
        for data in self._stream:
            total += len(data)
            if total > self._limit:
                raise AnswerTooLong
            yield data

    def close(self) -> None:
        self._stream.close()


class PasswordAuth(httpx.Auth):
    """Basic, and Digest from the moment the server asks for it."""

    def __init__(self, login: str, password: str) -> None:
        self._basic = "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()
        self._digest = httpx.DigestAuth(login, password)
        self._wants_digest = False

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the login to a request, again where the server asks for another form of it."""
        if not self._wants_digest:
            request.headers["Authorization"] = self._basic
            response = yield request
            challenges = response.headers.get_list("www-authenticate")
            self._wants_digest = any(challenge.lower().startswith("digest ") for challenge in challenges)
            if response.status_code != httpx.codes.UNAUTHORIZED or not self._wants_digest:
                return
            del request.headers["Authorization"]
        yield from self._digest.auth_flow(request)


class FileBody:
    """A file as the body of a request, read anew each time it is sent."""

    def __init__(self, local: Path) -> None:
        self._local = local

    def __iter__(self) -> Iterator[bytes]:
        with self._local.open("rb") as file:
            while data := file.read(CHUNK_BYTES):
                yield data
