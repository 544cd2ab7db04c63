"""How a command reaches a gateway: address, token and certificate, given alike everywhere; and what it says if not."""

import hashlib
import json
import ssl
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from heliograph.cli.main import app
from heliograph.contract import StatusDocument
from support.certificates import Authority
from support.ports import free_port
from support.restpage import answering, problem

WELL = (200, StatusDocument(time=0, revision=8).model_dump_json())
NOWHERE = "http://127.0.0.1:1"


def status(*options: str, **environment: str) -> Result:
    return CliRunner().invoke(app, ["status", *options], env=environment)


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A directory of named gateways."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "heliograph").mkdir()
    return tmp_path / "heliograph"


@pytest.fixture(scope="module")
def secured(tmp_path_factory) -> tuple[Path, Path, ssl.SSLContext]:
    """An authority, a certificate that it signed for this machine, and what serves it."""
    directory = tmp_path_factory.mktemp("tls")
    authority = Authority()
    (directory / "ca.pem").write_bytes(authority.pem)
    certificate, key = authority.write(directory, "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return directory / "ca.pem", certificate, context


@pytest.mark.parametrize(
    ("options", "environment", "sent"),
    [
        (["--token-file", "{file}"], {"HELIOGRAPH_TOKEN": "other"}, "of-the-file"),
        ([], {"HELIOGRAPH_TOKEN_FILE": "{file}"}, "of-the-file"),
        ([], {"GATEWAY_API_TOKEN_FILE": "{file}"}, "of-the-file"),
        ([], {"HELIOGRAPH_TOKEN": "plain", "GATEWAY_API_TOKEN": "older"}, "plain"),
        ([], {"GATEWAY_API_TOKEN": "older"}, "older"),
    ],
)
def test_a_token_comes_from_a_file_or_the_environment(tmp_path, options, environment, sent):
    file = tmp_path / "token"
    file.write_text("of-the-file\n")
    with answering(WELL) as (url, asked):
        filled = {name: value.format(file=file) for name, value in environment.items()}
        result = status("--url", url, *(option.format(file=file) for option in options), **filled)
    assert result.exit_code == 0, result.output
    assert asked[0].headers["authorization"] == f"Bearer {sent}"


def test_a_token_is_never_an_argument():
    assert status("--token", "secret").exit_code == 2


def test_a_named_gateway_brings_what_the_options_leave_open(home):
    with answering(WELL) as (url, asked):
        (home / "roof.token").write_text("roof-token\n")
        (home / "config.toml").write_text(f'[gateways.roof]\nurl = "{url}"\ntoken_file = "roof.token"\n')
        assert status("--gateway", "roof").exit_code == 0
        assert status(HELIOGRAPH_GATEWAY="roof", HELIOGRAPH_TOKEN="own").exit_code == 0
    assert [request.headers["authorization"] for request in asked] == ["Bearer roof-token", "Bearer own"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "can't be read"),
        ("[gateways.roof\n", "can't be read"),
        ("[gateways.roof]\nurls = 'x'\n", "gateways.roof.urls"),
        ("[gateways.shed]\n", "it has: shed"),
    ],
    ids=["missing", "broken", "unknown-key", "another"],
)
def test_a_gateway_that_is_not_known_is_told_with_the_file(home, text, said):
    if text is not None:
        (home / "config.toml").write_text(text)
    result = status("--gateway", "roof")
    assert result.exit_code == 2
    assert said in result.stderr
    assert "config.toml" in result.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--url", "ftp://gateway"], "no http:// or https:// address"),
        (["--url", "https://"], "no http:// or https:// address"),
        (["--ca", "/nowhere.pem"], "is no file"),
        (["--fingerprint", "12:34"], "64 hexadecimal digits"),
        (["--token-file", "/nowhere/token"], "can't be read"),
    ],
)
def test_an_option_that_is_wrong_is_status_2(options, said):
    result = status(*options)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_certificate_is_trusted_by_its_authority_or_by_its_fingerprint(secured):
    ca, certificate, context = secured
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.read_text())).hexdigest().upper()
    spaced = ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))
    with answering(WELL, tls=context) as (url, asked):
        results = [status("--url", url, *options) for options in (["--ca", str(ca)], ["--fingerprint", spaced])]
    assert [result.exit_code for result in results] == [0, 0], results[0].output + results[1].output
    assert len(asked) == 2


def test_another_certificate_is_told_and_no_token_was_sent(secured):
    _, _, context = secured
    with answering(WELL, tls=context) as (url, asked):
        unknown = status("--url", url, HELIOGRAPH_TOKEN="secret")
        other = status("--url", url, "--fingerprint", "0" * 64, HELIOGRAPH_TOKEN="secret")
    assert (unknown.exit_code, other.exit_code) == (3, 3)
    assert "is not trusted" in unknown.stderr
    assert "--fingerprint" in unknown.stderr
    assert "another fingerprint" in other.stderr
    assert asked == []


def test_whoever_trusts_any_certificate_is_warned(secured):
    _, _, context = secured
    with answering(WELL, tls=context) as (url, _):
        person = status("--url", url, "--insecure")
        program = status("--url", url, "--insecure", "--json")
    assert (person.exit_code, program.exit_code) == (0, 0)
    assert person.stderr.startswith("heliograph status: warning: the certificate of the gateway is not looked at")
    assert "not looked at" in json.loads(program.stderr)["warning"]
    assert json.loads(program.stdout)["revision"] == 8


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (problem(401, "The token is wrong."), 4, "wants a token: name its file with --token-file"),
        (problem(403, "A viewer may not do this."), 4, "A viewer may not do this."),
        (problem(409, "no server takes it"), 1, "no server takes it"),
        (problem(412, "revision 9 is in force"), 5, "revision 9 is in force"),
        (problem(404, "Not Found"), 3, "older than this command"),
        (problem(405, "Method Not Allowed"), 3, "older than this command"),
        ((502, "<html>"), 3, "HTTP status 502"),
        ((200, "{}"), 3, "does not fit"),
    ],
)
def test_each_refusal_has_its_code_for_a_person_and_for_a_program(answer, code, said):
    with answering(answer) as (url, _):
        person = CliRunner().invoke(app, ["support-bundle", "--url", url])
        program = CliRunner().invoke(app, ["support-bundle", "--url", url, "--json"])
    assert (person.exit_code, program.exit_code) == (code, code)
    assert person.stderr.startswith("heliograph support-bundle: ")
    assert said in person.stderr
    document = json.loads(program.stderr)
    assert (document["exit_code"], program.stdout) == (code, "")
    assert {"type", "title", "detail"} <= document.keys()


def test_where_nobody_answers_it_is_told_where_was_looked():
    url = f"http://127.0.0.1:{free_port()}"
    result = status("--url", url)
    assert result.exit_code == 3
    assert f"nobody answers at {url}" in result.stderr
    assert "--url or HELIOGRAPH_URL" in result.stderr
