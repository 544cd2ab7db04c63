"""FTP and FTPS (explicit TLS) servers, with ftplib below."""

import ftplib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NoReturn, Self

from heliograph.formats.config import FileServer, ServerType
from heliograph.sync.remote.dial import tls_context, where, why_unreachable
from heliograph.sync.remote.errors import (
    FileError,
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
from heliograph.sync.remote.ftp_link import FtpLink, NoDataChannel
from heliograph.sync.remote.ftp_listing import facts, names, number, time_value
from heliograph.sync.remote.listing import keep
from heliograph.sync.remote.names import printable
from heliograph.sync.remote.steps import send_each, unreadable
from heliograph.sync.remote.store import ASIDE, Access, BeforeCommit, Entry, Upload, Uploaded

MAX_LISTING_BYTES = 1 << 25
NOT_KNOWN = {"500", "501", "502", "504"}
NO_SPACE = {"452", "552"}
FAILED_WRITING = "451"
"""What vsftpd and others say when the disk is full."""


class FtpStore:
    """A session with an FTP or FTPS server; see `RemoteStore`."""

    def __init__(self, server: FileServer, access: Access) -> None:
        self._server = server
        self._access = access
        self._link: FtpLink | None = None
        self._features: frozenset[str] = frozenset()

    def __enter__(self) -> Self:
        """See `RemoteStore`."""
        protected = self._server.type is ServerType.FTPS
        link = FtpLink(self._server, tls_context(self._server, self._access.authorities) if protected else None)
        try:
            self._open(link)
            self._features = link.features()
            self._prepare(link)
        except (ftplib.Error, OSError, EOFError) as error:
            link.close()
            raise why_unreachable(self._server, error) from error
        except BaseException:
            link.close()
            raise
        self._link = link
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """See `RemoteStore`."""
        link, self._link = self._link, None
        if link is not None:
            with suppress(ftplib.Error, OSError, EOFError):
                link.sendcmd("QUIT")
            link.close()

    def check_directory(self, directory: str) -> None:
        """See `RemoteStore`."""
        with self._linked() as link:
            try:
                link.voidcmd(f"CWD {directory}")
            except ftplib.error_perm as error:
                raise NoDirectory(directory) from error

    def list(self, directory: str, match: Callable[[str], bool] = lambda _: True) -> Sequence[Entry]:
        """See `RemoteStore`. Without MLSD each matching name costs two questions."""
        self.check_directory(directory)
        if "MLSD" in self._features or "MLST" in self._features:
            entries = (facts(line) for line in self._lines("MLSD", directory))
            return keep(directory, (entry for entry in entries if entry is not None), match)
        found = names(self._lines("NLST", directory))
        kept = keep(directory, (Entry(name, 0, None) for name in found), match)
        return [self._detailed(directory, entry.name) for entry in kept]

    def read(self, path: str, limit: int) -> bytes:
        """See `RemoteStore`."""
        size = self.size(path)
        if size is not None and size > limit:
            raise TooLarge(path, f"{limit} bytes")
        content = bytearray()

        def take(data: bytes) -> bool:
            content.extend(data)
            return len(content) <= limit

        with self._linked() as link:
            try:
                link.receive(f"RETR {path}", take)
            except ftplib.Error as error:
                self._refused(error, path, "read")
        if len(content) > limit:
            raise TooLarge(path, f"{limit} bytes")
        if size is not None and len(content) != size:
            raise RemoteFailure(path, f"{path} has {size} bytes on the server but {len(content)} came; read it again")
        return bytes(content)

    def upload(self, files: Iterable[Upload], before_commit: BeforeCommit) -> Iterator[Uploaded]:
        """See `RemoteStore`."""
        return send_each(self, files, before_commit)

    def remove(self, path: str) -> None:
        """See `RemoteStore`."""
        with self._linked() as link:
            try:
                link.voidcmd(f"DELE {path}")
            except ftplib.Error as error:
                with suppress(NoFile):
                    self._refused(error, path, "delete")

    def size(self, path: str) -> int | None:
        """See `Primitives`."""
        with self._linked() as link:
            try:
                return number(link.sendcmd(f"SIZE {path}")[3:])
            except ftplib.error_perm as error:
                if _code(error) not in NOT_KNOWN:
                    return None
                return self._size_by_facts(link, path)

    def send(self, local: Path, path: str) -> None:
        """See `Primitives`."""
        with self._linked() as link:
            try:
                with _opened(local) as file:
                    link.send(f"STOR {path}", file)
            except ftplib.Error as error:
                self._refused(error, path, "write")

    def rename(self, old: str, new: str) -> None:
        """See `Primitives`. Where the server refuses to replace a file, that is moved aside first."""
        with self._linked() as link:
            try:
                _rename(link, old, new)
            except ftplib.error_perm as error:
                if self.size(new) is None or self._is_directory(new):
                    self._refused(error, new, "rename")
                self._replace(link, old, new)

    def _open(self, link: FtpLink) -> None:
        try:
            link.open()
        except ftplib.Error as error:
            what = "refuses TLS; check that FTPS is on there" if link.welcome else "refuses connections"
            raise Unreachable(f"{where(self._server)} {what} ({self._said(error)})") from error
        try:
            link.login(self._server.login, self._access.password, secure=False)
        except ftplib.Error as error:
            raise LoginRefused(
                f"{where(self._server)} refused the login {self._server.login} ({self._said(error)}); "
                f"check Login and Password, and whether it wants ftps"
            ) from error

    def _prepare(self, link: FtpLink) -> None:
        """Binary, protected, in UTF-8."""
        try:
            if self._server.type is ServerType.FTPS:
                link.prot_p()
            link.voidcmd("TYPE I")
        except ftplib.Error as error:
            said = self._said(error)
            raise Unreachable(f"{where(self._server)} refuses binary or protected transfers ({said})") from error
        if "UTF8" in self._features:
            with suppress(ftplib.error_perm):
                link.sendcmd("OPTS UTF8 ON")

    def _said(self, error: ftplib.Error) -> str:
        said = printable(str(error))
        return said.replace(self._access.password, "***") if self._access.password else said

    @contextmanager
    def _linked(self) -> Iterator[FtpLink]:
        """Give the link; turn its loss into `LinkLost`, after which it stays lost."""
        if self._link is None:
            raise LinkLost("the connection to the server is gone")
        try:
            yield self._link
        except FileError:
            raise
        except TimeoutError as error:
            self._lose(f"the server did not answer within {self._server.timeout_seconds:g} s", error)
        except NoDataChannel as error:
            self._lose(str(error), error)
        except (OSError, EOFError, ftplib.error_proto, ftplib.error_reply) as error:
            self._lose(f"the connection to the server broke: {printable(str(error)) or 'it was closed'}", error)
        except ftplib.Error as error:
            self._lose(f"the server ends the connection: {self._said(error)}", error)

    def _lose(self, message: str, error: Exception) -> NoReturn:
        link, self._link = self._link, None
        if link is not None:
            link.close()
        raise LinkLost(message) from error

    def _refused(self, error: ftplib.Error, path: str, what: str) -> NoReturn:
        """Ask what stands behind a refusal, since 550 means many things."""
        code, said = _code(error), self._said(error)
        if code == "421" or not isinstance(error, ftplib.error_perm | ftplib.error_temp):
            raise error
        if code in NO_SPACE or (code == FAILED_WRITING and what == "write"):
            raise NoSpace(path, said)
        if isinstance(error, ftplib.error_temp) or code in NOT_KNOWN:
            raise RemoteFailure(path, f"the server refused to {what} {path} (it says: {said})")
        self.check_directory(path.rpartition("/")[0] or "/")
        if self._is_directory(path):
            raise IsDirectory(path) from error
        if what in {"read", "delete"} and self.size(path) is None:
            raise NoFile(path)
        raise NoRight(path, what, said)

    def _lines(self, command: str, directory: str) -> Sequence[str]:
        content = bytearray()

        def take(data: bytes) -> bool:
            content.extend(data)
            return len(content) <= MAX_LISTING_BYTES

        with self._linked() as link:
            try:
                answer = link.receive(command, take)
            except ftplib.error_perm as error:
                # Some answer so to NLST where there are no files.
                if command != "NLST" or _code(error) != "550":
                    self._refused(error, directory, "list")
                return []
            except ftplib.error_temp as error:
                self._refused(error, directory, "list")
        if "failed to open" in answer:
            raise NoRight(directory, "list", printable(answer))
        if len(content) > MAX_LISTING_BYTES:
            raise TooLarge(directory, f"{MAX_LISTING_BYTES} bytes of listing")
        return content.decode("utf-8", "surrogateescape").replace("\r\n", "\n").split("\n")

    def _detailed(self, directory: str, name: str) -> Entry:
        path = f"{directory.rstrip('/')}/{name}"
        size = self.size(path)
        if size is None:  # Neither: it is there all the same, and reading it tells what it is.
            return Entry(name, 0, None, is_directory=self._is_directory(path))
        with self._linked() as link, suppress(ftplib.error_perm):
            return Entry(name, size, time_value(link.sendcmd(f"MDTM {path}")[3:]))
        return Entry(name, size, None)

    def _is_directory(self, path: str) -> bool:
        try:
            self.check_directory(path)
        except NoDirectory:
            return False
        return True

    def _size_by_facts(self, link: FtpLink, path: str) -> int | None:
        if "MLST" not in self._features:
            raise RemoteFailure(path, "the server knows neither SIZE nor MLST, so that no transfer can be verified")
        try:
            lines = link.sendcmd(f"MLST {path}").splitlines()
        except ftplib.error_perm:
            return None
        found = [entry for line in lines[1:-1] if (entry := facts(line.lstrip())) is not None]
        return found[0].size if found else None

    def _replace(self, link: FtpLink, old: str, new: str) -> None:
        """Move a file aside that stands in the way; where even that is refused, it stays as it was."""
        aside = new + ASIDE
        try:
            _delete(link, aside)
            _rename(link, new, aside)
            try:
                _rename(link, old, new)
            except ftplib.Error:
                _rename(link, aside, new)
                raise
        except ftplib.Error as error:
            self._refused(error, new, "rename")
        _delete(link, aside)


def _rename(link: FtpLink, old: str, new: str) -> None:
    link.sendcmd(f"RNFR {old}")
    link.voidcmd(f"RNTO {new}")


def _delete(link: FtpLink, path: str) -> None:
    with suppress(ftplib.error_perm):
        link.voidcmd(f"DELE {path}")


def _opened(local: Path) -> BinaryIO:
    try:
        return local.open("rb")
    except OSError as error:
        raise unreadable(local, error) from error


def _code(error: ftplib.Error) -> str:
    return str(error)[:3]
