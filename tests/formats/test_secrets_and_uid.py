"""Secrets kept elsewhere, texts shown without them, and the gateway's identifier."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heliograph.formats import is_uid, mask_secrets, parse_config, resolve_secret, restore_secrets, uid_from_mac
from support.formats import contents, names
from support.growth import grows_in_step


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
    with pytest.raises(ValueError, match=r"environment|plain name|no secret file"):
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


@pytest.mark.parametrize(
    "line",
    [
        "\ufeffFTP_Password=hunter2",
        "ï»¿FTP_Password=hunter2",
        ";FTP_Password=hunter2",
        "# FTP_Password = hunter2",
        "FTP_Password=ENV:hunter2",
        "FTP_Password=a\rhunter2",
        "FTP_Login=a\rFTP_Password=hunter2",
        "HTTP_Address=https://me:p/hunter2@host/",
    ],
)
def test_a_password_is_masked_wherever_it_stands(line):
    assert "hunter2" not in mask_secrets(f"{line}\nFTP_Port=21")


@pytest.mark.parametrize("piece", ["password", " ", ";", "://", '"', '"password":"', "password=\r"])
def test_masking_takes_time_in_step_with_the_text(piece):
    """A search that starts anew at every character would take time in step with the square of that."""
    assert grows_in_step(lambda length: mask_secrets(piece * (length // len(piece))), 30_000)


CURRENT = (
    "FTP_Login=me\r\n"
    "FTP_Password= s3cret \r\n"
    ";FTP_Password=old\r\n"
    "FTP2_Password=other\r\n"
    "GATEWAY_Name=Käthe\r\n"
    "MQTT_Password=env:MQTT\r\n"
    "HTTP_Note=https://a:b@c\r\n"
).encode()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("=me", "=you", CURRENT.replace(b"=me", b"=you")),
        ("FTP2_Password=***", "FTP2_Password=new", CURRENT.replace(b"other", b"new")),
        ("FTP_Password= ***", "FTP_Password =***  ", CURRENT.replace(b"FTP_Password= s", b"FTP_Password = s", 1)),
        ("FTP_Login=me\r\n", "", CURRENT.removeprefix(b"FTP_Login=me\r\n")),
        ("HTTP_Note", "HTTP_Noted", CURRENT.replace(b"HTTP_Note=https://a:b@c", b"HTTP_Noted=https://***@c")),
        ("FTP2_Password=***", "FTP3_Password=***", CURRENT.replace(b"FTP2_Password=other", b"FTP3_Password=***")),
        ("MQTT_Password=env:MQTT", "MQTT_Password=***", CURRENT),
        (";FTP_Password=***\r\n", "", CURRENT.replace(b";FTP_Password=old\r\n", b"")),
        ("\r\n", "\n", CURRENT.replace(b"\r\n", b"\n")),
    ],
)
def test_passwords_that_were_hidden_come_back(old, new, expected):
    """Whatever else was edited; a value that is not known stays `***`."""
    edited = mask_secrets(CURRENT.decode()).replace(old, new)
    assert restore_secrets(edited.encode(), CURRENT) == expected


def test_a_password_comes_back_in_the_encoding_of_the_file():
    """As Latin-1 where the rest stays so; a page that sends UTF-8 gets a file all of UTF-8."""
    current = "GATEWAY_Name=é ü\nFTP_Password=ä\n".encode("latin-1")
    assert restore_secrets("GATEWAY_Name=é ü\nFTP_Password=***\n".encode("latin-1"), current) == current
    assert restore_secrets(b"FTP_Password=***\n", current) == b"FTP_Password=\xe4\n"
    assert (
        restore_secrets("GATEWAY_Name=é\nFTP_Password=***".encode(), current)
        == "GATEWAY_Name=é\nFTP_Password=ä".encode()
    )
    assert restore_secrets("GATEWAY_Name=é \nFTP_Password=***".encode("latin-1"), "FTP_Password=€".encode()) == (
        "GATEWAY_Name=é \nFTP_Password=€".encode()
    )


lines = st.one_of(
    names.map("FTP_Password={}".format),
    names.map("; MQTT2_Password = {}".format),
    names.map('# {{"token": "{}"}} ://{}@'.replace("{}@", "x@").format),
    names.map("GATEWAY_Name={}".format),
    names,
    st.just("HTTP_Password= *** "),
)


@settings(deadline=None, max_examples=100)
@given(before=st.lists(lines, max_size=8), end=st.sampled_from(["\n", "\r\n"]), mark=st.sampled_from(["", "\ufeff"]))
@example(before=["FTP_Password=a", ";FTP_Password=b", ";FTP_Password=c"], end="\n", mark="\ufeff")
def test_a_file_that_was_shown_and_comes_back_unchanged_is_the_same(before, end, mark):
    content = mark + end.join(before)
    assert restore_secrets(mask_secrets(content).encode(), content.encode()) == content.encode()


@settings(deadline=None, max_examples=100)
@given(content=contents)
def test_any_file_that_is_read_comes_back_the_same_in_either_encoding(content):
    if parse_config(content, "x")[0] is None:
        return
    for encoding in ("utf-8", "latin-1"):
        text = content.decode(encoding, "replace") + "\nGATEWAY_Name=\xe9 "
        shown = mask_secrets(text).encode(encoding, "replace")
        assert restore_secrets(shown, text.encode(encoding, "replace")) == text.encode(encoding, "replace")


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
