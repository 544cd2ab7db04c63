"""Getting a session with a broker, and every reason for having none, in an operator's words (spec 1.5, 1.9, 3.5)."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from heliograph.contract import PageRequest, Trigger
from heliograph.formats.config import ServerType
from support.certificates import Authority
from support.mosquitto import LOGIN, PASSWORD, operator, password_mosquitto, tls_mosquitto
from support.ports import free_port
from support.proxy import proxy
from support.syncing import until
from support.telemetry import PERMANENT, STATUS, mqtt_applied, mqtt_server, record, states


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


async def refused(telemetry, server, **given: object) -> str:
    """Why a connection cannot be made."""
    async with telemetry.run(mqtt_applied([server], **given)):
        telemetry.one.request()
        await until(lambda: telemetry.outcomes)
        await until(telemetry.one.idle.is_set)
        assert telemetry.outcomes == [(1, False)]
        state = telemetry.one.state()
        assert (state.connected, state.failures, state.next_trigger) == (False, 1, Trigger.RETRY)
        assert 22_000 <= state.next - telemetry.clock.time() * 1000 <= 30_000
        assert PASSWORD not in telemetry.said()
        (problem,) = state.problems
        said = telemetry.said()
        assert f"server 1: {problem}" in said
        assert "server 1: the next connection comes in " in said
        assert state.last.failures == (problem,)
        return problem


async def test_a_name_that_does_not_resolve(telemetry):
    server = mqtt_server(1883, address="no-such-host.invalid")
    assert "has a name that cannot be resolved; check Address" in await refused(telemetry, server)


async def test_nothing_listens(telemetry):
    assert "refuses connections: nothing listens there" in await refused(telemetry, mqtt_server(free_port()))


async def test_a_peer_that_never_answers(telemetry):
    telemetry.timeout_seconds = 0.5
    with socket.create_server(("127.0.0.1", 0)) as silent:
        problem = await refused(telemetry, mqtt_server(silent.getsockname()[1]))
    assert "did not answer within 0.5 s" in problem


async def test_a_peer_that_is_no_broker(telemetry):
    with socket.create_server(("127.0.0.1", 0)) as other:
        threading.Thread(target=_say_hello, args=(other,), daemon=True).start()
        problem = await refused(telemetry, mqtt_server(other.getsockname()[1]))
    assert "closed the connection at once; check Port" in problem


async def test_a_wrong_password(telemetry):
    with password_mosquitto() as broker:
        server = mqtt_server(broker.port, login=LOGIN, password="not it")
        assert "refuses the login (not authorized); check Login, Password" in await refused(telemetry, server)


async def test_a_password_that_is_right_lets_in(telemetry):
    with password_mosquitto() as broker, operator(broker.port, login=LOGIN) as listening:
        server = mqtt_server(broker.port, login=LOGIN, password=PASSWORD)
        async with telemetry.run(mqtt_applied([server])):
            telemetry.one.request()
            await until(lambda: listening.payloads(STATUS) == [b"online", b"offline"])


def tls(port: int, **options: object):
    return mqtt_server(port, type=ServerType.MQTTS, ca_file="ca.pem", **options)


async def test_tls_with_the_authority_of_the_set(telemetry, authority):
    with tls_mosquitto(authority) as broker:
        async with telemetry.run(mqtt_applied([tls(broker.port)], certificates={"ca.pem": authority.pem})):
            telemetry.bench.spool.take_records([record(1)])
            telemetry.one.request()
            await until(lambda: telemetry.position() == 1)


async def test_an_expired_certificate(telemetry, authority):
    with tls_mosquitto(authority, days=-1) as broker:
        problem = await refused(telemetry, tls(broker.port), certificates={"ca.pem": authority.pem})
    assert "its certificate is not valid now" in problem


async def test_a_certificate_of_another_host(telemetry, authority):
    with tls_mosquitto(authority, "elsewhere.example") as broker:
        problem = await refused(telemetry, tls(broker.port), certificates={"ca.pem": authority.pem})
    assert "its certificate is made out to another name" in problem


async def test_an_unknown_authority(telemetry, authority):
    with tls_mosquitto(Authority("somebody else")) as broker:
        problem = await refused(telemetry, tls(broker.port), certificates={"ca.pem": authority.pem})
    assert "its certificate is not trusted by the authorities of CaFile ca.pem" in problem


async def test_the_authority_is_not_in_the_set(telemetry):
    assert "CERT/ca.pem is not in the configuration set" in await refused(telemetry, tls(free_port()))


async def test_tls_on_a_plain_port(telemetry, mosquitto_broker, authority):
    problem = await refused(telemetry, tls(mosquitto_broker.port), certificates={"ca.pem": authority.pem})
    assert "check Port" in problem


async def test_plain_on_a_tls_port(telemetry, authority):
    with tls_mosquitto(authority) as broker:
        assert "check Port (mqtts speaks TLS" in await refused(telemetry, mqtt_server(broker.port))


async def test_a_client_certificate_opens_the_broker_that_wants_one(telemetry, authority):
    certificate, key = authority.issue("plant", client=True)
    (telemetry.secrets / "plant.key").write_bytes(key)
    files = {"ca.pem": authority.pem, "plant.pem": certificate}
    with tls_mosquitto(authority, clients=authority) as broker:
        server = tls(broker.port, cert_file="plant.pem", key_file="plant.key")
        async with telemetry.run(mqtt_applied([server], certificates=files)):
            telemetry.bench.spool.take_records([record(1)])
            telemetry.one.request()
            await until(lambda: telemetry.position() == 1)
    assert not [name for name in _open_files() if "memfd:client" in name], "the key is let go of"


@pytest.mark.parametrize("given", ["none", "foreign", "expired"])
async def test_a_client_certificate_that_the_broker_does_not_take(telemetry, authority, given):
    files, options = {"ca.pem": authority.pem}, {}
    if given != "none":
        signer, days = (Authority("foreign"), 30) if given == "foreign" else (authority, -1)
        certificate, key = signer.issue("plant", client=True, days=days)
        (telemetry.secrets / "plant.key").write_bytes(key)
        files["plant.pem"] = certificate
        options = {"cert_file": "plant.pem", "key_file": "plant.key"}
    with tls_mosquitto(authority, clients=authority) as broker:
        problem = await refused(telemetry, tls(broker.port, **options), certificates=files)
    assert "CertFile and KeyFile" in problem


async def test_a_key_that_is_not_the_certificates_own(telemetry, authority):
    certificate, _ = authority.issue("plant", client=True)
    (telemetry.secrets / "plant.key").write_bytes(authority.issue("other", client=True)[1])
    files = {"ca.pem": authority.pem, "plant.pem": certificate}
    server = tls(free_port(), cert_file="plant.pem", key_file="plant.key")
    assert "CertFile plant.pem and KeyFile cannot be used" in await refused(telemetry, server, certificates=files)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (1, "does not speak MQTT 3.1.1"),
        (2, "refuses the ClientId WPM00C44F; choose another one"),
        (3, "says that it is not available now; it is tried again"),
        (4, "refuses the login (bad user name or password)"),
        (5, "refuses the login (not authorized)"),
        (200, "refuses the connection"),
    ],
)
async def test_each_refusal_of_mqtt_is_told_in_words(telemetry, code, told):
    with scripted(bytes([0x20, 2, 0, code])) as port:
        assert told in await refused(telemetry, mqtt_server(port))


async def test_a_subscription_that_is_refused_is_told(telemetry):
    with scripted(bytes([0x20, 2, 0, 0]), bytes([0x90, 3, 0, 1, 0x80])) as port:
        async with telemetry.run(mqtt_applied([mqtt_server(port, topic_command="{uid}/command", topic_status="")])):
            telemetry.one.start(0)
            await until(lambda: telemetry.one.state().connected)
            await until(lambda: telemetry.one.state().problems)
            (problem,) = telemetry.one.state().problems
            assert problem == "commands: the broker refuses the subscription of WPM00C44F/command; allow it there"
            assert f"server 1: {problem}" in telemetry.said()


async def test_a_broker_that_goes_and_comes_again_is_found_by_growing_waits(telemetry, mosquitto_broker, listening):
    async with telemetry.run(mqtt_applied([mqtt_server(mosquitto_broker.port, **PERMANENT, immediate=True)])):
        telemetry.one.start(0)
        await until(lambda: telemetry.one.state().connected)
        mosquitto_broker.stop()
        await until(lambda: not telemetry.one.state().connected)
        assert "closed the connection; check its log, and that no other client uses the ClientId WPM00C44F" in str(
            telemetry.one.state().problems
        )
        waits = []
        for number in range(1, 9):
            state = telemetry.one.state()
            waits.append(state.next / 1000 - telemetry.clock.time())
            telemetry.bench.spool.take_records([record(number)])
            telemetry.clock.move(waits[-1] + 0.1)
            await until(
                lambda number=number: telemetry.one.triggers.failures == number + 1 and telemetry.one.idle.is_set()
            )
        assert all(0.74 * full <= wait <= full + 1 for wait, full in zip(waits, _doubling(), strict=False)), waits
        mosquitto_broker.start()
        telemetry.clock.move(901)
        await until(lambda: telemetry.one.state().connected)
        await until(lambda: states(listening) == list(range(1, 9)))
        assert telemetry.one.state().failures == 0
        said = telemetry.said()
        assert "server 1: the next connection comes in " in said
        assert said.count("server 1: connection: works again; the last time: mqtt server 127.0.0.1:") == 1
        page = telemetry.bench.history.page(PageRequest(server=1)).connections
        assert len(page) == 1, "one row a day"
        assert any("nothing listens there" in line and "(8 times)" in line for line in page[0].failures)


async def test_a_broker_that_hangs_is_left_and_nothing_is_lost(telemetry, mosquitto_broker, listening):
    telemetry.timeout_seconds = 3
    with proxy(mosquitto_broker.port) as between:
        server = mqtt_server(mosquitto_broker.port, address=between.host)
        async with telemetry.run(mqtt_applied([server])):
            telemetry.bench.spool.take_records([record(n) for n in range(1, 4)])
            between.faults.hang_after["down"] = 4
            telemetry.one.request()
            await until(lambda: telemetry.one.triggers.failures == 1 and telemetry.one.idle.is_set())
            assert "acknowledged nothing for 3 s" in str(telemetry.one.state().problems)
            assert telemetry.position() == 0
            between.faults.hang_after.clear()
            between.cut()
            telemetry.clock.move(31)
            await until(lambda: telemetry.position() == 3)
            assert sorted(set(states(listening))) == [1, 2, 3]


async def test_a_slow_line_is_not_taken_for_a_hanging_one(telemetry, mosquitto_broker, listening):
    """Everything takes longer than the time limit, and each message far less."""
    telemetry.timeout_seconds = 3
    with proxy(mosquitto_broker.port) as between:
        between.faults.bytes_per_second = 20_000
        server = mqtt_server(mosquitto_broker.port, address=between.host, max_message_bytes=4096)
        async with telemetry.run(mqtt_applied([server])):
            telemetry.bench.spool.take_records([record(n) for n in range(1, 501)])
            telemetry.one.request()
            await until(lambda: telemetry.position() == 500)
            assert telemetry.outcomes == [(1, True)]
            await until(lambda: states(listening) == list(range(1, 501)))


async def test_a_cut_line_makes_the_last_will_speak(telemetry, mosquitto_broker, listening):
    with proxy(mosquitto_broker.port) as between:
        server = mqtt_server(mosquitto_broker.port, address=between.host, **PERMANENT)
        async with telemetry.run(mqtt_applied([server])):
            telemetry.one.start(0)
            await until(lambda: listening.payloads(STATUS) == [b"online"])
            between.cut()
            await until(lambda: listening.payloads(STATUS) == [b"online", b"offline"])
            await until(lambda: telemetry.one.triggers.failures == 1 and telemetry.one.idle.is_set())
            telemetry.clock.move(31)
            await until(lambda: listening.payloads(STATUS) == [b"online", b"offline", b"online"])
    with operator(mosquitto_broker.port, name="later") as later:
        await until(lambda: later.payloads(STATUS) == [b"offline"])
        assert [heard.retained for heard in later.heard if heard.topic == STATUS] == [True]


@contextmanager
def scripted(*answers: bytes) -> Iterator[int]:
    """A peer that gives one answer to each packet, then stays silent until the end of the block."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_answer, args=(listener, answers, ended))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            ended.set()
            thread.join()


def _answer(listener: socket.socket, answers: tuple[bytes, ...], ended: threading.Event) -> None:
    connection, _ = listener.accept()
    with connection:
        for answer in answers:
            connection.recv(1000)
            connection.sendall(answer)
        ended.wait(300)


def _say_hello(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(100)
        connection.sendall(b"220 an FTP server\r\n")


def _open_files() -> list[str]:
    return [_target(fd) for fd in Path("/proc/self/fd").iterdir()]


def _target(fd: Path) -> str:
    try:
        return str(fd.readlink())
    except OSError:
        return ""


def _doubling():
    wait = 30.0
    while True:
        yield min(wait, 900)
        wait *= 2
