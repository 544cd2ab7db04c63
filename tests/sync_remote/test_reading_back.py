"""What reconciliation leans on (spec 1.7): listings that tell the truth, and refusals that name what stands there."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from heliograph.sync.remote import FileError, IsDirectory, LinkLost, NoRight, Upload
from support.ftp import vsftpd
from support.lines import PROXY_HOST
from support.remote import DiskPeer, of_apache, of_sshd, of_vsftpd
from support.sftp import sshd
from support.webdav import apache

LONG_AGO = 1_000_000_000.0
ODD = [
    "100%25.csv", "a#b?c;d&e=f.csv", "plus+plus.csv", "it's \"quoted\".csv", "[a-z]*{b,c}.csv", "-R", "~root", "$HOME",
    "käse.csv", "ka\u0308se.csv", "日本語.csv", "\U0001f31e.csv", "back\\slash.csv", "colon: x.csv", "a..b",
    "<xml>&amp;.csv", "(1) copy.csv", "dot.", "%2e%2e%2fx", "l" * 247,
]  # fmt: skip


def send(store, *files: Upload) -> list:
    return list(store.upload(files, lambda _: None))


def test_a_file_that_was_replaced_is_listed_with_its_new_size_and_time(peer, outbox):
    config = peer.directory("CONFIG")
    peer.put(f"{config}/a.ini", b"what stood there before")
    peer.age(f"{config}/a.ini", LONG_AGO)
    with peer.store() as store:
        (old,) = store.list(config)
        (done,) = send(store, Upload(outbox.write("a", b"new"), config, "a.ini"))
        (new,) = store.list(config)
        (again,) = store.list(config)
    assert done.error is None
    assert (old.size, new.size) == (23, 3)
    assert old.modified == LONG_AGO
    assert new.modified is not None
    assert new.modified != old.modified
    assert new.step_seconds == 1
    assert again == new


def test_each_second_of_a_change_shows_in_the_listing(peer):
    config = peer.directory("CONFIG")
    with peer.store() as store:
        for second in (LONG_AGO, LONG_AGO + 1, LONG_AGO - 400 * 86_400):
            peer.put(f"{config}/a", b"same size")
            peer.age(f"{config}/a", second)
            (entry,) = store.list(config)
            assert entry.modified is not None
            assert abs(entry.modified - second) < entry.step_seconds


def test_a_directory_in_place_of_a_file_is_listed_as_one_and_told_by_every_step(peer, outbox):
    config = peer.directory("CONFIG")
    peer.directory("CONFIG/a.ini")
    peer.put(f"{config}/a.ini/inside", b"1")
    with peer.store() as store:
        (entry,) = store.list(config)
        with pytest.raises(IsDirectory, match=r"CONFIG/a\.ini on the server is a directory"):
            store.read(f"{config}/a.ini", 100)
        with pytest.raises(IsDirectory):
            store.remove(f"{config}/a.ini")
        done = [
            *send(store, Upload(outbox.write("a", b"new"), config, "a.ini")),
            *send(store, Upload(outbox.write("a", b"new"), config, "a.ini", two_steps=False)),
        ]
        store.list(config)
    assert (entry.name, entry.is_directory) == ("a.ini", True)
    assert [type(result.error) for result in done] == [IsDirectory, IsDirectory]
    assert peer.files(f"{config}/a.ini") == {"inside": b"1"}


def test_a_file_that_may_be_listed_but_not_read_is_told_by_name_and_the_others_still_come(peer):
    if not peer.rights:
        pytest.skip("this server runs in the test, as root, whom nothing is refused")
    config = peer.directory("CONFIG")
    for name in ("a", "b"):
        peer.put(f"{config}/{name}", b"12")
    peer.close(f"{config}/a")
    with peer.store() as store:
        assert {entry.name: entry.size for entry in store.list(config)} == {"a": 2, "b": 2}
        with pytest.raises(NoRight, match=r"no right to read .*CONFIG/a"):
            store.read(f"{config}/a", 100)
        assert store.read(f"{config}/b", 100) == b"12"


def test_delete_refused_is_told_and_the_file_stays(peer):
    if not peer.rights:
        pytest.skip("this server runs in the test, as root, whom nothing is refused")
    cmd = peer.directory("CMD")
    peer.put(f"{cmd}/a", b"12")
    peer.directory("CMD", 0o555)
    with peer.store() as store:
        with pytest.raises(NoRight, match=r"no right to delete .*CMD/a"):
            store.remove(f"{cmd}/a")
        assert store.read(f"{cmd}/a", 100) == b"12"


@pytest.mark.parametrize("name", ["sftp-openssh", "ftp-vsftpd", "webdav-apache", "memory"])
def test_a_directory_without_a_right_to_list_is_told(start, name):
    """An answer that looks like an empty directory would have the gateway create what stands there."""
    peer = start(name)
    config = peer.directory("CONFIG")
    peer.put(f"{config}/a", b"12")
    if name == "memory":
        peer.server.refuses.add("list")
    else:
        peer.directory("CONFIG", 0o000)
    with peer.store() as store, pytest.raises(FileError, match="CONFIG"):
        store.list(config)


@pytest.mark.parametrize("name", ["sftp-openssh", "ftp-vsftpd", "ftp-mlsd"])  # Apache's WebDAV lists no links.
def test_a_link_shows_size_and_time_of_the_file_behind_it(start, name):
    """Definitions that many plants share may be links; a change of the file behind one is a change."""
    peer = start(name)
    definitions, shared = peer.directory("DEF"), peer.directory("shared")
    peer.put(f"{shared}/inv.csv", b"12345")
    peer.age(f"{shared}/inv.csv", LONG_AGO)
    peer.link(f"{definitions}/inv.csv", f"{shared}/inv.csv")
    peer.link(f"{definitions}/dir", shared)
    with peer.store() as store:
        found = {entry.name: entry for entry in store.list(definitions)}
        assert store.read(f"{definitions}/inv.csv", 10) == b"12345"
    assert (found["inv.csv"].size, found["inv.csv"].modified) == (5, LONG_AGO)
    assert found["dir"].is_directory


@pytest.mark.parametrize("name", ["sftp-openssh", "ftp-vsftpd", "ftp-mlsd", "webdav-apache"])
def test_a_link_that_leads_nowhere_hides_nothing_else(start, name):
    peer = start(name)
    definitions = peer.directory("DEF")
    peer.put(f"{definitions}/a", b"1")
    peer.link(f"{definitions}/gone.csv", f"{definitions}/nothing")
    with peer.store() as store:
        found = {entry.name: entry for entry in store.list(definitions)}
        with pytest.raises(FileError, match=r"gone\.csv"):
            store.read(f"{definitions}/gone.csv", 10)
    assert found["a"].size == 1
    assert not any(entry.is_directory for entry in found.values())


def test_names_with_odd_characters_come_and_go_as_they_are(peer, outbox):
    directory = peer.directory("DEF")
    with peer.store() as store:
        done = send(store, *(Upload(outbox.write(str(k), n.encode()), directory, n) for k, n in enumerate(ODD)))
        assert [str(result.error) for result in done if result.error] == []
        assert {entry.name for entry in store.list(directory)} == set(ODD)
        assert set(peer.files(directory)) == set(ODD)
        for name in ODD:
            assert store.read(f"{directory}/{name}", 1000) == name.encode()
            store.remove(f"{directory}/{name}")
    assert peer.files(directory) == {}


@pytest.mark.parametrize("change", ["grows", "shrinks", "goes", "is replaced"])
def test_a_file_that_changes_while_it_is_read(line, change):
    """What comes is what the server sent, or an error says that it was not all; the next read is whole again."""
    peer, between = line
    config = peer.directory("CONFIG")
    content = os.urandom(3_000_000)
    peer.put(f"{config}/f", content)
    local = peer.local(f"{config}/f")
    came: list[bytes | Exception] = []

    def read() -> None:
        with peer.store(address=PROXY_HOST) as store:
            try:
                came.append(store.read(f"{config}/f", 10_000_000))
            except (FileError, LinkLost) as error:
                came.append(error)

    between.faults.hang_after["down"] = between.faults.passed["down"] + 400_000
    reader = threading.Thread(target=read)
    reader.start()
    while between.faults.passed["down"] < between.faults.hang_after["down"]:
        reader.join(0.01)
        assert reader.is_alive()
    if change == "grows":
        with local.open("ab") as file:
            file.write(b"more")
    elif change == "shrinks":
        os.truncate(local, 1000)
    elif change == "goes":
        local.unlink()
    else:
        local.unlink()
        peer.put(f"{config}/f", content[::-1])
    between.faults.hang_after.clear()
    reader.join(120)
    assert not reader.is_alive()
    (result,) = came
    if isinstance(result, bytes):
        # Behind what had passed, the kernel may send the pages of a file as they are when it comes to them.
        assert result[:200_000] == content[:200_000]
    else:
        assert f"{config}/f" in str(result) or isinstance(result, LinkLost)
    peer.put(f"{config}/f", b"whole")
    with peer.store(address=PROXY_HOST) as store:
        assert store.read(f"{config}/f", 10) == b"whole"


@contextmanager
def refusing(kind: str, what: str) -> Iterator[DiskPeer]:
    """A server whose operator forbids one kind of work everywhere."""
    if kind == "sftp":
        names = {"rename": "rename,posix-rename", "delete": "remove"}[what]
        with sshd(f"ForceCommand internal-sftp -u 0022 -P {names}") as server:
            yield of_sshd(server)
    elif kind == "ftp":
        names = {"rename": "RNFR,RNTO", "delete": "DELE"}[what]
        with vsftpd(more=f"cmds_denied={names}") as server:
            yield of_vsftpd(server)
    else:
        with apache(more="<Location />\n<Limit DELETE>\nRequire all denied\n</Limit>\n</Location>") as server:
            yield of_apache(server)


@pytest.mark.parametrize(("kind", "what"), [("sftp", "delete"), ("ftp", "delete"), ("webdav", "delete")])
def test_a_server_that_refuses_to_delete_is_told_so_and_all_else_works(kind, what):
    with refusing(kind, what) as peer:
        cmd = peer.directory("CMD")
        peer.put(f"{cmd}/a", b"12")
        with peer.store() as store:
            with pytest.raises(NoRight, match=r"no right to delete .*CMD/a"):
                store.remove(f"{cmd}/a")
            store.remove(f"{cmd}/that was never there")
            assert store.read(f"{cmd}/a", 100) == b"12"
            assert [entry.name for entry in store.list(cmd)] == ["a"]


@pytest.mark.parametrize("kind", ["sftp", "ftp"])
def test_a_server_that_refuses_to_rename_is_told_so_and_in_one_step_all_arrives(kind, outbox):
    """The file that stands there stays as it is; `TwoStepsSendingDisabled` is the way out."""
    with refusing(kind, "rename") as peer:
        config = peer.directory("CONFIG")
        peer.put(f"{config}/a", b"old")
        with peer.store() as store:
            files = [Upload(outbox.write(name, name.encode()), config, name) for name in ("a", "b")]
            done = send(store, *files)
            assert [type(result.error) for result in done] == [NoRight, NoRight]
            assert {str(result.error).partition(";")[0] for result in done} == {
                f"no right to rename {config}/{name}" for name in ("a", "b")
            }
            assert peer.files(config)["a"] == b"old"
            for name in ("a.tmp", "b.tmp"):
                store.remove(f"{config}/{name}")
            again = send(store, *(replace(file, two_steps=False) for file in files))
        assert [result.error for result in again] == [None, None]
        assert peer.files(config) == {"a": b"a", "b": b"b"}
