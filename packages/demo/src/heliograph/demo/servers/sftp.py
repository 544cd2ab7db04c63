"""An SFTP server on one directory, with one login: server 1 of the demo."""

import base64
import hashlib
import hmac
import logging
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

import paramiko
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
)
from paramiko.sftp import SFTP_FAILURE, SFTP_OK

from heliograph.runtime import write_atomically

_log = logging.getLogger("heliograph.demo.sftp")
_ACCEPT_SECONDS = 0.5
_LOGIN_SECONDS = 30


def host_key(file: Path) -> paramiko.PKey:
    """Read the host key of an earlier run, or make one."""
    if not file.exists():
        key = Ed25519PrivateKey.generate()
        content = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        )
        write_atomically(file, content, mode=0o600)
    return paramiko.Ed25519Key.from_private_key_file(str(file))


class SftpServer:
    """Serves `root` to who knows login and password. Use as a context manager; port 0 takes a free one."""

    def __init__(self, root: Path, login: str, password: str, key: paramiko.PKey, *, host: str, port: int) -> None:
        self._root = root
        self._account = (login, password)
        self._key = key
        self._socket = socket.create_server((host, port))
        self._socket.settimeout(_ACCEPT_SECONDS)
        self._transports: list[paramiko.Transport] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._accept, name="SFTP server", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._socket.getsockname()[1])

    @property
    def fingerprint(self) -> str:
        """What a client pins: `SHA256:…` as OpenSSH prints it."""
        digest = hashlib.sha256(self._key.asbytes()).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._socket.close()
        for transport in self._transports:
            transport.close()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            except OSError as error:
                _log.warning("SFTP server: %s", error)
                continue
            self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        self._transports = [transport for transport in self._transports if transport.is_active()]
        connection.settimeout(_LOGIN_SECONDS)
        transport = paramiko.Transport(connection)
        transport.add_server_key(self._key)
        transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Folder, root=self._root)
        try:
            transport.start_server(event=threading.Event(), server=_Door(*self._account))
        except (paramiko.SSHException, OSError) as error:
            _log.info("SFTP server: %s", error)
            transport.close()
            return
        self._transports.append(transport)


class _Door(paramiko.ServerInterface):
    """Lets in whoever gives the login and the password."""

    def __init__(self, login: str, password: str) -> None:
        self._login = login
        self._password = password

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002  # paramiko's signature
        return "password"

    def check_auth_password(self, username: str, password: str) -> int:
        right = hmac.compare_digest(password.encode(), self._password.encode()) and username == self._login
        return AUTH_SUCCESSFUL if right else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002  # paramiko's signature
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED


class _Folder(paramiko.SFTPServerInterface):
    """What a client sees: the files below the root; it may make no directories and no links."""

    def __init__(self, server: paramiko.ServerInterface, root: Path) -> None:
        super().__init__(server)
        self._root = root

    def list_folder(self, path: str) -> "list[paramiko.SFTPAttributes] | int":
        try:
            return [
                paramiko.SFTPAttributes.from_stat(entry.stat(follow_symlinks=False), entry.name)
                for entry in os.scandir(self._at(path))
            ]
        except OSError as error:
            return _code(error)

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        try:
            return paramiko.SFTPAttributes.from_stat(self._at(path).stat())
        except OSError as error:
            return _code(error)

    def lstat(self, path: str) -> paramiko.SFTPAttributes | int:
        return self.stat(path)

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> paramiko.SFTPHandle | int:  # noqa: ARG002  # paramiko's signature
        try:
            number = os.open(self._at(path), flags | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            return _code(error)
        handle = paramiko.SFTPHandle(flags)
        mode = "rb" if not flags & (os.O_WRONLY | os.O_RDWR) else ("r+b" if flags & os.O_RDWR else "wb")
        file = os.fdopen(number, mode)
        handle.readfile = file  # type: ignore[attr-defined]  # paramiko's own way to hand over a file
        handle.writefile = file  # type: ignore[attr-defined]  # as above
        handle.stat = lambda: paramiko.SFTPAttributes.from_stat(os.fstat(number))  # type: ignore[method-assign]  # as above
        return handle

    def remove(self, path: str) -> int:
        return self._done(lambda: self._at(path).unlink())

    def rename(self, oldpath: str, newpath: str) -> int:
        if self._at(newpath).exists():
            return SFTP_FAILURE
        return self.posix_rename(oldpath, newpath)

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        return self._done(lambda: self._at(oldpath).replace(self._at(newpath)))

    def _at(self, path: str) -> Path:
        """Where a client's path lies: `canonicalize` takes every `..` away."""
        return self._root / self.canonicalize(path).lstrip("/")

    def _done(self, step: Callable[[], object]) -> int:
        try:
            step()
        except OSError as error:
            return _code(error)
        return SFTP_OK


def _code(error: OSError) -> int:
    return paramiko.SFTPServer.convert_errno(error.errno or 0)
