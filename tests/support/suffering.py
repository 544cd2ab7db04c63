"""A main server behind a proxy, of each kind, that a test makes suffer and mends while the gateway runs."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from support.certificates import Authority
from support.disks import fill
from support.ftp import Vsftpd
from support.ports import free_ports
from support.proxy import Proxy, proxy
from support.servers import Account, Tree, need
from support.sets import DIRECTORIES, UID
from support.sftp import Sshd
from support.webdav import Apache

PROXY = "127.0.0.2"
NAMES = (PROXY, "127.0.0.1")
TIMEOUT_SECONDS = 5
DATA_PORTS = 12
DISK_BYTES = 4 * 1024 * 1024


class Suffering(ABC):
    """Server 1. Its root is a small disk where that can be mounted."""

    program: str
    prefix = "FTP"
    identity: str
    """What a person is told about when the server is another than before."""

    def __init__(self) -> None:
        need(self.program)
        self.tree = Tree(Account())
        self.environment: dict[str, str] = {}
        self._running = ExitStack()
        self._all = ExitStack()
        self._all.callback(self.tree.clear)
        self.has_disk = False

    def __enter__(self) -> Self:
        with suppress(pytest.skip.Exception):
            self._all.enter_context(self.tree.small("", DISK_BYTES))
            self.has_disk = True
        for name in DIRECTORIES:
            self.tree.directory(name)
        self.server = self.make()
        self._all.callback(self.stop)
        self.start()
        self.proxy: Proxy = self._all.enter_context(proxy(*self.ports()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._all.close()

    def start(self) -> None:
        self._running.enter_context(self.server.run())

    def stop(self) -> None:
        self._running.close()

    def settings(self) -> dict[str, object]:
        """What stands in `_config.ini`."""
        named = {
            "Address": PROXY, "Port": self.server.port, "Login": self.server.login, "Timeout": TIMEOUT_SECONDS,
            **self.options(),
        }  # fmt: skip
        return {"SERVER_Type": self.type, **{f"{self.prefix}_{name}": value for name, value in named.items()}}

    def certificates(self) -> dict[str, bytes]:
        return {}

    def ports(self) -> list[int]:
        return [self.server.port]

    @property
    @abstractmethod
    def type(self) -> str: ...

    @abstractmethod
    def make(self) -> Sshd | Vsftpd | Apache: ...

    @abstractmethod
    def options(self) -> dict[str, object]: ...

    @abstractmethod
    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Refuse the login for a while."""

    @abstractmethod
    def become_another(self) -> None:
        """Show another host key or certificate from now on."""

    @abstractmethod
    def trust(self, set_dir: Path) -> None:
        """Edit the set so that the gateway trusts what the server shows now."""

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """Miss a directory for a while."""
        path = self.tree.root / name
        away = path.rename(path.with_name(f"{name}.away"))
        yield
        away.rename(path)

    @contextmanager
    def closed(self, name: str) -> Iterator[None]:
        """Give no right to write into a directory for a while."""
        path = self.tree.root / name
        path.chmod(0o555)
        yield
        path.chmod(0o755)

    @contextmanager
    def full(self) -> Iterator[None]:
        """Have no space for a while."""
        filler = fill(self.tree.root)
        yield
        filler.unlink()


class OpenSsh(Suffering):
    program = "sshd"
    type = "sftp"
    identity = "host key"

    def make(self) -> Sshd:
        server = Sshd(self.tree)
        self.environment["MAIN_KEY"] = server.client_key.read_text()
        return server

    def options(self) -> dict[str, object]:
        return {"DirRoot": self.tree.root, "KeyFile": "env:MAIN_KEY", "HostKey": self.server.host_key}

    @contextmanager
    def refusing(self) -> Iterator[None]:
        keys = self.tree.base / "authorized_keys"
        away = keys.rename(keys.with_name("away"))
        yield
        away.rename(keys)

    def become_another(self) -> None:
        self.stop()
        self._before = self.server.host_key
        self.server.new_host_key()
        self.start()

    def trust(self, set_dir: Path) -> None:
        path = set_dir / "CONFIG" / f"{UID}_config.ini"
        path.write_text(path.read_text().replace(self._before, self.server.host_key))


class _OfAuthority(Suffering):
    """A server with TLS, trusted by the certificate of its authority in the set."""

    identity = "not trusted"

    def certificates(self) -> dict[str, bytes]:
        return {"main.pem": self.server.authority.pem}

    def become_another(self) -> None:
        self.stop()
        self.server.authority = Authority()
        self.server.certify(*NAMES)
        self.start()

    def trust(self, set_dir: Path) -> None:
        (set_dir / "CERT" / "main.pem").write_bytes(self.server.authority.pem)


class Ftps(_OfAuthority):
    program = "vsftpd"
    type = "ftps"

    def make(self) -> Vsftpd:
        self._data = free_ports(DATA_PORTS)
        more = f"pasv_min_port={self._data[0]}\npasv_max_port={self._data[-1]}"
        return Vsftpd(self.tree, tls=True, names=NAMES, more=more)

    def ports(self) -> list[int]:
        return [self.server.port, *self._data]

    def options(self) -> dict[str, object]:
        return {"DirRoot": self.tree.root, "Password": self.server.password, "CaFile": "main.pem"}

    @contextmanager
    def refusing(self) -> Iterator[None]:
        self.tree.private("passwords", "another\n")
        yield
        self.tree.private("passwords", self.server.password + "\n")


class WebDav(_OfAuthority):
    program = "apache2"
    type = "webdav"
    prefix = "HTTP"

    def make(self) -> Apache:
        return Apache(self.tree, names=NAMES)

    def options(self) -> dict[str, object]:
        return {"Password": self.server.password, "CaFile": "main.pem"}

    @contextmanager
    def refusing(self) -> Iterator[None]:
        users = self.tree.base / "users.Basic"
        before = users.read_text()
        self.tree.private(users.name, before.replace("{SHA}", "{SHA}x"))
        yield
        self.tree.private(users.name, before)


KINDS: dict[str, type[Suffering]] = {"sftp": OpenSsh, "ftps": Ftps, "webdav": WebDav}
