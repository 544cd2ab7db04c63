"""Every kind of server that a store can speak to, as one `Peer`: the behaviour suite runs against each."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import pytest

from heliograph.formats.config import FileServer, ServerMode, ServerType
from heliograph.sync.remote import Access, MemoryServer, RemoteStore, open_store
from support import ftp_library, sftp_library
from support.ftp import Vsftpd, vsftpd
from support.servers import Account, Tree
from support.sftp import Sshd, sshd
from support.webdav import Apache, apache

TIMEOUT_SECONDS = 30


class Pins:
    """Host keys in memory."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def pinned(self, host: str) -> str | None:
        return self.known.get(host)

    def pin(self, host: str, fingerprint: str) -> None:
        self.known[host] = fingerprint


class Peer(Protocol):
    """A server with a root that is empty at first."""

    root: str
    atomic: bool
    """Files appear whole, under their name at once."""
    rights: bool
    """The server refuses what the modes of its directories forbid."""

    def store(self) -> RemoteStore: ...
    def directory(self, name: str, mode: int = 0o755) -> str: ...
    def put(self, path: str, content: bytes) -> None: ...
    def files(self, directory: str) -> dict[str, bytes]: ...
    def take(self, directory: str) -> dict[str, bytes]: ...
    def close(self, path: str) -> None: ...
    def age(self, path: str, time: float) -> None: ...


@dataclass
class DiskPeer:
    """A server on a directory of this machine."""

    tree: Tree
    server: FileServer
    access: Access
    root: str
    """How the server calls the tree's root, without a slash at its end."""
    atomic: bool = False
    rights: bool = True

    def store(self, **changes: object) -> RemoteStore:
        return open_store(replace(self.server, **changes), self.access, Pins())

    def directory(self, name: str, mode: int = 0o755) -> str:
        self.tree.directory(name, mode)
        return f"{self.root}/{name}"

    def put(self, path: str, content: bytes) -> None:
        self.tree.file(path.removeprefix(self.root), content)

    def files(self, directory: str) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self._local(directory).iterdir() if path.is_file()}

    def take(self, directory: str) -> dict[str, bytes]:
        """Fetch and delete what is complete, as a reader does."""
        taken = {}
        for path in self._local(directory).iterdir():
            if path.is_file() and not path.name.endswith(".tmp") and ".davfs.tmp" not in path.name:
                taken[path.name] = path.read_bytes()
                path.unlink()
        return taken

    def close(self, path: str) -> None:
        """Let a file be listed but not read."""
        self._local(path).chmod(0)

    def link(self, path: str, target: str) -> None:
        """Make a symbolic link."""
        self._local(path).symlink_to(self._local(target))

    def age(self, path: str, time: float) -> None:
        """Have the server say that a file was changed then."""
        os.utime(self._local(path), (time, time))

    def local(self, path: str) -> Path:
        """Return where a file of the server lies."""
        return self._local(path)

    def _local(self, path: str) -> Path:
        return self.tree.root / path.removeprefix(self.root).lstrip("/")


class MemoryPeer:
    """The twin."""

    atomic = False
    rights = True
    root = ""

    def __init__(self) -> None:
        self.server = MemoryServer(directories={"/"})

    def store(self) -> RemoteStore:
        return self.server.store()

    def directory(self, name: str, mode: int = 0o755) -> str:
        self.server.directories.add("/" + name)
        if not mode & 0o200:
            self.server.forbidden.add("/" + name)
        return "/" + name

    def put(self, path: str, content: bytes) -> None:
        self.server.files[path] = content
        self.server.modified[path] = self.server.now

    def files(self, directory: str) -> dict[str, bytes]:
        found = self.server.files.items()
        return {path.rpartition("/")[2]: content for path, content in found if path.startswith(directory + "/")}

    def take(self, directory: str) -> dict[str, bytes]:
        taken = {name: content for name, content in self.files(directory).items() if not name.endswith(".tmp")}
        for name in taken:
            del self.server.files[f"{directory}/{name}"]
        return taken

    def close(self, path: str) -> None:
        self.server.unreadable.add(path)

    def age(self, path: str, time: float) -> None:
        self.server.modified[path] = time


def file_server(kind: ServerType, port: int, login: str, **more: object) -> FileServer:
    return FileServer(
        number=1,
        type=kind,
        mode=ServerMode.MAIN,
        address=str(more.pop("address", "127.0.0.1")),
        port=port,
        login=login,
        timeout_seconds=float(str(more.pop("timeout_seconds", TIMEOUT_SECONDS))),
        **more,
    )


def of_sshd(server: Sshd) -> DiskPeer:
    access = Access(private_key=server.client_key.read_bytes())
    return DiskPeer(server.tree, file_server(ServerType.SFTP, server.port, server.login), access, str(server.tree.root))


def of_vsftpd(server: Vsftpd, **more: object) -> DiskPeer:
    kind = ServerType.FTPS if server.tls else ServerType.FTP
    access = Access(password=server.password, authorities=server.authority.pem)
    settings = file_server(kind, server.port, server.login, address=server.host, **more)
    return DiskPeer(server.tree, settings, access, str(server.tree.root))


def of_apache(server: Apache) -> DiskPeer:
    access = Access(password=server.password, authorities=server.authority.pem)
    settings = file_server(ServerType.WEBDAV, server.port, server.login, plain=not server.tls)
    return DiskPeer(server.tree, settings, access, "", atomic=True)


@contextmanager
def _openssh() -> Iterator[DiskPeer]:
    with sshd() as server:
        yield of_sshd(server)


@contextmanager
def _sftp_library() -> Iterator[DiskPeer]:
    tree = Tree(Account())
    try:
        with sftp_library.library_server(tree.root) as server:
            settings = file_server(ServerType.SFTP, server.port, sftp_library.LOGIN)
            # It runs in this process, and root is refused nothing.
            access = Access(password=sftp_library.PASSWORD)
            yield DiskPeer(tree, settings, access, "", rights=not tree.account.may_mount)
    finally:
        tree.clear()


@contextmanager
def _ftp_library() -> Iterator[DiskPeer]:
    tree = Tree(Account())
    try:
        with ftp_library.pyftpd(tree.root) as server:
            settings = file_server(ServerType.FTP, server.port, server.login)
            yield DiskPeer(tree, settings, Access(password=server.password), "")
    finally:
        tree.clear()


def _vsftpd(*, passive: bool = True, **more: bool) -> Callable[[], object]:
    @contextmanager
    def start() -> Iterator[DiskPeer]:
        with vsftpd(**more) as server:
            yield of_vsftpd(server, passive=passive)

    return start


def _apache(**more: object) -> Callable[[], object]:
    @contextmanager
    def start() -> Iterator[DiskPeer]:
        with apache(**more) as server:
            yield of_apache(server)

    return start


@contextmanager
def _memory() -> Iterator[MemoryPeer]:
    yield MemoryPeer()


PEERS = {
    "memory": _memory,
    "sftp-openssh": _openssh,
    "sftp-without-extensions": _sftp_library,
    "ftp-vsftpd": _vsftpd(),
    "ftp-vsftpd-active": _vsftpd(passive=False),
    "ftp-vsftpd-ipv6": _vsftpd(ipv6=True),
    "ftp-mlsd": _ftp_library,
    "ftps-vsftpd": _vsftpd(tls=True),
    "webdav-apache": _apache(),
    "webdav-apache-plain-digest": _apache(tls=False, auth="Digest"),
}


@pytest.fixture(params=PEERS)
def peer(request: pytest.FixtureRequest) -> Iterator[Peer]:
    """Each kind of server in turn."""
    with PEERS[request.param]() as running:
        yield running


@pytest.fixture
def start() -> Iterator[Callable]:
    """Give `start("name of a peer")`."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(PEERS[name]())


@dataclass
class Outbox:
    """Local files to be sent."""

    directory: Path

    def write(self, name: str, content: bytes) -> Path:
        path = self.directory / name
        path.write_bytes(content)
        return path


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    directory = tmp_path / "outbox"
    directory.mkdir()
    return Outbox(directory)
