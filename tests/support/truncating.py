"""Main servers that accept an upload and store less than they got, for as long as a test wants it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from support import sftp_library
from support.lines import PROXY_HOST, ftp_line
from support.servers import Account, Tree
from support.sets import DIRECTORIES
from support.webdav import Apache

HELD = 60
"""Bytes of each file that are stored; every file that a gateway sends has more."""


@dataclass(frozen=True)
class Truncating:
    """Server 1 as a set names it. `forgetful` makes it forget what is longer than `HELD`."""

    tree: Tree
    type: str
    options: dict[str, object]
    forgetful: AbstractContextManager[None]
    two_steps: bool = True
    """Whether a file gets its name only after its size was compared."""
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in DIRECTORIES:
            self.tree.directory(name)

    def settings(self) -> dict[str, object]:
        """What stands in `_config.ini`."""
        prefix = "HTTP" if self.type == "webdav" else "FTP"
        return {"SERVER_Type": self.type, **{f"{prefix}_{name}": value for name, value in self.options.items()}}

    def certificates(self) -> dict[str, bytes]:
        return {}


@contextmanager
def sftp() -> Iterator[Truncating]:
    tree = Tree(Account())

    @contextmanager
    def forgetful() -> Iterator[None]:
        server.truncate_after = HELD
        yield
        server.truncate_after = None

    try:
        with sftp_library.library_server(tree.root) as server:
            login = {"Login": sftp_library.LOGIN, "Password": sftp_library.PASSWORD}
            yield Truncating(tree, "sftp", {"Address": "127.0.0.1", "Port": server.port, **login}, forgetful())
    finally:
        tree.clear()


@contextmanager
def ftp() -> Iterator[Truncating]:
    with ftp_line(tls=False)() as (peer, between):

        @contextmanager
        def forgetful() -> Iterator[None]:
            between.faults.swallow_after = HELD
            yield
            between.faults.swallow_after = None

        login = {"Login": peer.server.login, "Password": peer.access.password, "DirRoot": peer.root}
        yield Truncating(peer.tree, "ftp", {"Address": PROXY_HOST, "Port": peer.server.port, **login}, forgetful())


@contextmanager
def webdav() -> Iterator[Truncating]:
    """Apache whose filter of what comes in is a program that the test replaces."""
    tree = Tree(Account())
    filter_ = tree.base / "filter"

    def filtering(command: str) -> None:
        new = _script(filter_.with_name("filter.new"), command)
        tree.own(new)
        new.replace(filter_)

    @contextmanager
    def forgetful() -> Iterator[None]:
        filtering(f"head -c {HELD}; cat > /dev/null")
        yield
        filtering("cat")

    filtering("cat")
    lines = (
        f'ExtFilterDefine short mode=input cmd="{filter_}"',
        "<If \"%{REQUEST_METHOD} == 'PUT'\">",
        "SetInputFilter short",
        "</If>",
    )
    server = Apache(tree, tls=False, more="\n".join(lines), modules=("ext_filter",))
    address = {"Address": f"http://127.0.0.1:{server.port}", "AllowPlain": 1}
    login = {"Login": server.login, "Password": server.password}
    try:
        with server.run():
            yield Truncating(tree, "webdav", {**address, **login}, forgetful(), two_steps=False)
    finally:
        tree.clear()


def _script(path: Path, command: str) -> Path:
    path.write_text(f"#!/bin/sh\n{command}\n")
    path.chmod(0o755)
    return path


TRUNCATING = {"sftp": sftp, "ftp": ftp, "webdav": webdav}
