"""An SFTP server made of paramiko: passwords, several host keys, and behaviour that OpenSSH does not have."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import paramiko
from paramiko.common import AUTH_FAILED, AUTH_PARTIALLY_SUCCESSFUL, AUTH_SUCCESSFUL, OPEN_SUCCEEDED
from paramiko.sftp import SFTP_FAILURE, SFTP_NO_SUCH_FILE, SFTP_OK

LOGIN, PASSWORD = "gateway", "Regen;3=ü"


class LibraryServer:
    """Serves `root` as `/`. Renames never replace, unknown extensions are not there, writes may be truncated."""

    def __init__(self, root: Path, *keys: paramiko.PKey) -> None:
        self.root = root
        self.keys = keys or (paramiko.ECDSAKey.generate(),)
        self.methods = ("password",)
        self.client_key: paramiko.PKey | None = None
        self.truncate_after: int | None = None
        self.attempts: list[str] = []
        self.on_opening: Callable[[str, paramiko.Transport], None] = lambda *_: None
        """Called at each step of the opening of SFTP: `channel`, `subsystem`, `hello`."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._listener.settimeout(0.1)
        self._ended = threading.Event()
        self._transports: list[paramiko.Transport] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join(5)
        self._listener.close()
        for transport in self._transports:
            transport.close()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            transport = paramiko.Transport(connection)
            for key in self.keys:
                transport.add_server_key(key)
            transport.set_subsystem_handler("sftp", Subsystem, sftp_si=Files, library=self)
            self._transports.append(transport)
            transport.start_server(event=threading.Event(), server=Door(self, transport))


class Door(paramiko.ServerInterface):
    """Who may come in."""

    def __init__(self, library: LibraryServer, transport: paramiko.Transport) -> None:
        self._library = library
        self._transport = transport

    def get_allowed_auths(self, username: str) -> str:
        return ",".join(self._library.methods)

    def check_auth_password(self, username: str, password: str) -> int:
        self._library.attempts.append(password)
        good = "password" in self._library.methods and (username, password) == (LOGIN, PASSWORD)
        return AUTH_SUCCESSFUL if good else AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        if key != self._library.client_key:
            return AUTH_FAILED
        return AUTH_PARTIALLY_SUCCESSFUL if "password" in self._library.methods else AUTH_SUCCESSFUL

    def check_auth_interactive(self, username: str, submethods: str):
        if "keyboard-interactive" not in self._library.methods:
            return AUTH_FAILED
        return paramiko.InteractiveQuery("", "", ("Password: ", False))

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        return AUTH_SUCCESSFUL if responses == [PASSWORD] else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        self._library.on_opening("channel", self._transport)
        return OPEN_SUCCEEDED

    def check_channel_subsystem_request(self, channel: paramiko.Channel, name: str) -> bool:
        self._library.on_opening("subsystem", self._transport)
        return super().check_channel_subsystem_request(channel, name)


class Subsystem(paramiko.SFTPServer):
    """SFTP on a channel, from its greeting on."""

    def __init__(self, channel, name, server, sftp_si, library) -> None:
        super().__init__(channel, name, server, sftp_si, library)
        self._library = library

    def start_subsystem(self, name, transport, channel) -> None:
        self._library.on_opening("hello", transport)
        super().start_subsystem(name, transport, channel)


class Handle(paramiko.SFTPHandle):
    """An open file that may forget what is written behind a place."""

    def __init__(self, flags: int, file, truncate_after: int | None) -> None:
        super().__init__(flags)
        self.readfile = self.writefile = file
        self._truncate_after = truncate_after

    def write(self, offset: int, data: bytes) -> int:
        if self._truncate_after is not None:
            data = data[: max(0, self._truncate_after - offset)]
        return super().write(offset, data) if data else SFTP_OK

    def stat(self):
        self.writefile.flush()
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))

    def chattr(self, attr: paramiko.SFTPAttributes) -> int:
        return SFTP_OK


class Files(paramiko.SFTPServerInterface):
    """The files below the root."""

    def __init__(self, server: Door, library: LibraryServer) -> None:
        self._library = library

    def _path(self, path: str) -> Path:
        return self._library.root / self.canonicalize(path).lstrip("/")

    def list_folder(self, path: str):
        try:
            return [
                paramiko.SFTPAttributes.from_stat(entry.stat(), entry.name) for entry in os.scandir(self._path(path))
            ]
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    def stat(self, path: str):
        try:
            return paramiko.SFTPAttributes.from_stat(self._path(path).stat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    lstat = stat

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes):
        try:
            file = os.open(self._path(path), flags, 0o644)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        mode = "r+b" if flags & os.O_RDWR else "wb" if flags & os.O_WRONLY else "rb"
        return Handle(flags, os.fdopen(file, mode, buffering=0), self._library.truncate_after)

    def remove(self, path: str) -> int:
        try:
            self._path(path).unlink()
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        return SFTP_OK

    def rename(self, oldpath: str, newpath: str) -> int:
        if not self._path(oldpath).exists():
            return SFTP_NO_SUCH_FILE
        if self._path(newpath).exists():
            return SFTP_FAILURE
        self._path(oldpath).rename(self._path(newpath))
        return SFTP_OK

    def chattr(self, path: str, attr: paramiko.SFTPAttributes) -> int:
        paramiko.SFTPServer.set_file_attr(str(self._path(path)), attr)
        return SFTP_OK


@contextmanager
def library_server(root: Path, *keys: paramiko.PKey) -> Iterator[LibraryServer]:
    """A running server."""
    server = LibraryServer(root, *keys)
    try:
        yield server
    finally:
        server.close()
