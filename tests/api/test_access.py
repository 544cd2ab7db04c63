"""Who may read and who may write: the rules, one by one."""

import stat

import httpx
import pytest
from pydantic import ValidationError

from heliograph.api.auth.gateway_token import gateway_token
from heliograph.api.server import CannotListen, listen
from heliograph.api.settings import Settings
from support.cases import each

READS = ["/api/v1/status", "/api/v1/devices", "/metrics", "/events"]
OPEN = ["/health/live", "/api/v1/openapi.json", "/assets/page.css"]


def test_a_token_is_made_once_closed_to_others_and_kept(tmp_path):
    first = gateway_token("", tmp_path)
    path = tmp_path / "api-token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(first.value) >= 40
    assert (first.place, first.is_set) == (str(path), False)
    path.chmod(0o644)
    assert gateway_token("", tmp_path).value == first.value
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("\n")
    assert gateway_token("", tmp_path).value not in ("", first.value)


def test_a_token_of_the_environment_is_not_written_down(tmp_path):
    token = gateway_token(" correct horse battery staple\n", tmp_path)
    assert (token.value, token.place, token.is_set) == ("correct horse battery staple", "GATEWAY_API_TOKEN", True)
    assert list(tmp_path.iterdir()) == []


def test_wrong_networks_are_refused_at_the_start():
    with pytest.raises(ValidationError, match="api_open_to"):
        Settings(api_open_to="192.168.1.0/33")


async def test_the_token_is_never_in_the_log(api, caplog):
    caplog.set_level("DEBUG")
    await api.post("/api/v1/connections", headers=api.bearer)
    assert api.token not in caplog.text


async def test_reads_are_open_on_the_loopback_and_writes_are_not(api, peers):
    for path in READS[:-1]:
        assert (await api.get(path)).status_code == 200
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {api.token}"},
        {"Cookie": f"heliograph={api.token}"},
    ):
        answer = await api.post("/api/v1/connections", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert api.token not in answer.text
    assert (await api.post("/api/v1/connections?token=" + api.token)).status_code == 401
    assert peers.connects == []


async def test_with_a_token_set_reads_need_it_too(serve, peers):
    api = await serve(gateway_api_token="sesame-opens")
    for path in READS:
        assert (await api.get(path)).status_code == 401
        assert (await api.get(path, headers={"Authorization": "Bearer sesame-open"})).status_code == 401
    for path in READS[:-1]:
        assert (await api.get(path, headers={"Authorization": "Bearer sesame-opens"})).status_code == 200
    for path in OPEN:
        assert (await api.get(path)).status_code == 200


@each(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8080"},
        {"Host": "localhost.evil.example"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
    ],
)
async def test_a_rebound_name_or_a_proxy_reads_nothing_without_the_token(api, headers):
    assert (await api.get("/api/v1/status", headers=headers)).status_code == 401
    assert (await api.get("/api/v1/status", headers=headers | api.bearer)).status_code == 200
    shell = await api.get("/", headers=headers)
    assert (shell.status_code, shell.headers["location"]) == (303, "/login?next=%2F")
    assert "roof_1" not in shell.text
    assert "WPM00C44F" not in shell.text


async def test_the_gateways_own_names_and_addresses_may_be_called(serve, peers):
    api = await serve(api_names="localhost, Gateway.lan")
    for host in ("localhost", "LOCALHOST:1", "127.0.0.1:9", "[::1]:8080", "192.168.1.5", "gateway.lan"):
        assert (await api.get("/api/v1/status", headers={"Host": host})).status_code == 200, host


async def test_what_counts_is_the_clients_address_not_the_one_listened_on(serve, peers):
    """A client that is not on the loopback needs the token; one whose network is named does not."""
    closed = await serve(api_open_to="192.0.2.0/24")
    assert (await closed.get("/api/v1/status")).status_code == 401
    assert (await closed.get("/api/v1/status", headers=closed.bearer)).status_code == 200
    everywhere = await serve(host="0.0.0.0")
    named = everywhere.url.replace("0.0.0.0", "127.0.0.1")
    assert (await everywhere.get(f"{named}/api/v1/status")).status_code == 200


async def test_ipv6(serve, peers):
    api = await serve(host="::1")
    assert (await api.get("/api/v1/status")).status_code == 200
    both = await serve(host="::")
    mapped = both.url.replace("[::]", "127.0.0.1")
    assert (await both.get(f"{mapped}/api/v1/status")).status_code == 200


def test_a_port_that_is_taken_is_told_with_the_setting():
    (first,) = listen("127.0.0.1", 0)
    with first, pytest.raises(CannotListen, match="API_PORT"):
        listen("127.0.0.1", first.getsockname()[1])
    with pytest.raises(CannotListen, match="API_HOST"):
        listen("no such host", 8080)


async def test_every_answer_carries_the_headers_of_safety(api):
    for path in ("/", "/api/v1/status", "/nowhere", "/assets/page.js", "/metrics"):
        headers = (await api.get(path)).headers
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers


async def test_half_a_request_and_nonsense_do_no_harm(api):
    import asyncio

    _, _, port = api.url.rpartition(":")
    for sent in (b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: " + b"b" * 100_000, b"POST"):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
        writer.write(sent)
        writer.write_eof()
        await asyncio.wait_for(reader.read(), 60)
        writer.close()
    assert (await api.get("/health/live")).status_code == 200


async def test_methods_that_are_not_there_are_problems(api):
    for method, path in (("DELETE", "/api/v1/connections"), ("PUT", "/api/v1/status"), ("TRACE", "/")):
        answer = await api.clients[0].request(method, path, headers=api.bearer)
        assert answer.status_code == 405
        assert answer.headers["content-type"] == "application/problem+json"


async def test_it_ends_in_order_while_a_page_is_open(serve, peers):
    api = await serve()
    async with api.client().stream("GET", "/events") as stream:
        lines = stream.aiter_lines()
        assert (await anext(lines)).startswith("data: ")
        api.context.stopping.set()
        with_end = [line async for line in lines]
    assert with_end is not None
    await api.task
    with pytest.raises(httpx.ConnectError):
        await api.get("/health/live")
