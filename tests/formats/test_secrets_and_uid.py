"""Secrets kept elsewhere, texts shown without them, and the gateway's identifier."""

import pytest

from heliograph.formats import is_uid, mask_secrets, resolve_secret, uid_from_mac


def read_file(name: str) -> str:
    if name != "ftp":
        raise FileNotFoundError(name)
    return "from file\r\n"


@pytest.mark.parametrize(
    ("value", "secret"),
    [("", ""), ("plain", "plain"), ("env:FTP", "from env"), ("file:ftp", "from file"), ("Env:X", "Env:X")],
)
def test_a_secret_is_itself_or_kept_elsewhere(value, secret):
    assert resolve_secret(value, {"FTP": "from env"}, read_file) == secret


@pytest.mark.parametrize(
    "value", ["env:NONE", "env:", "env:A B", "file:none", "file:../ftp", "file:/ftp", "file:.", "file:"]
)
def test_a_secret_that_is_not_there_is_told(value):
    with pytest.raises(ValueError, match=r"environment|plain name|could not be read"):
        resolve_secret(value, {"FTP": "x"}, read_file)


def test_texts_are_masked():
    text = (
        '+FTP_Password=hunter2\r\n FTP_Password = x y \nHTTP2_Password=env:A\n{"password": "a\\"b"} https://me:pw@host/'
    )
    masked = mask_secrets(text)
    assert (
        masked
        == '+FTP_Password=***\r\n FTP_Password = ***\nHTTP2_Password=env:A\n{"password": "***"} https://***@host/'
    )


@pytest.mark.parametrize("mac", ["00:8D:00:00:BD:E4", "00-8d-00-00-bd-e4", "008d0000bde4\n"])
def test_the_default_uid(mac):
    assert uid_from_mac(mac) == "WPM00BDE4"


@pytest.mark.parametrize("mac", ["", "00:8D:00:00:BD", "zz:8D:00:00:BD:E4", "00:8D:00:00:BD:E4:11"])
def test_what_is_no_mac(mac):
    with pytest.raises(ValueError, match="MAC"):
        uid_from_mac(mac)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("WPM00C44F", True), ("a-_9", True), ("a" * 33, False), ("", False), ("a.b", False), ("a\n", False), ("é", False)],
)
def test_what_is_a_uid(text, expected):
    assert is_uid(text) is expected
