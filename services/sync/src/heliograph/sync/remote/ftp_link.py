"""An FTP control connection and its data channels: what ftplib lacks for real servers.

Added to ftplib: protected data channels that reuse the TLS session and end by its close-notify, EPSV where PASV is
refused, a data connection only from the server itself, answers in any encoding, and bounded answers.
"""

import ftplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import BinaryIO, TextIO

from heliograph.formats.config import FileServer, ServerType
from heliograph.sync.remote.dial import dial
from heliograph.sync.remote.names import printable

MAX_ANSWER_LINES = 500
CHUNK_BYTES = 1 << 18


class NoDataChannel(Exception):
    """The control connection stands, but no data connection comes about."""


class FtpLink(ftplib.FTP_TLS):
    """A control connection for `ftp` and `ftps`. Raises what ftplib raises, and `NoDataChannel`."""

    def __init__(self, server: FileServer, context: ssl.SSLContext | None) -> None:
        super().__init__(context=context, timeout=server.timeout_seconds)
        self._server = server
        self.set_pasv(server.passive)

    def open(self) -> None:
        """Connect, and for `ftps` begin TLS."""
        self.host, self.port = self._server.address, self._server.port
        self.sock = dial(self._server)
        self.af = self.sock.family
        self.file = self._lines()
        self.welcome = self.getresp()
        if self._server.type is ServerType.FTPS:
            self.auth()

    def auth(self) -> str:
        """Begin TLS on the control connection; what came before it in plain text is dropped."""
        answer = super().auth()
        self.file = self._lines()
        return answer

    def features(self) -> frozenset[str]:
        """Return the names in the answer to FEAT; none where it is unknown."""
        try:
            lines = self.sendcmd("FEAT").splitlines()[1:-1]
        except ftplib.error_perm:
            return frozenset()
        return frozenset(words[0].upper() for line in lines if (words := line.split()))

    def send(self, command: str, file: BinaryIO) -> None:
        """Send a file over a data channel; returns after the server's positive answer."""
        with self._channel(command) as channel:
            try:
                while data := file.read(CHUNK_BYTES):
                    channel.sendall(data)
                _end(channel)
            except TimeoutError:
                raise
            except OSError:
                # The server gave up this file: its answer tells why.
                channel.close()
                self.voidresp()
                raise
        self.voidresp()

    def receive(self, command: str, take: Callable[[bytes], bool]) -> str:
        """Hand what comes over a data channel to `take` until its end, or until that returns False.

        Returns the server's answer. Over TLS an end without close-notify raises `ssl.SSLEOFError`: it may be cut.
        """
        with self._channel(command) as channel:
            while data := channel.recv(CHUNK_BYTES):
                if not take(data):
                    break
            else:
                _end(channel)
        if not data:
            return self.voidresp()
        with suppress(ftplib.Error):
            self.voidresp()
        return ""

    def makepasv(self) -> tuple[str, int]:
        """Ask for a passive port; the server's own address is used, whatever it says (it may stand behind NAT)."""
        try:
            return super().makepasv()
        except ftplib.error_perm:
            if self.af != socket.AF_INET:
                raise
            return ftplib.parse229(self.sendcmd("EPSV"), self._socket().getpeername())  # noqa: S321  # FTP is what some servers speak

    def getmultiline(self) -> str:
        """Return a whole answer, if it is not endless."""
        lines = [self.getline()]
        code, more = lines[0][:3], lines[0][3:4] == "-"
        while more:
            lines.append(self.getline())
            more = lines[-1][:3] != code or lines[-1][3:4] == "-"
            if len(lines) > MAX_ANSWER_LINES:
                raise ftplib.error_proto("an endless answer")  # noqa: S321  # FTP is what some servers speak
        return "\n".join(lines)

    @contextmanager
    def _channel(self, command: str) -> Iterator[socket.socket]:
        connection = self._passive(command) if self.passiveserver else self._active(command)
        # Without it the end of a small file waits for a delayed acknowledgement of its bytes.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with closing(self._protected(connection)) as channel:
            yield channel

    def _passive(self, command: str) -> socket.socket:
        host, port = self.makepasv()
        try:
            connection = socket.create_connection((host, port), timeout=self._server.timeout_seconds)
        except OSError as error:
            raise NoDataChannel(
                f"port {port} of the server, which it named for data, cannot be reached ({printable(str(error))}); "
                f"open the passive ports of its firewall, or set PassiveMode=0"
            ) from error
        try:
            self._begin(command)
        except BaseException:
            connection.close()
            raise
        return connection

    def _active(self, command: str) -> socket.socket:
        with self.makeport() as listener:
            self._begin(command)
            try:
                connection, peer = listener.accept()
            except OSError as error:
                raise NoDataChannel("the server opened no data connection to the gateway; set PassiveMode=1") from error
        connection.settimeout(self._server.timeout_seconds)
        if peer[0] != self._socket().getpeername()[0]:
            connection.close()
            raise NoDataChannel("somebody else than the server opened the data connection")
        return connection

    def _begin(self, command: str) -> None:
        answer = self.sendcmd(command)
        if answer.startswith("2"):  # Some say 200 before 150.
            answer = self.getresp()
        if not answer.startswith("1"):
            raise ftplib.error_reply(answer)  # noqa: S321  # FTP is what some servers speak

    def _protected(self, connection: socket.socket) -> socket.socket:
        control = self._socket()
        if not isinstance(control, ssl.SSLSocket):
            return connection
        try:
            return self.context.wrap_socket(
                connection, server_hostname=self.host, session=control.session, suppress_ragged_eofs=False
            )
        except OSError as error:
            connection.close()
            with suppress(ftplib.Error, OSError, EOFError):
                self.voidresp()
            raise NoDataChannel(f"TLS of the data connection failed: {printable(str(error))}") from error

    def _lines(self) -> TextIO:
        return self._socket().makefile("r", encoding="utf-8", errors="replace")

    def _socket(self) -> socket.socket:
        if self.sock is None:
            raise EOFError
        return self.sock


def _end(channel: socket.socket) -> None:
    """End a data channel. A server that leaves out its close-notify is told by its answer and the size, not here."""
    if isinstance(channel, ssl.SSLSocket):
        try:
            channel.unwrap()
        except TimeoutError:
            raise
        except (OSError, ValueError):
            return
