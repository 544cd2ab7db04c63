"""What can go wrong with a server, in words for its operator.

    RemoteError
    ├── Unreachable          the connection could not be opened: back off this server
    │   ├── LoginRefused     name, password or key is wrong
    │   ├── HostKeyRefused   SFTP: another key than the pinned one
    │   └── CertificateRefused   TLS: not trusted, expired, or another host's
    ├── LinkLost             the open connection is gone: end it, back off this server
    └── FileError            one file or directory failed: report it, go on with the next
        ├── NoDirectory      it is not there; the gateway never makes one (spec 1.3)
        ├── NoFile           there is no such file
        ├── IsDirectory      a directory has the name of the file
        ├── NoRight          the server does not allow it
        ├── NoSpace          the server has no room, or the login's quota is used up
        ├── TooLarge         more than the gateway is ready to take
        ├── SizeMismatch     what arrived is not as long as what was sent
        ├── LocalFailure     our own file could not be read
        └── RemoteFailure    anything else that the server answered

Every message stands for itself: it says what failed, where, and what to check. None holds a password.
"""


class RemoteError(Exception):
    """The server did not do it."""


class Unreachable(RemoteError):
    """No connection: a name, a port, a time limit, TLS, a host key or a login stood in the way."""


class LoginRefused(Unreachable):
    """The server is there and does not let us in."""


class HostKeyRefused(Unreachable):
    """The server shows another host key than the pinned one."""


class CertificateRefused(Unreachable):
    """The server's certificate is not trusted, not valid now, or made out to another host."""


class LinkLost(RemoteError):
    """The connection broke, or the server stopped to answer."""


class FileError(RemoteError):
    """One path failed while the connection stands."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path
        """The file or directory on the server."""


class NoDirectory(FileError):
    """The directory is missing."""

    def __init__(self, path: str) -> None:
        super().__init__(path, f"the directory {path} does not exist on the server; create it there")


class NoFile(FileError):
    """The file is missing."""

    def __init__(self, path: str) -> None:
        super().__init__(path, f"the file {path} does not exist on the server")


class IsDirectory(FileError):
    """A directory stands where a file is expected."""

    def __init__(self, path: str) -> None:
        super().__init__(path, f"{path} on the server is a directory where a file is expected; move it away")


class NoRight(FileError):
    """The server forbids it."""

    def __init__(self, path: str, what: str, answer: str = "") -> None:
        super().__init__(path, f"no right to {what} {path}; grant it to the login on the server{_quoted(answer)}")
        self.what = what
        """`list`, `read`, `write`, `rename` or `delete`."""


class NoSpace(FileError):
    """The server's disk or the login's quota is full."""

    def __init__(self, path: str, answer: str = "") -> None:
        super().__init__(path, f"the server has no space left for {path}; free some there{_quoted(answer)}")


class TooLarge(FileError):
    """A file or a directory is longer than its limit."""

    def __init__(self, path: str, limit: str) -> None:
        super().__init__(path, f"{path} on the server is larger than the gateway takes ({limit})")


class SizeMismatch(FileError):
    """The server holds another number of bytes than were sent."""

    def __init__(self, path: str, sent: int, found: int | None) -> None:
        there = "it is not there" if found is None else f"the server holds {found}"
        super().__init__(path, f"{path}: {sent} bytes were sent but {there}; the file is sent again")


class LocalFailure(FileError):
    """The gateway's own copy could not be read."""


class RemoteFailure(FileError):
    """The server refused for a reason of its own."""


def _quoted(answer: str) -> str:
    return f" (it says: {answer})" if answer else ""
