"""A file server tried step by step: each kind in order, and each step failing on the kind where that is cheapest."""

from dataclasses import replace

import pytest

from heliograph.formats.config import Directory, ServerMode, ServerType
from heliograph.sync.remote import Access
from support.certificates import Authority
from support.ftp import vsftpd
from support.ports import free_port
from support.remote import file_server, of_vsftpd
from support.syncing import TREE

CONFIG = b"SERVER_Type=sftp\n"


def prepared(peer):
    """Return a peer with the whole tree, and its server rooted there."""
    for name in TREE:
        peer.directory(name)
    return replace(peer.server, root=peer.root or "/")


def left(peer) -> list[str]:
    return [path.name for name in TREE for path in (peer.tree.root / name).iterdir()]


@pytest.mark.parametrize(
    "kind", ["sftp-openssh", "ftp-vsftpd", "ftps-vsftpd", "webdav-apache", "webdav-apache-plain-digest"]
)
def test_each_kind_of_server_in_order_goes_through_every_step_and_is_left_as_it_was(start, attempt, kind):
    peer = start(kind)
    server = prepared(peer)
    peer.put(f"{peer.root}/CONFIG/WPM00C44F_config.ini", CONFIG)
    tried = attempt(server, peer.access)
    assert tried.failed == {}
    assert [told.step for told in tried.ended] == list(range(len(tried.names)))
    assert "can be read (17 bytes)" in tried.text("Read the configuration")
    assert "deleted again" in tried.text(f"Write to {server.path(Directory.DATA)}")
    assert left(peer) == ["WPM00C44F_config.ini"]


def test_a_new_host_key_is_told_and_a_known_one_recognised(start, attempt):
    peer = start("sftp-without-extensions")
    server = replace(peer.server, sync_config=False)
    shown = attempt(server, peer.access).text("Check the host key")
    assert "new: compare it with the server's" in shown
    fingerprint = shown.split(",")[0]
    assert "known" in attempt(server, peer.access, pinned=fingerprint).text("Check the host key")
    assert "HostKey says" in attempt(replace(server, host_key=fingerprint), peer.access).text("Check the host key")
    other = "SHA256:" + "A" * 43
    wrong = attempt(replace(server, host_key=other), peer.access)
    assert list(wrong.failed) == ["Check the host key"]
    assert fingerprint in wrong.failed["Check the host key"]
    assert wrong.ended[-1].state == "failed", "nothing is tried after it: it may be somebody else"


def test_a_name_that_nobody_knows_is_named_first(attempt):
    server = file_server(ServerType.FTP, 21, "plant", address="no-such-server.invalid")
    tried = attempt(server, Access())
    assert list(tried.failed) == ["Look up no-such-server.invalid"]
    assert "cannot be resolved" in tried.failed["Look up no-such-server.invalid"]


def test_a_closed_port_is_named(attempt):
    port = free_port()
    tried = attempt(file_server(ServerType.WEBDAV, port, "plant"), Access())
    assert "nothing listens there" in tried.failed[f"Reach port {port}"]


def test_a_busy_gateway_says_why_a_second_session_may_be_refused(attempt):
    tried = attempt(file_server(ServerType.FTP, free_port(), "plant"), Access(), is_busy=True)
    assert "a server that allows one session refuses a second one" in "".join(tried.failed.values())


def test_a_certificate_that_is_not_trusted_is_shown_with_what_is_wrong_about_it(start, attempt):
    peer = start("webdav-apache")
    tried = attempt(peer.server, replace(peer.access, authorities=Authority("others").pem))
    said = tried.failed["Check the certificate (TLS)"]
    assert "not trusted" in said
    assert "CN=Heliograph tests" in said, "who signed it"
    assert peer.access.password not in said


def test_an_expired_certificate_is_told_with_its_dates(attempt):
    with vsftpd(tls=True) as server, server.again("127.0.0.1", days=-1):
        peer = of_vsftpd(server)
        tried = attempt(peer.server, peer.access)
    assert "is not valid now" in tried.failed["Check the certificate (TLS)"]


def test_a_wrong_password_fails_the_login_and_stands_nowhere(start, attempt):
    peer = start("ftp-mlsd")
    tried = attempt(peer.server, Access(password="not-the-password"))
    assert list(tried.failed) == [f"Log in as {peer.server.login}"]
    assert not any("not-the-password" in told.text for told in tried.told)


def test_missing_and_read_only_directories_fail_their_steps_and_no_other(start, attempt):
    peer = start("sftp-openssh")
    server = replace(prepared(peer), mode=ServerMode.MAIN, sync_config=False)
    (peer.tree.root / "LOG").rmdir()
    peer.directory("ALARM", 0o555)
    tried = attempt(server, peer.access)
    log, alarm = server.path(Directory.LOG), server.path(Directory.ALARM)
    assert set(tried.failed) == {f"List {log}", f"Write to {log}", f"Write to {alarm}"}
    assert "create it there" in tried.failed[f"List {log}"]
    assert "no right to write" in tried.failed[f"Write to {alarm}"]


def test_a_file_that_may_not_be_deleted_is_told_and_fails_only_where_commands_are(attempt):
    with vsftpd(more="cmds_denied=DELE") as running:
        peer = of_vsftpd(running)
        server = replace(prepared(peer), sync_config=False)
        tried = attempt(server, peer.access)
        assert set(tried.failed) == {f"Write to {server.path(Directory.CMD)}"}
        said = tried.text(f"Write to {server.path(Directory.DATA)}")
        name = next(path.name for path in (peer.tree.root / "DATA").iterdir())
    assert name in said
    assert "remains" in said


def test_a_test_that_is_stopped_leaves_nothing_behind(start, attempt):
    peer = start("ftp-mlsd")
    server = prepared(peer)
    tried = attempt(server, peer.access, stop_at=6)
    assert len(tried.ended) == 6
    assert left(peer) == []
