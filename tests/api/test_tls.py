"""TLS of the page: a certificate made and renewed by the gateway, or a given one, seen through real sockets."""

import asyncio
import datetime as dt
import os
import ssl
from pathlib import Path

import httpx
import pytest

from heliograph.api.settings import Settings
from heliograph.api.tls import keeper as keeping
from heliograph.api.tls.hostnames import own_names, plain_name
from heliograph.api.tls.keeper import FILE, BadCertificate, Keeper, Places, certificate_keeper, checked
from heliograph.api.tls.worker import VALID_DAYS, Looked, Unfit, answer, look, make
from heliograph.contract import Service
from heliograph.runtime import EventLog, SystemClock
from support.waiting import until

NAMES = ["gateway.lan", "localhost", "127.0.0.1"]


class Later(SystemClock):
    """A clock that goes right, some days ahead."""

    days = 0.0

    def time(self) -> float:
        return super().time() + self.days * 86_400


@pytest.fixture
def clock() -> Later:
    return Later()


@pytest.fixture
def events(clock) -> EventLog:
    return EventLog(Service.API, clock)


def made(directory: Path, names: list[str] = NAMES, *, days_ago: float = 0) -> Looked:
    directory.mkdir(exist_ok=True)
    pem = make(names, dt.datetime.now(dt.UTC) - dt.timedelta(days=days_ago))
    (directory / FILE).write_text(pem["key"] + pem["certificate"])
    return look(directory / FILE, directory / FILE)


async def work(*arguments: str) -> dict[str, object]:
    """The worker, without a process of its own: one test shows that it is asked in one."""
    return checked(answer(arguments))


def keeper_of(file: Path, clock: SystemClock, events: EventLog, key: Path | None = None) -> Keeper:
    return Keeper("given", Places(file, key or file), frozenset(), clock, events, work)


async def shown(port: int) -> str:
    """The fingerprint of what a server shows."""
    import hashlib

    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return hashlib.sha256(certificate).hexdigest().upper()


async def test_a_certificate_is_made_and_browsers_keep_the_cookie_for_this_host_alone(serve, peers):
    api = await serve(api_tls="generated", api_names="localhost,gateway.lan")
    pem = api.state_dir / "tls" / "certificate.pem"
    trusting = api.client(verify=ssl.create_default_context(cafile=str(pem)))
    assert (await trusting.get("/health/live")).status_code == 200
    answer = await trusting.post("/api/v1/session", json={"token": api.token})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-heliograph=")
    assert "secure" in cookie.lower()
    assert (await trusting.get("/api/v1/session")).json()["kind"] == "gateway token"
    assert "strict-transport-security" not in answer.headers
    assert (api.state_dir / "tls" / "page.pem").stat().st_mode & 0o777 == 0o600
    with pytest.raises(httpx.TransportError):
        await api.client(base_url=api.url.replace("https", "http")).get("/health/live")


def test_older_than_tls_1_2_is_not_spoken(tmp_path, clock, events):
    made(tmp_path)
    context = asyncio.run(keeper_of(tmp_path / FILE, clock, events).start())
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


async def test_a_renewed_certificate_is_shown_and_told_without_a_restart(serve, peers, tmp_path, monkeypatch):
    monkeypatch.setattr(keeping, "LOOK_SECONDS", 0.1)
    first, second = made(tmp_path / "given"), made(tmp_path / "renewed")
    file = tmp_path / "given" / "page.pem"
    api = await serve(api_tls="given", api_tls_certificate=file, api_tls_key=file)
    assert "max-age" in (await api.get("/health/live")).headers["strict-transport-security"]
    for given in (first, second):

        async def is_told(given: Looked = given) -> bool:
            told = (await api.get("/api/v1/status")).json()["certificate"]
            expected = given.fingerprint, "given", list(given.names)
            return bool(told) and (told["fingerprint"], told["origin"], told["names"]) == expected

        await until(is_told)
        assert await shown(api.port) == given.fingerprint.replace(":", "")
        if given is first:
            (tmp_path / "renewed" / "page.pem").replace(file)


async def test_a_given_one_is_taken_anew_when_its_files_change(tmp_path, clock, events):
    first = made(tmp_path / "given")
    file = tmp_path / "given" / "page.pem"
    keeper = keeper_of(file, clock, events)
    context = await keeper.start()
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with server:
        assert await shown(port) == first.fingerprint.replace(":", "")
        file.write_text("half of a")
        os.utime(file, (1, 1))
        await keeper.look()
        assert "holds no certificate" in keeper.certificate.problem
        assert await shown(port) == first.fingerprint.replace(":", "")
        second = made(tmp_path / "given")
        await keeper.look()
        assert (keeper.certificate.fingerprint, keeper.certificate.problem) == (second.fingerprint, "")
        assert await shown(port) == second.fingerprint.replace(":", "")


async def test_a_generated_one_is_kept_renewed_in_time_and_made_anew_for_other_names(tmp_path, clock, events):
    async def begun(*names: str) -> Keeper:
        keeper = Keeper("generated", Places(*[tmp_path / FILE] * 2), frozenset(names), clock, events, work)
        await keeper.start()
        return keeper

    first = await begun("gateway.lan")
    assert {"gateway.lan", "localhost", "127.0.0.1"} <= set(first.certificate.names)
    again = await begun("gateway.lan", "not a name")
    assert again.certificate.fingerprint == first.certificate.fingerprint
    other = await begun("plant.lan")
    assert other.certificate.fingerprint != first.certificate.fingerprint
    await other.look()
    kept = other.certificate.fingerprint
    clock.days = VALID_DAYS - 29
    await other.look()
    assert other.certificate.fingerprint != kept


async def test_what_does_not_fit_is_an_error_that_says_so(tmp_path, clock, events):
    made(tmp_path / "a")
    made(tmp_path / "b")
    made(tmp_path / "old", days_ago=VALID_DAYS + 1)
    (tmp_path / "nonsense").write_text("nonsense")
    good, other, old, nonsense = (tmp_path / name for name in ("a/page.pem", "b/page.pem", "old/page.pem", "nonsense"))
    for certificate, key, said in (
        (good, other, "is not that of the certificate"),
        (old, old, "expired on"),
        (nonsense, good, "holds no certificate"),
        (good, nonsense, "holds no private key"),
        (tmp_path / "none", good, "No such file"),
    ):
        keeper = keeper_of(certificate, clock, events, key)
        with pytest.raises(BadCertificate, match=said):
            await keeper.start()
    with pytest.raises(BadCertificate, match="API_TLS_CERTIFICATE"):
        certificate_keeper("given", (good, None), tmp_path, frozenset(), clock, events)


def test_a_key_with_a_password_is_told_apart(tmp_path):
    from cryptography.hazmat.primitives import serialization as s

    made(tmp_path)
    key = s.load_pem_private_key((tmp_path / "page.pem").read_bytes(), None)
    closed = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.BestAvailableEncryption(b"x"))
    (tmp_path / "closed.pem").write_bytes(closed)
    with pytest.raises(Unfit, match="has a password"):
        look(tmp_path / "page.pem", tmp_path / "closed.pem")


async def test_a_certificate_that_ends_soon_needs_a_hand(tmp_path, clock, events):
    made(tmp_path, days_ago=VALID_DAYS - 20)
    file = tmp_path / "page.pem"
    keeper = keeper_of(file, clock, events)
    await keeper.start()
    await keeper.look()
    assert keeper.certificate.problem == ""
    clock.days = 7
    await keeper.look()
    assert "expires on" in keeper.certificate.problem


def test_names_of_this_machine_are_names():
    names = own_names(["gateway.lan", "*.evil", "a b", "FE80::1"])
    assert names[0] == "fe80::1"
    assert {"gateway.lan", "localhost", "127.0.0.1", "::1"} <= set(names)
    assert "a b" not in names
    assert plain_name("x" * 64) == plain_name("-x") == ""


@pytest.mark.parametrize(
    ("host", "published", "is_near"),
    [
        ("127.0.0.1", "", True),
        ("::1", "", True),
        ("localhost", "", True),
        ("0.0.0.0", "", False),
        ("0.0.0.0", "127.0.0.1", True),
        ("0.0.0.0", "192.168.1.5", False),
    ],
)
def test_a_page_open_to_the_network_without_tls_is_warned_of(host, published, is_near):
    assert Settings(api_host=host, api_published_on=published).is_on_loopback is is_near
