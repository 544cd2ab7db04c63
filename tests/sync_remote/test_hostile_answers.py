"""What servers say is untrusted: every parser takes anything, and only plain names come through."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heliograph.formats.config import ServerType
from heliograph.sync.remote import FileError, LinkLost, RemoteFailure, TooLarge, open_store
from heliograph.sync.remote.ftp_listing import facts, names, number, time_value
from heliograph.sync.remote.listing import keep
from heliograph.sync.remote.names import is_plain, printable
from heliograph.sync.remote.sftp_wire import HAS_MODE, HAS_SIZE, HAS_TIMES, Answer, Reader, string
from heliograph.sync.remote.store import Access, Entry
from heliograph.sync.remote.web_transport import BoundedTransport
from heliograph.sync.remote.webdav import _responses
from support.remote import Pins, file_server

moderate = settings(deadline=None, max_examples=75)


@moderate
@given(st.text())
@example("..")
@example("a/b")
@example("a\x00b")
@example("a\u2028b")
@example("\udcff")
def test_a_plain_name_is_no_path_and_no_escape(name):
    if is_plain(name):
        assert name not in {"", ".", ".."}
        assert "/" not in name
        assert name.isprintable() or any(c.isspace() or not c.isascii() for c in name)
        assert len(name.encode()) <= 255


@moderate
@given(st.text())
def test_a_message_never_holds_line_breaks_or_escapes(text):
    said = printable(text)
    assert len(said) <= 200
    assert not set(said) & {"\n", "\r", "\x1b", "\x00"}


def test_only_plain_names_are_kept():
    given_names = ["a", "", ".", "..", "../x", "b\n", "c" * 256]
    assert [e.name for e in keep("/", (Entry(name, 0, None) for name in given_names), lambda _: True)] == ["a"]


def test_an_endless_listing_ends():
    def endless() -> Iterator[Entry]:
        while True:
            yield Entry("x", 0, None)

    with pytest.raises(TooLarge):
        keep("/CMD", endless(), lambda _: False)


@moderate
@given(st.text())
@example("type=file;size=99999999999999999999999; x")
@example("type=file;modify=20249999999999; x")
@example("Type=dir;Modify=20240601100000.123; a b")
def test_any_line_of_facts_is_read_or_left(line):
    entry = facts(line)
    if entry is not None:
        assert 0 <= entry.size < 1 << 64


def test_facts():
    assert facts("type=file;size=12;modify=20240601100000.500;UNIX.mode=0644; a b.ini") == Entry(
        "a b.ini", 12, 1_717_236_000.5
    )
    assert facts("Type=dir;Modify=20240601100000; old") == Entry("old", 0, 1_717_236_000.0, is_directory=True)
    assert facts("type=cdir;modify=20240601100000; .") is None
    assert facts("226 done") is None


@moderate
@given(st.text())
@example("²")
@example("20240230000000")
def test_any_number_and_time_is_read_or_left(text):
    assert (number(text) or 0) >= 0
    assert time_value(text) is None or isinstance(time_value(text), float)


def test_names_with_paths_before_them():
    assert list(names(["a", "/DATA/b", "", "c d"])) == ["a", "b", "c d"]


@moderate
@given(st.binary(), st.integers(0, 255))
def test_any_sftp_answer_is_read_or_the_link_is_lost(body, kind):
    answer = Answer(1, kind, body)
    for look in (lambda: answer.ok, lambda: answer.text, lambda: answer.size, lambda: answer.handle):
        with suppress(LinkLost):
            look()
    with suppress(LinkLost):
        Reader(body).attributes()


@moderate
@given(st.integers(0, 1 << 40), st.integers(0, 0o177777), st.integers(0, 1 << 31))
def test_attributes_are_read_as_they_were_written(size, mode, modified):
    flags = HAS_SIZE | HAS_MODE | HAS_TIMES
    found = Reader(struct.pack(">IQIII", flags, size, mode, 0, modified) + string(b"more")).attributes()
    assert (found.size, found.mode, found.modified) == (size, mode, modified)


@moderate
@given(
    st.one_of(
        st.binary(),
        st.text(alphabet="<>/DAV:responsehrefpropstat 0123\"='&;").map(str.encode),
        st.sampled_from(["", "x", "-1", "99999999999999999999", "²"]).map(
            lambda n: (
                '<d:multistatus xmlns:d="DAV:"><d:response><d:href>/a</d:href><d:propstat><d:prop><d:getcontentlength>'
                f"{n}</d:getcontentlength><d:getlastmodified>{n}</d:getlastmodified></d:prop></d:propstat>"
                "</d:response></d:multistatus>"
            ).encode()
        ),
    )
)
@example(b"<x xmlns='DAV:'><response/></x>")
@example(b"<x xmlns='DAV:'><response><href>/</href><status>HTTP/1.1 999 x</status></response></x>")
@example(b"<x xmlns='DAV:'><response><href>http://[</href></response></x>")
@example(b"<x xmlns='DAV:'><response><href>/a</href><status>x</status></response></x>")
def test_any_listing_of_webdav_is_read_or_refused(body):
    with suppress(RemoteFailure):
        _responses(httpx.Response(207, content=body), "/CONFIG")


@contextmanager
def web_server(*answers: bytes) -> Iterator[int]:
    """One that gives these answers, one to each request."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                for answer in answers:
                    _read_request(connection)
                    connection.sendall(answer)
                connection.recv(1)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def _read_request(connection: socket.socket) -> None:
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(100_000)
    head, _, body = request.partition(b"\r\n\r\n")
    lengths = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while len(body) < sum(lengths):
        body += connection.recv(100_000)


def multistatus(*names: str) -> bytes:
    kind = "<d:propstat><d:prop><d:resourcetype><d:collection/></d:resourcetype></d:prop></d:propstat>"
    inside = "".join(f"<d:response><d:href>{name}</d:href>{kind}</d:response>" for name in names)
    body = f'<?xml version="1.0"?><d:multistatus xmlns:d="DAV:">{inside}</d:multistatus>'.encode()
    return b"HTTP/1.1 207 Multi-Status\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def refused(answer: bytes, work: Callable, expected: type[Exception]) -> None:
    with web_server(multistatus("/"), answer) as port:
        server = file_server(ServerType.WEBDAV, port, "x", plain=True)
        with open_store(server, Access(), Pins()) as store, pytest.raises(expected):
            work(store)


def test_names_of_webdav_with_paths_in_them_are_left_out():
    answer = multistatus("/CONFIG/", "/CONFIG/good", "/CONFIG/..%2F..%2Fetc", "/CONFIG/%00", "/CONFIG/a%0Ab")
    with web_server(multistatus("/"), answer) as port:
        server = file_server(ServerType.WEBDAV, port, "x", plain=True)
        with open_store(server, Access(), Pins()) as store:
            found = {entry.name for entry in store.list("/CONFIG")}
    assert found == {"good", "etc"}


def test_an_answer_without_end_is_left():
    head = b"HTTP/1.1 207 Multi-Status\r\nContent-Length: 99999999999\r\n\r\n"
    refused(head + b"x" * (BoundedTransport.limit + 1), lambda store: store.list("/CONFIG"), TooLarge)


def test_a_packed_answer_is_not_unpacked():
    head = b"HTTP/1.1 207 Multi-Status\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\n"
    refused(head + b"\x1f\x8b\x08ab", lambda store: store.list("/CONFIG"), FileError)


def test_an_answer_that_ends_too_early_loses_the_link():
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123"
    with web_server(multistatus("/"), answer + b"4567890"[:3]) as port:
        server = file_server(ServerType.WEBDAV, port, "x", plain=True, timeout_seconds=1)
        with open_store(server, Access(), Pins()) as store, pytest.raises(LinkLost):
            store.read("/CMD/x", 100)
