"""A line that is cut, hangs or crawls, a server that truncates: afterwards everything stands there once."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from heliograph.formats.config import ServerType
from heliograph.sync.remote import Access, LinkLost, NoDirectory, SizeMismatch, Unreachable, Upload
from support import sftp_library
from support.lines import PROXY_HOST, ftp_line
from support.remote import DiskPeer, file_server, of_apache
from support.servers import Account, Tree
from support.webdav import apache


class Ledger:
    """What sync keeps: which files were committing, which are done."""

    def __init__(self, files: dict[str, Upload]) -> None:
        self.waiting = dict(files)
        self.failures: list[Exception] = []

    def attempt(self, peer: DiskPeer, host: str) -> None:
        """One connection."""
        try:
            with peer.store(address=host) as store:
                for done in store.upload(list(self.waiting.values()), self.before_commit):
                    if done.error is None:
                        del self.waiting[done.upload.name]
                    else:
                        self.failures.append(done.error)
        except (LinkLost, Unreachable) as error:
            self.failures.append(error)

    def before_commit(self, files) -> None:
        for file in files:
            self.waiting[file.name] = replace(file, committing=True)


class Reader:
    """Who fetches files from the server as soon as they appear."""

    def __init__(self, peer: DiskPeer, directory: str) -> None:
        self.peer = peer
        self.directory = directory
        self.fetched: list[tuple[str, bytes]] = []

    def fetch(self) -> None:
        self.fetched += self.peer.take(self.directory).items()


ROUTES = [
    *((name, direction, True) for name in ("sftp", "ftp", "ftps") for direction in ("up", "down")),
    *((name, "up", False) for name in ("sftp", "ftp", "ftps", "webdav", "webdav-plain")),
    ("webdav", "down", False),
]


@pytest.mark.parametrize(("line", "direction", "two_steps"), ROUTES, indirect=["line"])
def test_cut_anywhere_then_everything_arrives_once(line, outbox, direction, two_steps):
    """For cuts at many places: a second try completes all, no `.tmp` stays, the reader has each file once.

    In one step (WebDAV always) the reader may get the same bytes under the same name again: a file that was fetched
    after a cut looks like one that never arrived.
    """
    peer, between = line
    contents = {f"{n}.csv.gz": os.urandom(size) for n, size in enumerate((0, 10, 30_000, 70_000, 20_000, 5000))}
    places = _places(peer, between, outbox, contents, direction, two_steps)
    for number, after in enumerate(places):
        directory = peer.directory(f"DATA{number}")
        ledger = Ledger(_uploads(outbox, directory, contents, two_steps))
        reader = Reader(peer, directory)
        between.faults.cut_after[direction] = after
        ledger.attempt(peer, PROXY_HOST)
        if two_steps or peer.atomic:
            reader.fetch()
        between.faults.cut_after.clear()
        ledger.attempt(peer, PROXY_HOST)
        reader.fetch()
        assert not ledger.waiting, (after, ledger.failures)
        if two_steps and not peer.atomic:
            assert sorted(name for name, _ in reader.fetched) == sorted(contents), after
        assert set(reader.fetched) == set(contents.items()), after
        assert peer.files(directory) == {}, after
    # Fewer bytes may pass than when it was measured.
    assert between.faults.cuts >= len(places) // 2


def _places(peer, between, outbox, contents, direction, two_steps) -> list[int]:
    """Run once without a fault; return places spread over what passes, denser near its end."""
    directory = peer.directory("MEASURE")
    before = between.faults.passed[direction]
    Ledger(_uploads(outbox, directory, contents, two_steps)).attempt(peer, PROXY_HOST)
    total = between.faults.passed[direction] - before
    assert set(peer.files(directory)) == set(contents)
    places = [total * step // 4 for step in range(1, 4)]
    return [1, *places, total - 600, total - 200] if direction == "up" else [1, *places]


def _uploads(outbox, directory, contents, two_steps) -> dict[str, Upload]:
    return {
        name: Upload(outbox.write(name, content), directory, name, two_steps=two_steps)
        for name, content in contents.items()
    }


@pytest.mark.parametrize("state", ["renamed", "fetched", "waiting", "half", "nothing"])
def test_what_a_cut_left_is_settled(start, outbox, state):
    """The five things that may stand there after a rename was sent and its answer never came."""
    for name in ("memory", "sftp-openssh", "sftp-without-extensions", "ftp-vsftpd", "ftp-mlsd"):
        peer = start(name)
        data = peer.directory("DATA")
        left = {"renamed": ("f", b"12345"), "waiting": ("f.tmp", b"12345"), "half": ("f.tmp", b"12")}.get(state)
        if left:
            peer.put(f"{data}/{left[0]}", left[1])
        commits = []
        with peer.store() as store:
            upload = Upload(outbox.write("f", b"12345"), data, "f", committing=True)
            (done,) = store.upload([upload], commits.extend)
        assert (done.error, done.size) == (None, 5)
        assert peer.files(data) == ({} if state in {"fetched", "nothing"} else {"f": b"12345"})
        assert bool(commits) == (state in {"waiting", "half"})


def test_a_directory_that_is_gone_is_never_taken_for_a_fetched_file(start, outbox):
    for name in ("memory", "sftp-openssh", "ftp-vsftpd", "ftp-mlsd", "webdav-apache"):
        peer = start(name)
        with peer.store() as store:
            upload = Upload(outbox.write("f", b"1"), f"{peer.root}/DATA", "f", committing=True)
            (done,) = store.upload([upload], lambda _: None)
        assert isinstance(done.error, NoDirectory)


def test_in_one_step_only_a_file_of_our_size_counts_as_arrived(start, outbox):
    for name in ("memory", "sftp-openssh", "ftp-vsftpd", "webdav-apache"):
        peer = start(name)
        data = peer.directory("DATA")
        peer.put(f"{data}/here", b"12345")
        peer.put(f"{data}/half", b"123")
        commits = []
        with peer.store() as store:
            local = outbox.write("f", b"12345")
            files = [Upload(local, data, n, two_steps=False, committing=True) for n in ("here", "half", "absent")]
            done = list(store.upload(files, commits.extend))
        assert [result.error for result in done] == [None] * 3
        assert sorted(upload.name for upload in commits) == ["absent", "half"]
        assert peer.files(data) == dict.fromkeys(("here", "half", "absent"), b"12345")


def test_a_server_that_hangs_is_left_after_the_time_limit(line, outbox):
    """While it still hangs."""
    peer, between = line
    data = peer.directory("DATA")
    local = outbox.write("f", os.urandom(8_000_000))
    for direction in ("up", "down"):
        with peer.store(address=PROXY_HOST, timeout_seconds=1) as store:
            between.faults.hang_after[direction] = between.faults.passed[direction] + 60
            with pytest.raises(LinkLost):
                list(store.upload([Upload(local, data, f"{n}") for n in range(3)], lambda _: None))
            with pytest.raises(LinkLost):
                store.list(data)
        between.faults.hang_after.clear()
    with peer.store(address=PROXY_HOST) as store:
        (done,) = store.upload([Upload(local, data, "f")], lambda _: None)
    assert done.error is None


def test_a_slow_line_is_no_hanging_one(line, outbox):
    """Everything takes longer than the time limit, and each step far less."""
    peer, between = line
    data = peer.directory("DATA")
    files = [Upload(outbox.write(f"{n}", os.urandom(30_000)), data, f"{n}") for n in range(4)]
    limit = 3
    with peer.store(address=PROXY_HOST, timeout_seconds=limit) as store:
        between.faults.bytes_per_second = 36_000
        began = time.monotonic()
        done = list(store.upload(files, lambda _: None))
    assert time.monotonic() - began > limit
    assert [result.error for result in done] == [None] * 4


@contextmanager
def _truncating_sftp() -> Iterator[DiskPeer]:
    tree = Tree(Account())
    try:
        with sftp_library.library_server(tree.root) as server:
            server.truncate_after = 1000
            settings = file_server(ServerType.SFTP, server.port, sftp_library.LOGIN)
            yield DiskPeer(tree, settings, Access(password=sftp_library.PASSWORD), "")
    finally:
        tree.clear()


@contextmanager
def _truncating_ftp() -> Iterator[DiskPeer]:
    with ftp_line(tls=False)() as (peer, between):
        between.faults.swallow_after = 1000
        yield replace(peer, server=replace(peer.server, address=PROXY_HOST))


@contextmanager
def _truncating_webdav() -> Iterator[DiskPeer]:
    more = (
        'ExtFilterDefine short mode=input cmd="/usr/bin/head -c 1000"\n<Location />\nSetInputFilter short\n</Location>'
    )
    with apache(tls=False, more=more, modules=("ext_filter",)) as server:
        yield of_apache(server)


@pytest.mark.parametrize("start_server", [_truncating_sftp, _truncating_ftp, _truncating_webdav])
def test_a_server_that_accepts_and_truncates_is_found_out(start_server, outbox):
    with start_server() as peer:
        data = peer.directory("DATA")
        files = [
            Upload(outbox.write("whole", b"x" * 1000), data, "whole"),
            Upload(outbox.write("cut", b"x" * 1001), data, "cut"),
        ]
        commits = []
        with peer.store() as store:
            done = {result.upload.name: result for result in store.upload(files, commits.extend)}
        assert done["whole"].error is None
        assert isinstance(done["cut"].error, SizeMismatch)
        assert "1001 bytes were sent but the server holds 1000" in str(done["cut"].error)
        if not peer.atomic:
            assert [upload.name for upload in commits] == ["whole"]
            assert peer.files(data) == {"whole": b"x" * 1000}


def test_a_rest_that_must_stay_is_kept_when_the_second_try_fails_too(outbox):
    """Neither name would mean "fetched", so that a file once committing leaves a rest that says otherwise."""
    with _truncating_sftp() as peer:
        data = peer.directory("DATA")
        peer.put(f"{data}/f.tmp", b"half")
        with peer.store() as store:
            upload = Upload(outbox.write("f", b"x" * 2000), data, "f", committing=True)
            for _ in range(2):
                (done,) = store.upload([upload], lambda _: None)
                assert isinstance(done.error, SizeMismatch)
                assert set(peer.files(data)) == {"f.tmp"}
