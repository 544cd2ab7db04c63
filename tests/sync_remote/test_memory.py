"""The faults of the server in memory that tests of other parts switch on; what it does otherwise the suite tells."""

import pytest

from heliograph.sync.remote import IsDirectory, MemoryServer, NoRight, Upload


@pytest.fixture
def server() -> MemoryServer:
    return MemoryServer(directories={"/", "/C", "/C/dir"}, files={"/C/a": b"1", "/C/b": b"2"}, modified={"/C/a": 7.9})


@pytest.mark.parametrize("closed", ["/C/a", "/C"])
def test_what_may_be_listed_but_not_read(server, closed):
    server.unreadable.add(closed)
    with server.store() as store:
        assert {entry.name for entry in store.list("/C")} == {"a", "b", "dir"}
        with pytest.raises(NoRight, match="no right to read /C/a"):
            store.read("/C/a", 9)


@pytest.mark.parametrize("what", ["list", "read", "write", "rename", "delete"])
def test_each_kind_of_work_can_be_refused(server, outbox, what):
    server.refuses.add(what)
    with server.store() as store:
        (done,) = store.upload([Upload(outbox.write("n", b"1"), "/C", "n")], lambda _: None)
        assert isinstance(done.error, NoRight) == (what in {"write", "rename"})
        for name, work in {"list": lambda: store.list("/C"), "read": lambda: store.read("/C/a", 9)}.items():
            if name == what:
                with pytest.raises(NoRight, match=what):
                    work()
            else:
                assert work()
        if what == "delete":
            with pytest.raises(NoRight, match="delete"):
                store.remove("/C/a")


def test_a_file_that_changes_while_it_is_downloaded_comes_as_it_was(server):
    server.on_read = lambda path: server.files.update({path: b"other"})
    with server.store() as store:
        assert store.read("/C/a", 9) == b"1"
    assert server.files["/C/a"] == b"other"


def test_what_was_asked_is_counted(server):
    with server.store() as store:
        store.list("/C")
        store.list("/C", lambda name: name == "a")
        store.read("/C/b", 9)
        store.read("/C/a", 9)
    assert server.lists == {"/C": 2}
    assert server.reads == ["/C/b", "/C/a"]


def test_a_directory_in_place_of_a_file_is_told(server, outbox):
    with server.store() as store:
        for work in (lambda: store.read("/C/dir", 9), lambda: store.remove("/C/dir")):
            with pytest.raises(IsDirectory, match="/C/dir"):
                work()
        (done,) = store.upload([Upload(outbox.write("n", b"1"), "/C", "dir")], lambda _: None)
    assert isinstance(done.error, IsDirectory)


def test_times_are_listed_as_finely_as_the_server_tells_them(server):
    server.step_seconds = 2
    with server.store() as store:
        entry = store.list("/C", lambda name: name == "a")[0]
    assert (entry.modified, entry.step_seconds) == (6, 2)


def test_the_clock_of_the_server_may_go_back(server, outbox):
    with server.store() as store:
        for now in (100.0, 50.0):
            server.now = now
            list(store.upload([Upload(outbox.write("n", b"1"), "/C", "a")], lambda _: None))
            assert {e.name: e.modified for e in store.list("/C")}["a"] == now + 1
