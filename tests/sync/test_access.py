"""What opens a server is resolved when the connection begins (spec 1.9)."""

import pytest

from heliograph.formats.config import ServerMode
from heliograph.sync.access import Pins, resolve_access
from heliograph.sync.errors import AccessError
from support.syncing import file_server


def access(tmp_path, files=None, environment=None, **options: object):
    server = file_server(1, ServerMode.MAIN, **options)
    return resolve_access(server, files or {}, environment or {}, (tmp_path / "secrets", tmp_path / "cert"))


@pytest.fixture(autouse=True)
def secrets(tmp_path):
    for name in ("secrets", "cert"):
        (tmp_path / name).mkdir()
    (tmp_path / "secrets" / "pass").write_text("from a file\n")
    (tmp_path / "cert" / "key.pem").write_text("KEY\n")
    (tmp_path / "outside").write_text("never")


def test_passwords_as_written_from_the_environment_and_from_files(tmp_path):
    assert access(tmp_path, password="plain").password == "plain"
    assert access(tmp_path, password="env:P", environment={"P": "from outside"}).password == "from outside"
    assert access(tmp_path, password="file:pass").password == "from a file"


def test_keys_and_authorities(tmp_path):
    found = access(tmp_path, key_file="key.pem", ca_file="ca.pem", files={"CERT/ca.pem": b"CA"})
    assert (found.private_key, found.authorities) == (b"KEY\n", b"CA")
    assert access(tmp_path).authorities is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"password": "env:NOT_THERE"}, "no variable NOT_THERE"),
        ({"password": "file:absent"}, "secret file absent"),
        ({"password": "file:../outside"}, "without a path"),
        ({"key_file": "absent.pem"}, "private key"),
        ({"ca_file": "ca.pem"}, "CERT/ca.pem is not in the configuration set"),
    ],
)
def test_what_is_missing_is_said(tmp_path, options, words):
    with pytest.raises(AccessError, match=words):
        access(tmp_path, **options)


def test_a_pinned_host_key_stays(bench):
    pins = Pins(bench.database)
    assert pins.pinned("host:22") is None
    pins.pin("host:22", "SHA256:abc")
    assert Pins(bench.database).pinned("host:22") == "SHA256:abc"
