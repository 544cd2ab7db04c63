"""An FTP server made of pyftpdlib, in a process of its own: MLSD, an account, and renames that never replace."""

import logging
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOGIN, PASSWORD = "gateway", "Nebel-5"


class PyFtpd:
    """One server with a directory as `/`."""

    login = LOGIN
    password = PASSWORD

    def __init__(self, port: int) -> None:
        self.port = port


@contextmanager
def pyftpd(root: Path) -> Iterator[PyFtpd]:
    """A running server; it runs as this user, since another may not reach this Python."""
    from support.ports import free_port
    from support.servers import Account, running

    port = free_port()
    account = Account()
    account.become = False
    command = [sys.executable, "-W", "ignore", __file__, root, port]
    with tempfile.TemporaryDirectory() as directory, running(account, command, port, Path(directory) / "log"):
        yield PyFtpd(port)


def serve(root: str, port: int) -> None:
    """Serve for ever. Refuses what the modes of files and directories forbid, also as root."""
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.filesystems import AbstractedFS, FilesystemError
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.servers import FTPServer

    class NeverReplaces(AbstractedFS):
        def rename(self, src: str, dst: str) -> None:
            if Path(dst).exists():
                raise FilesystemError("file exists")
            super().rename(src, dst)

    class OwnersRights(DummyAuthorizer):
        def has_perm(self, username: str, perm: str, path: str | None = None) -> bool:
            place = Path(path or self.get_home_dir(username))
            directory = place if place.is_dir() else place.parent
            if perm in "adfmw" and directory.exists() and not directory.stat().st_mode & 0o200:
                return False
            if perm == "r" and place.is_file() and not place.stat().st_mode & 0o400:
                return False
            return super().has_perm(username, perm, path)

    logging.getLogger("pyftpdlib").setLevel(logging.CRITICAL)
    authorizer = OwnersRights()
    authorizer.add_user(LOGIN, PASSWORD, root, perm="elradfmwMT")
    FTPHandler.authorizer = authorizer
    FTPHandler.abstracted_fs = NeverReplaces
    FTPServer(("127.0.0.1", port), FTPHandler).serve_forever()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
