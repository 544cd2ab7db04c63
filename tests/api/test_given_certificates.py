"""Certificates, private keys and host keys over REST: passed on, never told back; the form that asks for them."""

import base64
import json
import subprocess

import pytest

from heliograph.api.hostkeys import host_key
from heliograph.contract import EditRequest
from support.markup import Markup
from support.servers import need

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIC\n-----END PRIVATE KEY-----\n"
BLOB = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(32)).decode()
FINGERPRINT = "SHA256:kmYcvdi2GkPeWxB6XLjrZB8JHsy2Hm8luHMFp9GMvqk"


async def test_a_key_goes_to_sync_with_the_files_that_name_it_and_comes_back_nowhere(api, peers):
    body = {
        "files": {"CONFIG/WPM00C44F_config.ini": "MQTT_KeyFile=a.key\n", "CERT/ca.pem": PEM},
        "keys": {"a.key": KEY},
    }
    for query, asked in (("?check=true", peers.revisions.edits), ("", peers.revisions.edits)):
        answer = await api.send("PATCH", f"/api/v1/configuration/files{query}", json=body)
        assert answer.status_code == 200, answer.text
        assert asked[-1].keys == {"a.key": KEY}
        assert "MIIC" not in answer.text
    assert "MIIC" not in repr(peers.revisions.edits[-1])
    assert "MIIC" not in (await api.get("/api/v1/configuration/files")).text


async def test_a_name_that_is_a_path_or_a_key_that_is_too_long_is_refused_and_not_quoted(api, peers):
    for keys in ({"../a": KEY}, {".a": KEY}, {"a/b": KEY}, {"": KEY}, {"a.key": "x" * 65_537}, {"a": 1}):
        body = {"files": {"DEF/inv.csv": "x"}, "keys": keys}
        answer = await api.send("PATCH", "/api/v1/configuration/files", json=body)
        assert answer.status_code == 422, keys
        assert "MIIC" not in answer.text
    assert peers.revisions.edits == []


async def test_a_server_is_tested_with_what_is_not_in_force_yet(api, peers):
    body = {"config": "SERVER_Type=mqtts\n", "certificates": {"ca.pem": PEM}, "keys": {"a.key": KEY}}
    answer = await api.send("POST", "/api/v1/servers/2/test", json=body)
    assert answer.status_code == 202, answer.text
    asked = peers.servers.tests[-1]
    assert (asked.server, asked.certificates, asked.keys) == (2, {"ca.pem": PEM}, {"a.key": KEY})
    assert "MIIC" not in repr(asked)


@pytest.mark.parametrize(
    "text",
    [
        f"ssh-ed25519 {BLOB}",
        f"data.example.org ssh-ed25519 {BLOB}\n",
        f"|1|salt|hash ssh-ed25519 {BLOB} root@data",
        FINGERPRINT,
        f"256 {FINGERPRINT} root@data (ED25519)",
    ],
)
def test_a_host_key_is_understood_in_every_form_that_administrators_have(text):
    assert host_key(text).fingerprint == FINGERPRINT


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "ssh-keyscan"),
        ("MD5:16:27:ac:a5", "ssh-keyscan"),
        (f"ssh-ed25519 {BLOB[:40]}", "cut off"),
        (f"ssh-rsa {BLOB}", "cut off"),
        (KEY, "private key"),
    ],
)
def test_what_is_no_host_key_is_told(text, said):
    with pytest.raises(ValueError, match=said):
        host_key(text)


def test_the_fingerprint_is_the_one_that_openssh_prints(tmp_path):
    need("ssh-keygen")
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", path], check=True)  # the machine's own
    printed = subprocess.run(["ssh-keygen", "-lf", path], check=True, capture_output=True, text=True).stdout
    assert host_key(path.with_suffix(".pub").read_text()).fingerprint == printed.split()[1]


async def test_a_fingerprint_is_asked_for_over_rest(api):
    answer = await api.post("/api/v1/servers/host-key", json={"text": f"ssh-ed25519 {BLOB}"})
    assert answer.json() == {"fingerprint": FINGERPRINT, "type": "ssh-ed25519"}
    refused = await api.post("/api/v1/servers/host-key", json={"text": KEY})
    assert refused.status_code == 422
    assert "MIIC" not in refused.text
    assert refused.json()["errors"][0]["place"] == "body.text"


async def test_the_form_has_a_place_for_each_certificate_and_key(api):
    html = (await api.get("/servers/2")).text
    assert Markup(html).inline == []
    for variable in ("FTP2_CaFile", "HTTP2_CaFile", "MQTT2_CaFile", "MQTT2_CertFile", "MQTT2_KeyFile", "FTP2_KeyFile"):
        assert f'data-give="{variable}"' in html
        assert f'data-give-file="{variable}"' in html


def test_a_request_tells_no_key_when_it_is_logged():
    request = EditRequest(files={}, origin="REST", keys={"a": KEY})
    assert "MIIC" not in repr(request)
    assert json.loads(request.model_dump_json())["keys"] == {"a": KEY}
