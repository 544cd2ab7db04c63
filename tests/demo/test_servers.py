"""The demo's two servers: what a gateway needs works, what it must not do is refused."""

import io
import ssl
from pathlib import Path

import httpx
import paramiko
import pytest

from heliograph.demo.servers import DIRECTORIES, Authority, SftpServer, WebDavServer, host_key, make_tree


@pytest.fixture
def sftp(tmp_path):
    key = host_key(tmp_path / "key")
    with SftpServer(make_tree(tmp_path / "1"), "gateway", "secret", key, host="127.0.0.1", port=0) as server:
        yield server


def session(server: SftpServer, password: str = "secret") -> paramiko.SSHClient:
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect("127.0.0.1", server.port, "gateway", password, look_for_keys=False, allow_agent=False, timeout=10)
    return client


def test_a_file_goes_up_in_two_steps(sftp, tmp_path):
    with session(sftp) as client:
        files = client.open_sftp()
        assert sorted(files.listdir("/")) == sorted(DIRECTORIES)
        files.putfo(io.BytesIO(b"x" * 100_000), "/DATA/a.tmp")
        assert files.stat("/DATA/a.tmp").st_size == 100_000
        files.rename("/DATA/a.tmp", "/DATA/a")
        assert files.listdir("/DATA") == ["a"]
        assert files.open("/DATA/a").read() == b"x" * 100_000
        files.remove("/DATA/a")
    assert list((tmp_path / "1/DATA").iterdir()) == []


def test_nothing_outside_the_root_can_be_reached(sftp, tmp_path):
    (tmp_path / "outside").write_text("secret")
    with session(sftp) as client:
        files = client.open_sftp()
        for path in ("/../outside", "../../outside", "/DATA/../../outside"):
            with pytest.raises(FileNotFoundError):
                files.open(path)
        with pytest.raises(OSError, match="unsupported"):
            files.mkdir("/NEW")
        with pytest.raises(OSError, match="unsupported"):
            files.symlink("/etc", "/DATA/etc")


def test_a_wrong_password_is_refused_and_the_host_key_is_kept(sftp, tmp_path):
    with pytest.raises(paramiko.AuthenticationException):
        session(sftp, "wrong")
    assert host_key(tmp_path / "key").asbytes() == host_key(tmp_path / "key").asbytes()
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    with session(sftp) as client:
        seen = client.get_transport().get_remote_server_key().fingerprint
    assert sftp.fingerprint == seen


@pytest.fixture
def webdav(tmp_path):
    authority = Authority.at(tmp_path / "authority.pem")
    authority.issue(tmp_path / "server.pem", ("127.0.0.1", "localhost"))
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    root = make_tree(tmp_path / "2")
    with WebDavServer(root, "gateway", "secret", tmp_path / "server.pem", host="127.0.0.1", port=0) as server:
        yield server


def client(tmp_path: Path, **options) -> httpx.Client:
    return httpx.Client(verify=ssl.create_default_context(cafile=str(tmp_path / "ca.pem")), timeout=10, **options)


def test_a_file_goes_up_over_tls(webdav, tmp_path):
    address = f"https://127.0.0.1:{webdav.port}"
    with client(tmp_path, auth=("gateway", "secret")) as http:
        assert http.put(f"{address}/DATA/a", content=b"y" * 100_000).status_code == 201
        assert http.request("PROPFIND", f"{address}/DATA/", headers={"Depth": "1"}).status_code == 207
        assert http.put(f"{address}/MISSING/a", content=b"y").status_code == 409
    assert (tmp_path / "2/DATA/a").read_bytes() == b"y" * 100_000


def test_who_is_unknown_sees_nothing(webdav, tmp_path):
    address = f"https://127.0.0.1:{webdav.port}"
    with client(tmp_path) as http:
        assert http.get(f"{address}/DATA/").status_code == 401
        assert http.get(f"{address}/DATA/", auth=("gateway", "wrong")).status_code == 401


def test_the_certificate_fits_its_authority_alone(webdav, tmp_path):
    with pytest.raises(httpx.ConnectError, match="certificate"), httpx.Client() as http:
        http.get(f"https://127.0.0.1:{webdav.port}/")
    assert Authority.at(tmp_path / "authority.pem").pem == (tmp_path / "ca.pem").read_bytes()
    assert (tmp_path / "server.pem").stat().st_mode & 0o777 == 0o600
