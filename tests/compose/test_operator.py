"""An operator's day with the gateway in containers: he edits files on real OpenSSH servers, and nothing cuts it off.

The tests tell one story in order, but each of them needs no more than the day itself.
"""

import itertools
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from heliograph.demo.container import INVERTER_PORTS, PLANT_HOST
from heliograph.demo.devices import BAUDRATE, INVERTERS, SERIAL
from heliograph.formats import DateForm
from support.containers import SERVICES, Stack, running
from support.delivered import read_back
from support.operating import CONFIG, LIMIT_SECONDS, TRIAL_LIMIT_SECONDS, Day, Session, play
from support.operators import BROKER, CLIENT_KEY, LOGIN, Operator, make_operator
from support.sets import UID, write_set

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1800), pytest.mark.asyncio(loop_scope="module")]

PERIOD = 5


@dataclass
class Site:
    """A gateway in containers and its operator."""

    stack: Stack
    operator: Operator
    set_dir: Path
    outages: list[tuple[float, float]] = field(default_factory=list)
    """From when to when the collector was away by order, seconds since 1970."""

    def day(self) -> Day:
        async def ask(number: int) -> None:
            self.stack.until(
                "a connection is taken", lambda: self.stack.post("/api/v1/connections", {"server": number})
            )

        async def until(what, holds, seconds):
            return self.stack.until(
                what, lambda: (s := self.stack.get("/api/v1/status")) and holds(s) and s, seconds
            )  # fmt: skip

        return Day(self.operator.session("alpha"), self.operator.session("beta"), ask, until)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("operator")
    operator = make_operator(directory)
    set_dir = make_set(directory / "set", operator)
    stack = Stack(
        f"heliograph-operator-{os.getpid()}",
        "operator",
        "tests/compose/operator.yaml",
        GATEWAY_SET=str(set_dir),
        GATEWAY_SECRETS=str(operator.secrets),
        **operator.environment,
    )
    with running(stack):
        yield Site(stack, operator, set_dir)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played(site: Site) -> Day:
    """The day that is told in `support/operating.py`, played; beta is the main server afterwards."""
    day = site.day()
    await day.until(
        "all devices answer",
        lambda s: [d["condition"] for d in s["devices"]] == ["answering"] * 5,
        LIMIT_SECONDS,
    )
    first = {f"{p.parent.name}/{p.name}": p.read_bytes() for p in site.set_dir.rglob("*") if p.is_file()}
    assert CONFIG in first
    await play(day, first)
    return day


def make_set(directory: Path, operator: Operator) -> Path:
    """Write a set with all devices of the demo, alpha as main server and beta as backup."""
    config = {"NTP_TimeZone": "Europe/Berlin", **operator.settings("", "alpha"), **operator.settings("2", "beta")}
    places = [(name, f"{PLANT_HOST}:{INVERTER_PORTS[name]}", 1, kind) for name, kind in INVERTERS]
    places += [(name, "SERIAL1", unit, kind) for name, unit, kind in SERIAL]
    devices = [
        f"{index};{place};{name};{unit};{PERIOD};1000;;;{kind.category};{kind.model};{kind.file}"
        for index, (name, place, unit, kind) in enumerate(places)
    ]
    return write_set(
        directory, config, devices, {kind.file: kind.definition for *_, kind in places},
        serial=[f"SERIAL1;{BAUDRATE};8;N;1;2;modbusRTU;0"],
        schedules=[f"SCHEDULE{infix}_Params[0]=1|everyday|00:00:00|1440|1" for infix in ("", "2")],
    )  # fmt: skip


async def test_an_operator_edits_files_on_his_server_and_the_plant_follows_safely(played: Day):
    """`play` holds what he sees at each step; this is how his servers look in the evening."""
    assert b"SERVER2_Mode=strategy_wsun1_compliant\n" in played.beta.read(CONFIG)
    assert played.alpha.tree() == played.beta.tree()


async def test_a_wrong_port_comes_back_by_itself_though_the_service_crashes_meanwhile(site: Site, played: Day):
    good, revision = await on_trial(played, b"FTP2_Port=2222", b"FTP2_Port=1")
    restarts = site.stack.inspect("sync")["RestartCount"]
    site.stack.crash("sync")
    site.stack.until("sync is back", lambda: site.stack.inspect("sync")["RestartCount"] > restarts)
    await comes_back(played, good, revision)
    assert "refuses connections" in played.beta.log()


async def test_a_wrong_name_comes_back_by_itself_though_the_whole_stack_is_taken_down_meanwhile(
    site: Site, played: Day
):
    good, revision = await on_trial(played, b"FTP2_Address=beta", b"FTP2_Address=bteta")
    begun = time.time()
    site.stack.compose("down")
    assert not site.stack.compose("ps", "--all", "--quiet")
    site.stack.up()
    site.outages.append((begun, time.time()))
    await comes_back(played, good, revision)
    assert "bteta" in played.beta.log()


async def test_every_record_stands_once_on_both_servers(site: Site, played: Day):
    """After the day, the crash and the restart: without a gap but for the time in which no collector ran."""
    await played.until("the outbox is empty", lambda s: s["outbox_records"] == 0, LIMIT_SECONDS)
    site.stack.compose("stop", "collector")
    for number in (1, 2):
        await played.connect(number)
    await played.until(
        "both servers have everything",
        lambda s: s["storage"]["records"] == s["storage"]["files"] == 0
        and not any(server["connecting"] for server in s["servers"]),
        LIMIT_SECONDS,
    )  # fmt: skip
    alpha, beta = (delivered(site, session) for session in (played.alpha, played.beta))
    assert set(alpha) == {"0", "1", "2", "3", "4"}
    assert alpha == beta
    for device, moments in alpha.items():
        assert len(moments) > 100 / PERIOD
        gaps = [(a, b) for a, b in itertools.pairwise(moments) if b - a != PERIOD]
        unexplained = [gap for gap in gaps if not any(explains(outage, gap) for outage in site.outages)]
        assert not unexplained, f"device {device}: {unexplained}, outages {site.outages}"


async def test_a_broker_takes_the_place_of_the_backup_and_hears_every_device(site: Site, played: Day):
    """TLS by certificates that came with the set over SFTP, and a key and a password that lie in the gateway alone."""
    site.stack.up()
    played.beta.put("CERT/operator_ca.pem", site.operator.authority.pem)
    played.beta.put("CERT/gateway.pem", site.operator.gateway_certificate)
    revision = (await played.until("a status", lambda s: s["revision"], LIMIT_SECONDS))["revision"]
    played.beta.put(CONFIG, with_broker(played.beta.read(CONFIG)))
    await played.connect(2)
    await played.revision(revision + 1)
    await played.until("the broker is connected", lambda s: s["servers"][0]["connected"], LIMIT_SECONDS)
    heard: dict[str, object] = {}
    site.stack.until("every device is heard", lambda: heard.update(json.loads(hear(site))) or len(heard) == 5, 60)
    assert set(heard) == {name for name, *_ in (*INVERTERS, *SERIAL)}


async def test_a_plant_is_limited_by_file_and_by_message_and_both_are_answered(site: Site, played: Day):
    """The file on beta, by now the main server; the message at the broker that took alpha's place."""
    first, second = (name for name, _ in INVERTERS[:2])
    (by_file,) = await commanded_by_file(played, write(first, 60))
    assert by_file == {"result": {"value": 60, "raw": by_file["result"]["raw"]}, "callerId": first}
    (by_message,) = json.loads(commanded_by_message(site, [write(second, 70)]))
    assert by_message == {"result": {"value": 70, "raw": by_message["result"]["raw"]}, "callerId": second}
    both = [{"rpcName": "sunpm.readVariable", "parameters": limit_of(name)} for name in (first, second)]
    assert [result["result"]["value"] for result in await commanded_by_file(played, *both)] == [60, 70]
    (unknown,) = json.loads(commanded_by_message(site, [write("nobody", 1)]))
    assert "nobody" in unknown["error"]


async def test_a_reboot_by_command_is_answered_and_everything_starts_again(site: Site, played: Day):
    before = started(site)
    (result,) = await commanded_by_file(played, {"rpcName": "sunpm.reboot", "callerId": "reboot"})
    assert result == {"result": "OK", "callerId": "reboot"}
    site.stack.until(
        "every service started anew",
        lambda: (now := started(site)) and now.keys() == before.keys() and all(now[n] > before[n] for n in now),
    )
    read = {"rpcName": "sunpm.readVariable", "parameters": limit_of(INVERTERS[0][0])}
    (result,) = await commanded_by_file(played, read)
    assert result["result"]["value"] == 60, "the inverter holds its limit, and the reboot is not run again"


async def test_no_secret_stands_in_a_log(site: Site, played: Day):
    key, client_key = (
        (site.operator.secrets / name).read_text().splitlines()[1] for name in ("alpha", CLIENT_KEY)
    )  # fmt: skip
    for said in (site.stack.compose("logs", *SERVICES), played.alpha.log(), played.beta.log()):
        assert key not in said
        assert "PRIVATE KEY" not in said
        assert client_key not in said
        assert site.operator.password not in said


async def on_trial(day: Day, right: bytes, wrong: bytes) -> tuple[bytes, int]:
    """Write a wrong setting to the main server, by now beta; return what was right, and the revision on trial.

    One try has failed, others are to come.
    """
    good = day.beta.read(CONFIG)
    assert good.count(right + b"\n") == 1
    day.beta.put(CONFIG, good.replace(right + b"\n", wrong + b"\n"))
    await day.connect(2)
    status = await day.until("a failed try", lambda s: s["trial"] and s["trial"]["failures"], LIMIT_SECONDS)
    assert status["trial"]["failures"] < status["trial"]["tries"]
    return good, status["revision"]


async def comes_back(day: Day, good: bytes, revision: int) -> None:
    """The gateway returns to what was confirmed, tells so on the server, and follows the operator again."""
    await day.revision(revision + 1, TRIAL_LIMIT_SECONDS)
    told = f"revision {revision} is taken back, revision {revision + 1} is in force"
    await day.connected_until(lambda: told in day.beta.log(), 2)
    for failures in (1, 2):
        told = f"trial of revision {revision}: {failures} of 3 tries failed"
        assert day.beta.log().count(told) == 1, "the count goes on where it was"
    day.beta.put(CONFIG, good + f"; mended after revision {revision}\n".encode())
    await day.connect(2)
    await day.revision(revision + 2)


def with_broker(config: bytes) -> bytes:
    """Return a configuration whose server 1 is the broker, instead of alpha."""
    kept = [
        line for line in config.splitlines()
        if not line.startswith((b"FTP_", b"SERVER_Type=", b"SERVER_Mode="))
    ]  # fmt: skip
    kept += [
        b"SERVER_Type=mqtts", b"SERVER_Mode=strategy_mqtt", f"MQTT_Address={BROKER}".encode(),
        f"MQTT_Login={LOGIN}".encode(), f"MQTT_Password=file:{BROKER}".encode(), b"MQTT_CaFile=operator_ca.pem",
        b"MQTT_CertFile=gateway.pem", f"MQTT_KeyFile=file:{CLIENT_KEY}".encode(),
        b"MQTT_TopicData=plants/{uid}/data", b"MQTT_Immediate=1",
        b"MQTT_TopicCommand=plants/{uid}/command", b"MQTT_TopicResult=plants/{uid}/result",
    ]  # fmt: skip
    return b"".join(line + b"\n" for line in kept)


def hear(site: Site) -> str:
    """The next data message, as whoever has a certificate and the password hears it."""
    return client(site, "mosquitto_sub", "-t", f"plants/{UID}/data", "-C", "1")


def client(site: Site, program: str, *options: str) -> str:
    """Run a client of Mosquitto's own at the broker; return what it prints."""
    return site.stack.compose(
        "exec", "-T", BROKER, program, "-h", BROKER, "-p", "8883", "--cafile", "/access/authority.pem",
        "--cert", "/access/client.pem", "--key", "/access/client.key",
        "-u", LOGIN, "-P", site.operator.password, "-q", "1", "-W", "60", *options,
    )  # fmt: skip


def limit_of(device: str) -> dict[str, object]:
    return {"device": device, "variable": "cmdPwrPercent"}


def write(device: str, percent: int) -> dict[str, object]:
    parameters = {**limit_of(device), "value": percent}
    return {"rpcName": "sunpm.writeVariable", "parameters": parameters, "callerId": device}


async def commanded_by_file(day: Day, *commands: dict[str, object]) -> list[dict]:
    """Put a command file on the main server and return its results."""
    directory = day.beta.disk / "CMD"
    before = set(directory.glob(f"{UID}_ACK_*.json"))
    day.beta.put(f"CMD/{UID}_cmd.json", json.dumps(commands).encode())
    await day.connected_until(lambda: set(directory.glob(f"{UID}_ACK_*.json")) - before, 2)
    assert not (directory / f"{UID}_cmd.json").exists()
    (answer,) = set(directory.glob(f"{UID}_ACK_*.json")) - before
    return json.loads(answer.read_text())


def commanded_by_message(site: Site, commands: list[dict[str, object]]) -> str:
    """Publish commands, and return what comes on the topic of results."""
    topics = "-t", f"plants/{UID}/command", "-e", f"plants/{UID}/result"
    return client(site, "mosquitto_rr", *topics, "-m", json.dumps(commands))


def started(site: Site) -> dict[str, int]:
    """When each service started, by its name; empty while the page does not answer."""
    status = site.stack.get("/api/v1/status") or {"services": []}
    return {service["service"]: service["started"] for service in status["services"] if service["running"]}


def delivered(site: Site, session: Session) -> dict[str, list[float]]:
    """The moments of the records on a server by device, in order; a doubled one fails."""
    files = sorted((session.disk / "DATA").iterdir())
    assert all(file.name.endswith(".csv.gz") for file in files), [file.name for file in files]
    rows = read_back(site.set_dir, files, DateForm.YMD)
    moments = {device: sorted(row.time for row in some) for device, some in rows.items()}
    for device, times in moments.items():
        assert len(times) == len(set(times)), f"{session.disk.parent.name}, device {device}: a record stands twice"
    return moments


def explains(outage: tuple[float, float], gap: tuple[float, float]) -> bool:
    """Whether no record could be made in a gap: a period that was cut has none, at either end."""
    return outage[0] - PERIOD <= gap[0] and gap[1] <= outage[1] + 2 * PERIOD
