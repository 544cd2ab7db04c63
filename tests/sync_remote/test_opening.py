"""Opening a session: who is let in, whom the gateway trusts, and what an operator reads when it does not work."""

import socket
import threading
from contextlib import ExitStack
from dataclasses import replace

import paramiko
import pytest

from heliograph.formats.config import ServerType
from heliograph.sync.remote import (
    Access,
    CertificateRefused,
    HostKeyRefused,
    LoginRefused,
    Unreachable,
    Upload,
    open_store,
)
from support import sftp_library
from support.certificates import Authority
from support.ftp import vsftpd
from support.ports import free_port
from support.remote import PEERS, Pins, file_server, of_apache, of_sshd, of_vsftpd
from support.sftp import sshd
from support.webdav import apache

WRONG = Access(password="wrong")
KINDS = (ServerType.SFTP, ServerType.FTP, ServerType.FTPS, ServerType.WEBDAV)
DISK_PEERS = [name for name in PEERS if name != "memory"]


def opened(server, access: Access = WRONG, pins: Pins | None = None) -> None:
    with open_store(server, access, pins or Pins()):
        pass


@pytest.mark.parametrize("name", [n for n in DISK_PEERS if n != "sftp-openssh"])
def test_a_wrong_password_is_told_without_showing_it(start, name):
    peer = start(name)
    with pytest.raises(LoginRefused, match="Login and Password") as caught:
        opened(peer.server, replace(peer.access, password="Geheim-77"))
    assert str(peer.server.port) in str(caught.value)
    assert peer.server.login in str(caught.value)
    assert "Geheim-77" not in str(caught.value) + repr(caught.value.__cause__)


def test_openssh_refuses_a_foreign_key_and_a_password_where_it_takes_none():
    with sshd() as server:
        peer = of_sshd(server)
        key = server.tree.base / "other"
        paramiko.ECDSAKey.generate().write_private_key_file(str(key))
        with pytest.raises(LoginRefused, match="KeyFile"):
            opened(peer.server, Access(private_key=key.read_bytes()))
        with pytest.raises(LoginRefused, match="it takes: publickey"):
            opened(peer.server, Access(password="x"))


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_listens(kind):
    with pytest.raises(Unreachable, match="nothing listens there; check Address and Port"):
        opened(file_server(kind, free_port(), "x"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_that_does_not_exist(kind):
    with pytest.raises(Unreachable, match="cannot be resolved; check Address"):
        opened(file_server(kind, 22, "x", address="no-such-host.invalid"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\x00" * 3000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"220 hello\r\n",
        b"SSH-2.0-x\r\n",
        b"220-\r\n" * 5000,
    ],
    ids=["nothing", "zeros", "http", "ftp", "ssh", "endless"],
)
def test_another_kind_of_server_answers(kind, said):
    """Whatever comes, it is `Unreachable`, within the time limit."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

        def answer() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(2)
                    try:
                        connection.sendall(said)
                        connection.recv(10_000)
                    except OSError:
                        continue

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with pytest.raises(Unreachable):
            opened(replace(file_server(kind, listener.getsockname()[1], "x"), timeout_seconds=1))
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_says_nothing_is_left_after_the_time_limit(kind):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = replace(file_server(kind, listener.getsockname()[1], "x"), timeout_seconds=0.5)
        with pytest.raises(Unreachable):
            opened(server)


def test_the_first_host_key_is_pinned_and_another_refused():
    with sshd() as server:
        peer, pins, first = of_sshd(server), Pins(), server.host_key
        opened(peer.server, peer.access, pins)
        assert pins.known == {f"127.0.0.1:{server.port}": first}
        opened(peer.server, peer.access, pins)
    with sshd() as other:
        pins.known = {f"127.0.0.1:{other.port}": first}
        peer = of_sshd(other)
        with pytest.raises(HostKeyRefused) as caught:
            opened(peer.server, peer.access, pins)
        assert first in str(caught.value)
        assert other.host_key in str(caught.value)
        assert pins.known == {f"127.0.0.1:{other.port}": first}


def test_a_given_host_key_counts_and_is_not_pinned():
    with sshd() as server:
        peer, pins = of_sshd(server), Pins()
        opened(replace(peer.server, host_key=server.host_key), peer.access, pins)
        assert pins.known == {}
        with pytest.raises(HostKeyRefused, match="SHA256:AAAA"):
            opened(replace(peer.server, host_key="SHA256:AAAA"), peer.access, pins)


def test_a_key_of_rsa_opens_too():
    with sshd() as server:
        server.let_in(paramiko.RSAKey.generate(2048))
        opened(of_sshd(server).server, of_sshd(server).access)


def test_any_of_a_servers_host_keys_may_be_the_pinned_one(tmp_path):
    keys = (paramiko.ECDSAKey.generate(), paramiko.RSAKey.generate(2048))
    with sftp_library.library_server(tmp_path, *keys) as server:
        settings = file_server(ServerType.SFTP, server.port, sftp_library.LOGIN)
        access = Access(password=sftp_library.PASSWORD)
        for key in keys:
            opened(replace(settings, host_key=key.fingerprint), access)
        with pytest.raises(HostKeyRefused) as caught:
            opened(replace(settings, host_key="SHA256:other"), access)
        assert all(key.fingerprint in str(caught.value) for key in keys)


def test_no_password_reaches_a_server_that_is_not_trusted(tmp_path):
    with sftp_library.library_server(tmp_path) as server:
        settings = file_server(ServerType.SFTP, server.port, sftp_library.LOGIN, host_key="SHA256:other")
        with pytest.raises(HostKeyRefused):
            opened(settings, Access(password=sftp_library.PASSWORD))
        assert server.attempts == []


def test_keyboard_interactive_takes_the_password(tmp_path):
    with sftp_library.library_server(tmp_path) as server:
        server.methods = ("keyboard-interactive",)
        settings = file_server(ServerType.SFTP, server.port, sftp_library.LOGIN)
        opened(settings, Access(password=sftp_library.PASSWORD))
        with pytest.raises(LoginRefused):
            opened(settings, Access(password="wrong"))


def test_key_and_password_together(tmp_path):
    key = paramiko.ECDSAKey.generate()
    key.write_private_key_file(str(tmp_path / "key"))
    with sftp_library.library_server(tmp_path) as server:
        server.client_key = key
        settings = file_server(ServerType.SFTP, server.port, sftp_library.LOGIN)
        content = (tmp_path / "key").read_bytes()
        opened(settings, Access(password=sftp_library.PASSWORD, private_key=content))


def test_a_password_that_opens_the_key_is_never_sent(tmp_path):
    key = paramiko.ECDSAKey.generate()
    key.write_private_key_file(str(tmp_path / "key"), password="opens the key")
    with sftp_library.library_server(tmp_path) as server:
        settings = file_server(ServerType.SFTP, server.port, sftp_library.LOGIN, key_file="plant.key")
        content = (tmp_path / "key").read_bytes()
        with pytest.raises(LoginRefused, match=r"plant\.key is encrypted and Password does not open it"):
            opened(settings, Access(password="does not", private_key=content))
        server.client_key = key
        with pytest.raises(LoginRefused, match="wants more"):
            opened(settings, Access(password="opens the key", private_key=content))
        server.methods = ("publickey",)
        opened(settings, Access(password="opens the key", private_key=content))
        assert server.attempts == []


def test_a_key_file_that_is_none(tmp_path):
    with sftp_library.library_server(tmp_path) as server:
        settings = file_server(ServerType.SFTP, server.port, sftp_library.LOGIN, key_file="plant.key")
        with pytest.raises(LoginRefused, match=r"plant\.key holds no .* private key"):
            opened(settings, Access(private_key=b"\xff not a key"))


def test_a_server_without_sftp_is_told():
    with sshd("Match all\nForceCommand /bin/false\n") as server, pytest.raises(Unreachable, match="gives no SFTP"):
        opened(of_sshd(server).server, of_sshd(server).access)


@pytest.mark.parametrize("step", ["channel", "subsystem", "hello"])
def test_a_server_that_hangs_while_sftp_is_opened_is_left_and_told_as_such(tmp_path, step):
    mended = threading.Event()
    with sftp_library.library_server(tmp_path) as server:
        server.on_opening = lambda at, _: at == step and mended.wait(300)
        settings = file_server(ServerType.SFTP, server.port, sftp_library.LOGIN, timeout_seconds=3)
        try:
            with pytest.raises(Unreachable, match="did not answer within 3 s while SFTP was opened") as caught:
                opened(settings, Access(password=sftp_library.PASSWORD))
        finally:
            mended.set()
    assert "gives no SFTP" not in str(caught.value)


@pytest.mark.parametrize("step", ["channel", "subsystem", "hello"])
def test_a_connection_that_breaks_while_sftp_is_opened_is_told_as_such(tmp_path, step):
    with sftp_library.library_server(tmp_path) as server:
        server.on_opening = lambda at, transport: at == step and transport.close()
        settings = file_server(ServerType.SFTP, server.port, sftp_library.LOGIN, timeout_seconds=60)
        with pytest.raises(Unreachable, match="the connection broke while SFTP was opened"):
            opened(settings, Access(password=sftp_library.PASSWORD))


@pytest.mark.parametrize("start_server", [lambda: vsftpd(tls=True), apache], ids=["ftps", "webdav"])
class TestTls:
    """Certificates, the same for FTPS and WebDAV."""

    def peer(self, server):
        return of_apache(server) if hasattr(server, "_auth") else of_vsftpd(server)

    def test_another_authority(self, start_server):
        with start_server() as server:
            peer = self.peer(server)
            settings = replace(peer.server, ca_file="plant.pem")
            with pytest.raises(CertificateRefused, match=r"not trusted by the authorities of CaFile plant\.pem"):
                opened(settings, replace(peer.access, authorities=Authority("other").pem))

    def test_the_systems_authorities_where_none_is_given(self, start_server):
        with start_server() as server:
            peer = self.peer(server)
            with pytest.raises(CertificateRefused, match="not trusted by the system's authorities"):
                opened(peer.server, replace(peer.access, authorities=None))

    def test_a_file_without_certificates(self, start_server):
        with start_server() as server:
            peer = self.peer(server)
            with pytest.raises(CertificateRefused, match="holds no certificate"):
                opened(replace(peer.server, ca_file="x.pem"), replace(peer.access, authorities=b"\xffnothing"))

    def test_expired(self, start_server):
        with start_server() as server, server.again("localhost", "127.0.0.1", days=-1):
            peer = self.peer(server)
            with pytest.raises(CertificateRefused, match=r"not valid now .*clocks"):
                opened(peer.server, peer.access)

    def test_another_hosts(self, start_server):
        with start_server() as server, server.again("other.example"):
            peer = self.peer(server)
            with pytest.raises(CertificateRefused, match=r"made out to another name .*check Address"):
                opened(peer.server, peer.access)

    def test_the_servers_own_certificate_may_be_the_authority(self, start_server, outbox):
        with start_server() as server:
            peer = self.peer(server)
            own = (server.tree.base / "server.pem").read_bytes()
            data = peer.directory("DATA")
            with open_store(peer.server, replace(peer.access, authorities=own), Pins()) as store:
                (done,) = store.upload([Upload(outbox.write("f", b"1"), data, "f")], lambda _: None)
            assert done.error is None


def test_ftps_is_refused_by_a_server_without_it():
    with vsftpd() as server:
        peer = of_vsftpd(server)
        with pytest.raises(Unreachable, match="refuses TLS"):
            opened(replace(peer.server, type=ServerType.FTPS), peer.access)


def test_ftp_without_tls_is_refused_by_a_server_that_wants_it():
    with vsftpd(tls=True) as server:
        peer = of_vsftpd(server)
        with pytest.raises(LoginRefused, match="whether it wants ftps"):
            opened(replace(peer.server, type=ServerType.FTP), peer.access)


def test_webdav_is_sent_on_nowhere():
    with apache(more="Redirect permanent /old https://elsewhere.example/new") as server:
        peer = of_apache(server)
        with pytest.raises(Unreachable, match=r"sends the gateway on to https://elsewhere\.example/new.*HTTP_Address"):
            opened(replace(peer.server, root="/old"), peer.access)


def test_a_web_server_without_webdav_is_told():
    with apache(dav="Off") as server:
        peer = of_apache(server)
        with pytest.raises(Unreachable, match="is no WebDAV server"):
            opened(peer.server, peer.access)


def test_tls_1_1_is_not_spoken():
    with apache(more="SSLProtocol TLSv1.1\nSSLCipherSuite ALL:@SECLEVEL=0") as server:
        peer = of_apache(server)
        with pytest.raises(Unreachable, match=r"no TLS 1\.2 or newer"):
            opened(peer.server, peer.access)
