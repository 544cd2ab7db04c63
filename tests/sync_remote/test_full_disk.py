"""A server without room: told by name, no rest stays, everything arrives when there is room again."""

import os

import pytest

from heliograph.sync.remote import NoSpace, Upload

SPACE = 256 * 1024
NAMES = ("memory", "sftp-openssh", "ftp-vsftpd", "ftps-vsftpd", "webdav-apache")


@pytest.mark.parametrize("name", NAMES)
def test_no_space_is_told_and_the_file_waits(start, outbox, name):
    peer = start(name)
    if name == "memory":
        peer.server.space = SPACE
        _fill_and_free(peer, outbox, peer.directory("DATA"))
    else:
        with peer.tree.small("DATA", SPACE):
            _fill_and_free(peer, outbox, f"{peer.root}/DATA")


def _fill_and_free(peer, outbox, data: str) -> None:
    large = os.urandom(200 * 1024)
    first = Upload(outbox.write("first", large), data, "first")
    second = Upload(outbox.write("second", large), data, "second")
    commits = []
    with peer.store() as store:
        (done,) = store.upload([first], commits.extend)
        assert done.error is None
        (done,) = store.upload([second], commits.extend)
        assert isinstance(done.error, NoSpace), done.error
        assert "second" in str(done.error)
        assert "no space left" in str(done.error)
        if not peer.atomic:
            assert [upload.name for upload in commits] == ["first"]
        assert peer.files(data) == {"first": large}
        store.remove(f"{data}/first")
        (done,) = store.upload([second], commits.extend)
        assert done.error is None
    assert peer.files(data) == {"second": large}
