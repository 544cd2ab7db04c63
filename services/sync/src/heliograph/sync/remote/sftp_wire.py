"""SFTP version 3 packets on an SSH channel: requests are posted without waiting, answers come back by number.

paramiko carries the channel. Its own SFTP client waits for every answer and takes one SSH message for each request;
here the requests of many files share messages, which is what makes small files fast.
"""

import stat
import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from paramiko import Channel, SSHException
from paramiko.sftp import (
    CMD_ATTRS,
    CMD_HANDLE,
    CMD_INIT,
    CMD_STATUS,
    CMD_VERSION,
    SFTP_EOF,
    SFTP_NO_SUCH_FILE,
    SFTP_OK,
    SFTP_OP_UNSUPPORTED,
    SFTP_PERMISSION_DENIED,
)

from heliograph.sync.remote.errors import LinkLost
from heliograph.sync.remote.names import printable

VERSION = 3
MESSAGE_BYTES = 32_704
"""What OpenSSH takes in one message of a channel, its limit of 32 KiB less paramiko's reserve."""
MAX_PACKET_BYTES = 1 << 20
RECEIVE_BYTES = 1 << 17
HAS_SIZE, HAS_OWNER, HAS_MODE, HAS_TIMES, HAS_MORE = 1, 2, 4, 8, 0x80000000
NO_SPACE, QUOTA = 14, 15
"""Status codes of later versions that some servers use."""

STATUS_TEXTS = {
    SFTP_NO_SUCH_FILE: "no such file",
    SFTP_PERMISSION_DENIED: "permission denied",
    SFTP_OP_UNSUPPORTED: "operation not supported",
}


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a server says of a file; None for what it leaves out."""

    size: int | None = None
    mode: int | None = None
    modified: int | None = None

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory."""
        return self.mode is not None and stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link: size and time are the link's own."""
        return self.mode is not None and stat.S_ISLNK(self.mode)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer."""

    number: int
    kind: int
    body: bytes

    @property
    def code(self) -> int:
        """The status code; `SFTP_OK` for answers that carry something."""
        return Reader(self.body).number() if self.kind == CMD_STATUS else SFTP_OK

    @property
    def ok(self) -> bool:
        """Whether the request was granted."""
        return self.kind != CMD_STATUS or self.code == SFTP_OK

    @property
    def at_end(self) -> bool:
        """Whether there is nothing more to read."""
        return self.kind == CMD_STATUS and self.code == SFTP_EOF

    @property
    def text(self) -> str:
        """What the server says about a refusal."""
        said = Reader(self.body, 4).string() if self.kind == CMD_STATUS and len(self.body) > 4 else b""
        return printable(said.decode("utf-8", "replace")) or STATUS_TEXTS.get(self.code, f"status {self.code}")

    @property
    def handle(self) -> bytes:
        """The handle that was opened."""
        if self.kind != CMD_HANDLE:
            raise LinkLost("the server answered an opening with something else than a handle")
        return Reader(self.body).string()

    @property
    def size(self) -> int | None:
        """The size in an answer to a question for attributes; None when the file is not there."""
        return Reader(self.body).attributes().size if self.kind == CMD_ATTRS else None

    @property
    def is_directory(self) -> bool:
        """Whether an answer to a question for attributes is about a directory."""
        return self.kind == CMD_ATTRS and Reader(self.body).attributes().is_directory


class Reader:
    """Reads fields of a packet one after the other. Raises `LinkLost` where the packet ends too early."""

    def __init__(self, data: bytes, offset: int = 0) -> None:
        self._data = data
        self._offset = offset

    def number(self) -> int:
        """A 32 bit number."""
        return int.from_bytes(self._take(4))

    def string(self) -> bytes:
        """A string with its length before it."""
        return self._take(self.number())

    def attributes(self) -> Attributes:
        """A file's attributes."""
        flags = self.number()
        size = int.from_bytes(self._take(8)) if flags & HAS_SIZE else None
        if flags & HAS_OWNER:
            self._take(8)
        mode = self.number() if flags & HAS_MODE else None
        modified = (self.number(), self.number())[1] if flags & HAS_TIMES else None
        for _ in range(self.number() if flags & HAS_MORE else 0):
            self.string()
            self.string()
        return Attributes(size, mode, modified)

    def more(self) -> bool:
        """Whether anything is left."""
        return self._offset < len(self._data)

    def _take(self, count: int) -> bytes:
        start, self._offset = self._offset, self._offset + count
        if self._offset > len(self._data):
            raise LinkLost("the server sent a packet that ends too early")
        return self._data[start : self._offset]


def string(value: bytes) -> bytes:
    """Encode a string."""
    return struct.pack(">I", len(value)) + value


class Wire:
    """One SFTP session on a channel whose time limit is set. Every method raises `LinkLost`."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._out = bytearray()
        self._in = bytearray()
        self._number = 0
        self._lost = False
        self._unheeded: set[int] = set()

    def hello(self) -> dict[bytes, bytes]:
        """Agree on the version; return the server's extensions."""
        self._out += struct.pack(">IBI", 5, CMD_INIT, VERSION)
        self.flush()
        packet = self._packets()[0]
        if not packet or packet[0] != CMD_VERSION:
            raise LinkLost("the server does not speak SFTP")
        reader = Reader(packet, 5)
        extensions = {}
        while reader.more():
            name = reader.string()
            extensions[name] = reader.string()
        return extensions

    def post(self, kind: int, body: bytes) -> int:
        """Send a request some time soon; return its number."""
        self._number = (self._number + 1) & 0xFFFFFFFF
        self._out += struct.pack(">IBI", len(body) + 5, kind, self._number)
        self._out += body
        while len(self._out) >= MESSAGE_BYTES:
            self._send(MESSAGE_BYTES)
        return self._number

    def flush(self) -> None:
        """Send what was posted."""
        while self._out:
            self._send(MESSAGE_BYTES)

    def answers(self) -> Sequence[Answer]:
        """Send what was posted, wait for at least one answer and return all that came."""
        self.flush()
        found: list[Answer] = []
        while not found:
            for answer in map(_answer, self._packets()):
                if answer.number in self._unheeded:
                    self._unheeded.discard(answer.number)
                else:
                    found.append(answer)
        return found

    def ask(self, kind: int, body: bytes) -> Answer:
        """Send one request and wait for its answer, while no other is under way."""
        return self.ask_together([(kind, body)])[0]

    def ask_together(self, requests: Iterable[tuple[int, bytes]]) -> Sequence[Answer]:
        """Send requests at once and return their answers in the same order, while no other is under way."""
        numbers = [self.post(kind, body) for kind, body in requests]
        found: dict[int, Answer] = {}
        while len(found) < len(numbers):
            for answer in self.answers():
                if answer.number not in numbers or answer.number in found:
                    raise LinkLost("the server answered a question that was not asked")
                found[answer.number] = answer
        return [found[number] for number in numbers]

    def tell(self, kind: int, body: bytes) -> None:
        """Send a request with the next one, whatever its answer will be."""
        self._unheeded.add(self.post(kind, body))

    def _send(self, count: int) -> None:
        with self._watched("take data"):
            sent = self._channel.send(bytes(self._out[:count]))
            if sent == 0:
                raise EOFError
        del self._out[:sent]

    def _packets(self) -> list[bytes]:
        packets: list[bytes] = []
        while not packets:
            self._receive()
            start = 0
            while len(self._in) - start >= 4:
                end = start + 4 + int.from_bytes(self._in[start : start + 4])
                if end - start > MAX_PACKET_BYTES:
                    raise LinkLost("the server sent something that is no SFTP packet")
                if end > len(self._in):
                    break
                packets.append(bytes(self._in[start + 4 : end]))
                start = end
            del self._in[:start]
        return packets

    def _receive(self) -> None:
        with self._watched("answer"):
            data = self._channel.recv(RECEIVE_BYTES)
            if not data:
                raise EOFError
        self._in += data

    @contextmanager
    def _watched(self, what: str) -> Iterator[None]:
        """Turn any failure into `LinkLost`; a link that was lost once stays so."""
        if self._lost:
            raise LinkLost("the connection to the server is gone")
        self._lost = True
        try:
            yield
        except TimeoutError as error:
            raise LinkLost(f"the server did not {what} within {self._channel.gettimeout():g} s") from error
        except (OSError, EOFError, SSHException) as error:
            said = printable(str(error)) or "it was closed by the server"
            raise LinkLost(f"the connection to the server broke: {said}") from error
        self._lost = False


def _answer(packet: bytes) -> Answer:
    if len(packet) < 5:
        raise LinkLost("the server sent a packet that ends too early")
    return Answer(int.from_bytes(packet[1:5]), packet[0], packet[5:])
