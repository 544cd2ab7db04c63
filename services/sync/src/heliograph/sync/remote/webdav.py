"""WebDAV servers, over HTTPS (or HTTP where the operator insists), with httpx below and webdav4 reading the listings.

One PUT is atomic there, so that files go directly to their names (spec 1.4).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self
from urllib.parse import quote
from xml.etree.ElementTree import ParseError

import httpx
from webdav4.multistatus import Response, parse_multistatus_response

from heliograph.formats.config import FileServer
from heliograph.sync.remote.dial import tls_context, where, why_unreachable
from heliograph.sync.remote.errors import (
    IsDirectory,
    LinkLost,
    LoginRefused,
    NoDirectory,
    NoFile,
    NoRight,
    NoSpace,
    RemoteFailure,
    TooLarge,
    Unreachable,
)
from heliograph.sync.remote.listing import keep
from heliograph.sync.remote.names import printable
from heliograph.sync.remote.steps import send_each, unreadable
from heliograph.sync.remote.store import Access, BeforeCommit, Entry, Upload, Uploaded
from heliograph.sync.remote.web_transport import AnswerTooLong, BoundedTransport, FileBody, PasswordAuth

QUESTION = (
    '<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop>'
    "<resourcetype/><getcontentlength/><getlastmodified/></prop></propfind>"
)
MISSING = {404, 409, 410}
FORBIDDEN = {401, 403, 405}
NOT_WRITTEN = {500}
"""What Apache answers where its user may not write or delete."""
NO_COLLECTION = {*MISSING, 400}
"""400: what Apache says of a file with a slash behind it."""
NO_WEBDAV = {400, 405, 501}


class WebdavStore:
    """A session with a WebDAV server; see `RemoteStore`."""

    def __init__(self, server: FileServer, access: Access) -> None:
        self._server = server
        self._access = access
        self._client: httpx.Client | None = None

    def __enter__(self) -> Self:
        """See `RemoteStore`."""
        client = self._connected()
        try:
            answer = _propfind(client, self._server.root, "0")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, AnswerTooLong) as error:
            client.close()
            raise why_unreachable(self._server, error) from error
        if (unreachable := self._why_not(answer)) is not None:
            client.close()
            raise unreachable
        self._client = client
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """See `RemoteStore`."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def check_directory(self, directory: str) -> None:
        """See `RemoteStore`."""
        with self._linked() as client:
            answer = _propfind(client, directory, "0", slash=True)
        self._must_be_there(answer, directory)
        if not any(response.properties.collection for response in _responses(answer, directory)):
            raise NoDirectory(directory)

    def list(self, directory: str, match: Callable[[str], bool] = lambda _: True) -> Sequence[Entry]:
        """See `RemoteStore`."""
        with self._linked() as client:
            try:
                answer = _propfind(client, directory, "1", slash=True)
            except AnswerTooLong as error:
                raise TooLarge(directory, f"{BoundedTransport.limit} bytes of listing") from error
        self._must_be_there(answer, directory)
        own = directory.rstrip("/")
        found = _responses(answer, directory)
        if any(response.path_norm.rstrip("/") == own and not response.properties.collection for response in found):
            raise NoDirectory(directory)
        return keep(directory, (_entry(one) for one in found if one.path_norm.rstrip("/") != own), match)

    def read(self, path: str, limit: int) -> bytes:
        """See `RemoteStore`."""
        content = bytearray()
        with self._linked() as client, client.stream("GET", quote(path)) as answer:
            if answer.status_code in MISSING:
                self.check_directory(_parent(path))
                raise IsDirectory(path) if self._is_directory(path) else NoFile(path)
            self._must_be_granted(answer, path, "read")
            for data in answer.iter_raw():
                content += data
                if len(content) > limit:
                    raise TooLarge(path, f"{limit} bytes")
        return bytes(content)

    def upload(self, files: Iterable[Upload], before_commit: BeforeCommit) -> Iterator[Uploaded]:
        """See `RemoteStore`."""
        return send_each(self, files, before_commit)

    def remove(self, path: str) -> None:
        """See `RemoteStore`."""
        found = self._look(path)
        if found is None:
            self.check_directory(_parent(path))
            return
        if found.properties.collection:  # DELETE would take everything in it.
            raise IsDirectory(path)
        with self._linked() as client:
            answer = client.delete(quote(path))
        if answer.status_code not in MISSING:
            self._must_be_granted(answer, path, "delete")

    def size(self, path: str) -> int | None:
        """See `Primitives`."""
        found = self._look(path)
        if found is None or found.properties.collection:
            return None
        if found.properties.content_length is not None:
            return int(found.properties.content_length)
        with self._linked() as client:
            length = client.head(quote(path)).headers.get("content-length", "")
        return int(length) if length.isdecimal() else None

    def send(self, local: Path, path: str) -> None:
        """See `Primitives`."""
        with self._linked() as client:
            try:
                length = local.stat().st_size
                url, headers = quote(path), {"Content-Length": str(length)}
                answer = client.put(url, content=FileBody(local), headers=headers)
            except OSError as error:
                raise unreadable(local, error) from error
        self._must_be_granted(answer, path, "write")

    def _connected(self) -> httpx.Client:
        server = self._server
        host = f"[{server.address}]" if ":" in server.address else server.address
        return httpx.Client(
            base_url=f"{'http' if server.plain else 'https'}://{host}:{server.port}",
            auth=PasswordAuth(server.login, self._access.password) if server.login else None,
            headers={"Accept-Encoding": "identity"},
            timeout=server.timeout_seconds,
            trust_env=False,
            transport=BoundedTransport(verify=tls_context(server, self._access.authorities), trust_env=False),
        )

    def _why_not(self, answer: httpx.Response) -> Unreachable | None:
        """Say why the first answer is none of a WebDAV server that lets us in. Directories are looked at later."""
        name, code = where(self._server), answer.status_code
        if code == httpx.codes.UNAUTHORIZED:
            return LoginRefused(f"{name} refused the login {self._server.login}; check Login and Password")
        if answer.is_redirect:
            place = printable(answer.headers.get("location", "nowhere"))
            return Unreachable(f"{name} sends the gateway on to {place}; write the right address into HTTP_Address")
        if code in NO_WEBDAV:
            return Unreachable(
                f"{name} is no WebDAV server (it says: {_said(answer)}); check Address, Port and DirRoot"
            )
        if code >= httpx.codes.INTERNAL_SERVER_ERROR:
            return Unreachable(f"{name} is out of order (it says: {_said(answer)})")
        return None

    def _look(self, path: str) -> Response | None:
        with self._linked() as client:
            answer = _propfind(client, path, "0")
        if answer.status_code in MISSING:
            return None
        self._must_be_granted(answer, path, "read")
        return next(iter(_responses(answer, path)), None)

    @contextmanager
    def _linked(self) -> Iterator[httpx.Client]:
        """Give the client; turn the loss of the connection into `LinkLost`, after which it stays lost."""
        if self._client is None:
            raise LinkLost("the connection to the server is gone")
        try:
            yield self._client
        except httpx.TimeoutException as error:
            self._lose(f"the server did not answer within {self._server.timeout_seconds:g} s", error)
        except (httpx.HTTPError, httpx.StreamError, AnswerTooLong) as error:
            said = printable(str(error)) or type(error).__name__
            self._lose(f"the connection to the server broke: {said}", error)

    def _lose(self, message: str, error: Exception) -> NoReturn:
        self.__exit__(None, None, None)
        raise LinkLost(message) from error

    def _is_directory(self, path: str) -> bool:
        with self._linked() as client:
            answer = _propfind(client, path, "0")
        if answer.is_redirect:
            return bool(answer.headers.get("location", "").endswith("/"))
        with suppress(RemoteFailure):
            return answer.is_success and any(one.properties.collection for one in _responses(answer, path))
        return False

    def _must_be_there(self, answer: httpx.Response, directory: str) -> None:
        if answer.status_code in NO_COLLECTION:
            raise NoDirectory(directory)
        if answer.status_code in FORBIDDEN:
            raise NoRight(directory, "list", _said(answer))
        if not answer.is_success:
            raise RemoteFailure(directory, f"the server refused to list {directory} (it says: {_said(answer)})")

    def _must_be_granted(self, answer: httpx.Response, path: str, what: str) -> None:
        code, said = answer.status_code, _said(answer)
        if answer.is_success:
            return
        if code == httpx.codes.INSUFFICIENT_STORAGE:
            raise NoSpace(path, said)
        refused = code in FORBIDDEN or (code in NOT_WRITTEN and what != "read")
        if refused or code in MISSING:
            self.check_directory(_parent(path))
        if self._is_directory(path):
            raise IsDirectory(path)
        if refused:
            raise NoRight(path, what, said)
        raise RemoteFailure(path, f"the server refused to {what} {path} (it says: {said})")


def _propfind(client: httpx.Client, path: str, depth: str, *, slash: bool = False) -> httpx.Response:
    url = quote(path.rstrip("/") + "/" if slash else path)
    headers = {"Depth": depth, "Content-Type": "application/xml"}
    return client.request("PROPFIND", url, content=QUESTION, headers=headers)


def _responses(answer: httpx.Response, path: str) -> Sequence[Response]:
    try:
        return tuple(parse_multistatus_response(answer).responses.values())
    except (ParseError, ValueError, AssertionError, LookupError, TypeError, OverflowError, httpx.InvalidURL) as error:
        raise RemoteFailure(
            path, f"what the server says about {path} cannot be read: {printable(str(error))}"
        ) from error


def _entry(response: Response) -> Entry:
    facts = response.properties
    name = response.path_norm.rstrip("/").rpartition("/")[2]
    modified = None
    with suppress(ValueError, OverflowError, OSError):
        modified = None if facts.modified is None else _utc(facts.modified).timestamp()
    return Entry(name, max(0, facts.content_length or 0), modified, is_directory=bool(facts.collection))


def _utc(moment: datetime) -> datetime:
    """HTTP dates are in GMT, also where a server writes them without saying so (RFC 9110, 5.6.7)."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _said(answer: httpx.Response) -> str:
    return printable(f"{answer.status_code} {answer.reason_phrase}")


def _parent(path: str) -> str:
    return path.rpartition("/")[0] or "/"
