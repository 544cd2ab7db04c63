"""`heliograph up` as a person runs it, under TLS: the broker from the wheel, the four services, one state directory."""

import json
import os
import signal
import ssl
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from typer.testing import CliRunner

from heliograph.cli.main import app
from heliograph.demo.devices import SENSOR
from heliograph.demo.plant import Plant
from heliograph.demo.points import PlantBank
from heliograph.demo.simulator import TcpSimulator
from support.certificates import Authority
from support.ports import free_port

LIMIT = 240
HELIOGRAPH = Path(sysconfig.get_path("scripts")) / "heliograph"
PROGRAMS = {"broker": "nats-server", **{s: f"heliograph.{s}" for s in ("collector", "sync", "commands", "api")}}


@pytest.fixture
def small_set(tmp_path):
    """A set with one device and one server that nobody listens on."""
    root = tmp_path / "set"
    for name in ("CONFIG", "DEF"):
        (root / name).mkdir(parents=True)
    (root / "CONFIG/WPM00C44F_config.ini").write_text(
        f"SERVER_Type=ftp\nFTP_Address=127.0.0.1\nFTP_Port={free_port()}\nFTP_Login=x\nFTP_Password=y\n"
    )
    (root / "CONFIG/WPM00C44F_var.ini").write_text("SCHEDULE_Params[0]=1|everyday|00:00:00|1440|1\n")
    (root / "CONFIG/WPM00C44F_daq.csv").write_text(
        "index;interface;name;address;acqPeriod(s);timeout(ms);serialNumber;parameters;category;model;defFile\n"
        f"1;127.0.0.1:{free_port()};sensor;1;1;500;;1;;;inv.csv\n"
    )
    (root / "DEF/inv.csv").write_text(SENSOR.definition.replace("modbusRTU", "modbusTCP"))
    return root


@contextmanager
def gateway(small_set: Path, state: Path, **environment: str) -> Iterator[tuple[subprocess.Popen, str]]:
    """Give the process, and the address of its page."""
    port = free_port()
    with subprocess.Popen(
        [HELIOGRAPH, "up", "--set", small_set, "--state", state, "--api-port", str(port)],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process, f"https://127.0.0.1:{port}"
        finally:
            children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
            if process.poll() is None:
                process.kill()
            until(lambda: not any(alive(child) for child in children))


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(condition: Callable[[], object], seconds: float = LIMIT) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.2)


def answer(page: str, path: str) -> httpx.Response | None:
    try:
        return httpx.get(f"{page}{path}", timeout=30, trust_env=False, verify=False)
    except httpx.HTTPError:
        return None


def is_up(page: str) -> bool:
    response = answer(page, "/api/v1/status")
    if response is None or response.status_code != 200:
        return False
    status = response.json()
    return all(service["running"] for service in status["services"]) and len(status["devices"]) == 1


def children_of(pid: int) -> dict[str, psutil.Process]:
    found = {}
    for child in psutil.Process(pid).children():
        try:
            command = " ".join(child.cmdline())
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
        found |= {name: child for name, part in PROGRAMS.items() if part in command and "tether" not in command}
    return found


@pytest.mark.long
async def test_the_whole_gateway_runs_restarts_what_dies_and_stops_in_order(small_set, tmp_path):
    state = tmp_path / "state"
    daq = small_set / "CONFIG/WPM00C44F_daq.csv"
    bank = PlantBank("sensor", SENSOR, Plant(time.monotonic))
    async with TcpSimulator({1: bank}, port=int(daq.read_text().split(":")[1].split(";")[0])):
        await in_thread(lambda: _run_kill_stop(small_set, state))


async def in_thread(work: Callable[[], None]) -> None:
    import asyncio

    await asyncio.to_thread(work)


def _run_kill_stop(small_set: Path, state: Path) -> None:
    with gateway(small_set, state, API_TLS="generated") as (process, page):
        until(lambda: is_up(page))
        children = children_of(process.pid)
        assert set(children) == set(PROGRAMS)
        until(lambda: (response := answer(page, "/api/v1/status")) and "answering" in response.text)

        children["sync"].kill()
        until(lambda: children_of(process.pid).get("sync", children["sync"]) != children["sync"])
        until(lambda: is_up(page))

        comes_in_under_tls(page, state)

        options = ["--set", str(small_set), "--state", str(state), "--api-port", str(free_port())]
        second = CliRunner().invoke(app, ["up", *options])
        assert second.exit_code == 7
        assert f"is in use by another gateway (process {process.pid})" in second.stderr

        everyone = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        output = process.communicate(timeout=LIMIT)[0]
        assert process.returncode == 0, output
        assert not any(alive(child) for child in everyone)
    assert f"page    {page}/" in output
    assert str(state / "api/api-token") in output
    assert "sync was ended by SIGKILL; it starts again" in output
    assert state.stat().st_mode & 0o777 == 0o700
    assert (state / "keys/sync/bus-password").stat().st_mode & 0o777 == 0o600
    passwords = {(state / "keys" / name / "bus-password").read_text().strip() for name in PROGRAMS if name != "broker"}
    assert len(passwords) == 4
    logs = "".join(path.read_text() for path in (state / "logs").iterdir())
    assert not any(password in logs for password in passwords)


def comes_in_under_tls(page: str, state: Path) -> None:
    """The command line by the certificate and by its fingerprint, a browser with a cookie for this host alone."""
    certificate = state / "api/tls/certificate.pem"
    told = said_of(page, "--ca", certificate)
    assert told["uid"] == "WPM00C44F"
    assert said_of(page, "--fingerprint", told["certificate"]["fingerprint"])["uid"] == "WPM00C44F"
    with httpx.Client(base_url=page, trust_env=False, verify=trusting(certificate), timeout=LIMIT) as browser:
        token = (state / "api/api-token").read_text().strip()
        entered = browser.post("/login", data={"token": token, "next": "/account"})
        cookie, *attributes = entered.headers["set-cookie"].split("; ")
        assert cookie.startswith("__Host-heliograph=")
        assert {"Path=/", "Secure", "HttpOnly"} <= set(attributes), "browsers take a cookie of this name only so"
        assert not any(attribute.startswith("Domain") for attribute in attributes)
        assert "strict-transport-security" not in entered.headers, "nobody could get past a certificate made anew"
        assert browser.get("/account").status_code == 200


def said_of(page: str, *trusted: str | Path) -> dict:
    """What `heliograph status` says of a gateway whose certificate it trusts thus."""
    shown = CliRunner().invoke(app, ["status", "--url", page, "--json", *map(str, trusted)])
    assert shown.exit_code in (0, 1), shown.stderr
    return json.loads(shown.stdout)


def trusting(authority: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authority)


def test_nothing_stays_behind_when_up_is_killed_and_on_the_same_state_a_wrong_set_is_told_at_once(small_set, tmp_path):
    """The page is there to help with it, under a given certificate, and an interrupt ends everything in order."""
    with gateway(small_set, tmp_path / "state") as (process, _):
        until(lambda: set(children_of(process.pid)) == set(PROGRAMS))
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait(LIMIT)
        until(lambda: not any(alive(child) for child in children))
    (small_set / "CONFIG/WPM00C44F_daq.csv").write_text("index;interface\n1;SERIAL9\n")
    authority = Authority()
    (tmp_path / "authority.pem").write_bytes(authority.pem)
    certificate, key = authority.write(tmp_path, "127.0.0.1")
    given = {"API_TLS": "given", "API_TLS_CERTIFICATE": str(certificate), "API_TLS_KEY": str(key)}
    with gateway(small_set, tmp_path / "state", **given) as (process, page):
        until(lambda: (response := answer(page, "/api/v1/status")) and response.json()["findings"])
        trusted = trusting(tmp_path / "authority.pem")
        assert "max-age" in httpx.get(page, trust_env=False, verify=trusted).headers["strict-transport-security"]
        os.kill(process.pid, signal.SIGINT)
        output = process.communicate(timeout=LIMIT)[0]
        assert process.returncode == 0
    assert "CONFIG/WPM00C44F_daq.csv:1:" in output
    assert "The set has errors" in output


@pytest.mark.parametrize(("options", "status", "text"), [
    (("--set", "{missing}", "--state", "{state}"), 2, "is not a directory"),
    (("--set", "{set}", "--state", "{file}"), 7, "cannot use the state directory"),
    (("--set", "{set}"), 2, "--state"),
])  # fmt: skip
def test_what_cannot_start_says_why(small_set, tmp_path, options, status, text):
    (tmp_path / "file").write_text("")
    places = {"missing": tmp_path / "no", "state": tmp_path / "s", "set": small_set, "file": tmp_path / "file/state"}
    done = CliRunner().invoke(app, ["up", *(option.format(**places) for option in options)])
    assert done.exit_code == status
    assert text in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_named(small_set, tmp_path):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        options = ["--set", str(small_set), "--state", str(tmp_path / "state"), "--api-port", str(port)]
        done = CliRunner().invoke(app, ["up", *options])
    assert done.exit_code == 7
    assert f"port {port} for the page is taken" in done.stderr
