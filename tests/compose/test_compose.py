"""The gateway as it runs in a plant: in containers, with nothing more than each needs."""

import itertools
import json
import os
import subprocess
from collections.abc import Iterator

import pytest

from heliograph.formats import has_errors, parse_definition, read_data_file
from support.containers import DEMO, ROOT, SERVICES, Stack, running
from support.observing import Observer
from support.watching import RULES

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1800)]

PERIOD = 10
DECODE = "heliograph decode /demo/files/1/DATA/*.csv.gz --def /demo/set/DEF --csv"


@pytest.fixture(scope="module")
def observer(tmp_path_factory: pytest.TempPathFactory) -> Observer:
    """The Prometheus beside the gateway; a test starts it."""
    return Observer(tmp_path_factory.mktemp("observe"))


@pytest.fixture(scope="module")
def containers(observer: Observer) -> Iterator[Stack]:
    """The whole stack with the profile `demo`, healthy."""
    stack = Stack(f"heliograph-test-{os.getpid()}", "demo", "tests/compose/observe.yaml", **observer.environment)
    with running(stack):
        yield stack


def test_every_service_is_healthy_and_runs_on_the_bus(containers: Stack):
    for name in (*SERVICES, *DEMO):
        assert containers.inspect(name)["State"]["Health"]["Status"] == "healthy", name
    status = containers.until("the status", lambda: containers.get("/api/v1/status"))
    assert all(service["running"] for service in status["services"])
    containers.until(
        "all five devices answer",
        lambda: [d["condition"] for d in containers.get("/api/v1/status")["devices"]] == ["answering"] * 5,
    )


def test_files_arrive_on_both_servers_and_the_command_decode_reads_them(containers: Stack, tmp_path):
    files = containers.until(
        "a data file on each server",
        lambda: (
            [f for n in (1, 2) for f in containers.files(tmp_path, n, "DATA")][1:]
            and [containers.files(tmp_path, n, "DATA") for n in (1, 2)]
        ),
    )
    assert all(files)
    shown = containers.compose("exec", "-T", "demo-servers", "sh", "-c", DECODE)
    lines = shown.splitlines()
    assert lines[0] == "timestamp,device,index,name,statistic,raw,value,unit"
    assert {line.split(",")[1] for line in lines[1:]} == {"1", "2", "3", "4", "5"}


def test_crashes_of_services_lose_no_record_and_double_none(containers: Stack, tmp_path):
    for name in ("sync", "nats", "commands"):
        restarts = containers.inspect(name)["RestartCount"]
        containers.crash(name)
        containers.until(
            f"{name} is back",
            lambda name=name, restarts=restarts: (
                (state := containers.inspect(name))["RestartCount"] > restarts
                and state["State"]["Health"]["Status"] == "healthy"
            ),
        )
    begun = containers.get("/api/v1/status")["time"]
    containers.until(
        "a connection to each server after the crashes",
        lambda: all(
            (server["last_success"] or 0) > begun + PERIOD * 1000
            for server in (containers.get("/api/v1/status") or {"servers": [{"last_success": 0}]})["servers"]
        ),
    )
    for number in (1, 2):
        for device, times in records(containers, tmp_path, number).items():
            steps = [b - a for a, b in itertools.pairwise(sorted(times))]
            assert set(steps) == {PERIOD}, f"server {number}, device {device}: {steps}"


def records(containers: Stack, directory, number: int) -> dict[str, list[float]]:
    """The moments of every record in the data files of a server, by device; doubled ones are there twice."""
    containers.compose("cp", "demo-servers:/demo/set", str(directory / f"set{number}"))
    definitions = {}
    for path in (directory / f"set{number}" / "DEF").iterdir():
        definitions[path.name] = parse_definition(path.read_bytes(), path.name)[0]
    moments: dict[str, list[float]] = {}
    for file in containers.files(directory, number, "DATA"):
        data, findings = read_data_file(file.read_bytes(), file.name, definitions, zone="UTC")
        assert not has_errors(findings), findings
        for device, rows in itertools.groupby(data.rows(), key=lambda row: row.device):
            moments.setdefault(device, []).extend(
                moment for moment, _ in itertools.groupby(row.timestamp.timestamp() for row in rows)
            )
    return moments


@pytest.mark.parametrize("service", [*SERVICES, *DEMO])
def test_a_container_has_no_more_rights_than_it_needs(containers: Stack, service):
    found = containers.inspect(service)
    assert found["Config"]["User"] == "10001:10001"
    has_no_rights(found["HostConfig"])


def has_no_rights(host: dict) -> None:
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert not host["Privileged"]
    assert any(option.startswith("no-new-privileges") for option in host["SecurityOpt"])
    assert host["Memory"] > 0
    assert host["PidsLimit"] > 0
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert host["LogConfig"]["Config"]["max-size"]


def test_only_the_page_is_published_and_on_the_loopback_alone(containers: Stack):
    published = {
        name: bindings
        for name in (*SERVICES, *DEMO)
        if (bindings := {p: b for p, b in containers.inspect(name)["NetworkSettings"]["Ports"].items() if b})
    }
    assert published == {"api": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(containers.port)}]}}


@pytest.mark.parametrize("service", ["collector", "sync", "commands", "api"])
def test_a_service_sees_its_own_key_alone(containers: Stack, service):
    mounts = {mount["Destination"]: mount["Name"] for mount in containers.inspect(service)["Mounts"] if "Name" in mount}
    keys = [name for name in mounts.values() if "keys-" in name]
    assert keys == [f"{containers.project}_keys-{service}"]
    shown = containers.compose("exec", "-T", service, "sh", "-c", "ls -l /key && ls /keys/*")
    assert "bus-password" in shown
    assert shown.count("bus-password") == 1


def test_writing_needs_the_token_that_was_made_at_the_first_start(containers: Stack):
    url = f"http://127.0.0.1:{containers.port}/api/v1/connections"
    ask = [
        *("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", "POST", url),
        *("-H", "Content-Type: application/json"),
    ]
    refused = subprocess.run([*ask, "-d", "{}"], capture_output=True, text=True, timeout=30, check=True)
    assert refused.stdout == "401"
    taken = subprocess.run(
        [*ask, "-H", f"Authorization: Bearer {containers.token()}", "-d", json.dumps({"server": 1})],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert taken.stdout.startswith("2")


def test_prometheus_of_the_profile_observe_asks_the_gateway_beside_it(containers: Stack, observer: Observer):
    observer.start(containers)
    target = containers.until("figures of the gateway", observer.target)
    assert (target["scrapeUrl"], target["lastError"]) == ("http://api:8080/metrics", "")
    rules = containers.until("every rule was looked at", observer.rules)
    assert [(rule["name"], rule["health"]) for rule in rules] == [(rule["alert"], "ok") for rule in RULES]


def test_prometheus_has_no_more_rights_than_it_needs(containers: Stack, observer: Observer):
    found = containers.inspect("prometheus")
    assert found["Config"]["User"] == "65534:65534"
    has_no_rights(found["HostConfig"])
    assert found["NetworkSettings"]["Ports"] == {"9090/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(observer.port)}]}
    assert set(found["NetworkSettings"]["Networks"]) == {f"{containers.project}_{name}" for name in ("observe", "page")}
    assert {mount["Destination"] for mount in found["Mounts"] if mount["RW"]} == {"/prometheus"}
    assert found["State"]["Health"]["Status"] == "healthy"


def test_the_broker_s_configuration_is_the_generated_one():
    generated = subprocess.run(
        [ROOT / ".venv/bin/python", "scripts/generate_contract.py", "--check"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert generated.returncode == 0, generated.stdout + generated.stderr
