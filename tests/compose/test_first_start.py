"""The first start in a plant, as the README says: nothing but its two commands; then a set, an account, and TLS.

The tests tell one story in order, on one stack.
"""

import os
import shutil
import ssl
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from support.certificates import Authority
from support.containers import ROOT, UNJUDGED, Stack, running
from support.observing import Observer
from support.prometheus import adapted

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1800)]

NAME, PASSWORD = "anna", "four words do well"
GUESSES = [("admin", "admin"), ("operator", "heliograph"), ("root", "password")]


@pytest.fixture(scope="module")
def directories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("plant")
    for name in ("set", "secrets", "tls", "observe"):
        (root / name).mkdir()
        (root / name).chmod(0o755)
    (root / "secrets/sync.env").write_text("SERVER1_PASSWORD=one-that-nobody-may-see\nSERVER2_PASSWORD=another\n")
    shutil.copy(ROOT / ".env.example", root / ".env")
    return root


@pytest.fixture(scope="module")
def observer(directories: Path) -> Observer:
    return Observer(directories / "observe")


@pytest.fixture(scope="module")
def plant(directories: Path, observer: Observer):
    stack = Stack(
        f"heliograph-first-{os.getpid()}",
        "",
        "tests/compose/observe.yaml",
        "tests/compose/observe_tls.yaml",
        GATEWAY_SET=str(directories / "set"),
        GATEWAY_SECRETS=str(directories / "secrets"),
        API_TLS_DIRECTORY=str(directories / "tls"),
        OBSERVE_FILES=str(directories / "observe"),
        **observer.environment,
    )
    stack.read_settings(directories / ".env")
    with running(stack) as found:
        yield found


def test_without_a_set_everything_runs_and_says_what_to_do(plant: Stack, directories):
    status = plant.until("all services", lambda: status_if(plant, all_run))
    assert status["attention"][0] == "There is no configuration yet: nothing is polled."
    assert "holds no configuration set" in status["attention"][1]

    shutil.copytree(ROOT / "examples/set", directories / "set", dirs_exist_ok=True)
    plant.until("the set", lambda: status_if(plant, lambda s: s["uid"] == "WPM00C44F"))
    status = plant.until("its devices", lambda: status_if(plant, lambda s: len(s["devices"]) == 4))
    assert status["findings"] == []
    assert not any("SERVER1_PASSWORD" in line for line in status["attention"])
    assert "one-that-nobody-may-see" not in plant.compose("logs")


def test_there_is_no_default_password_and_nobody_writes_without_the_token(plant: Stack):
    with browser(plant) as page:
        for name, password in GUESSES:
            assert page.post("/login", data={"name": name, "password": password}).status_code == 401, name
        assert page.post("/api/v1/connections", json={"server": 1}).status_code == 401
        assert not page.cookies


def test_the_first_account_is_made_on_the_page_by_the_token_on_the_machine(plant: Stack):
    with browser(plant) as page:
        assert "Set this gateway up" in page.get("/setup").text
        form = {"name": NAME, "password": PASSWORD, "again": PASSWORD}
        assert page.post("/setup", data=form | {"token": "a guess"}).status_code == 401
        assert page.post("/setup", data=form | {"token": plant.token()}).headers["location"] == "/"
        assert page.get("/").status_code == 200
    with browser(plant) as stranger:
        assert stranger.get("/").headers["location"].startswith("/login")
        assert stranger.get("/api/v1/status").status_code == 401
        assert stranger.get("/setup").headers["location"] == "/login"
    plant.authorization = {"Authorization": f"Bearer {plant.token()}"}


def test_a_second_start_with_tls_keeps_keys_and_accounts(plant: Stack, directories: Path):
    """Keys that were made anew would lock out a service that was not restarted."""
    before = plant.compose("exec", "-T", "sync", "cat", "/key/bus-password")
    plant.environment["API_TLS"] = "generated"
    plant.compose("up", "--detach", "--force-recreate", "--wait", "--wait-timeout", "180", seconds=300)
    assert plant.compose("exec", "-T", "sync", "cat", "/key/bus-password") == before
    plant.until("all services", lambda: status_if(plant, all_run))
    (directories / "observe/gateway.pem").write_text(
        plant.compose("exec", "-T", "api", "cat", "/state/tls/certificate.pem")
    )
    with browser(plant, str(directories / "observe/gateway.pem")) as page:
        answer = page.post("/login", data={"name": NAME, "password": PASSWORD, "next": "/devices"})
        assert answer.headers["location"] == "/devices"
        assert answer.headers["set-cookie"].startswith("__Host-heliograph=")
        assert page.get("/devices").status_code == 200


def test_prometheus_asks_a_page_under_tls_as_the_documents_say(plant: Stack, observer: Observer, directories: Path):
    changed = (ROOT / "docs/observe.md").read_text().split("```yaml tls\n")[1].split("```")[0]
    text = adapted(
        (ROOT / "observe/prometheus.yml").read_text(), {"    static_configs:\n": changed + "    static_configs:\n"}
    )
    (directories / "observe/prometheus.yml").write_text(text)
    observer.start(plant)
    target = plant.until("figures of the gateway", observer.target)
    assert (target["scrapeUrl"], target["lastError"]) == ("https://api:8080/metrics", "")


def test_a_given_certificate_is_taken_and_the_health_check_finds_the_page_well_all_the_time(
    plant: Stack, directories: Path
):
    """A check that spoke plainly to it would never find it well."""
    assert plant.inspect("api")["RestartCount"] == 0
    plant.until("three good checks in a row", lambda: checks_of(plant)[-3:] == [0, 0, 0])
    authority = Authority()
    certificate, key = authority.issue("localhost", "127.0.0.1")
    (directories / "tls/fullchain.pem").write_bytes(certificate)
    (directories / "tls/privkey.pem").write_bytes(key)
    os.chown(directories / "tls/privkey.pem", 10001, 10001)
    (directories / "tls/privkey.pem").chmod(0o400)
    (directories / "authority.pem").write_bytes(authority.pem)
    plant.environment["API_TLS"] = "given"
    plant.compose("up", "--detach", "--wait", "--wait-timeout", "180", "api", seconds=300)
    with browser(plant, str(directories / "authority.pem")) as page:
        assert "max-age" in page.get("/login").headers["strict-transport-security"]
    found = plant.inspect("api")
    assert (found["State"]["Health"]["Status"], found["RestartCount"]) == ("healthy", 0)


def status_if(plant: Stack, holds: Callable[[dict], bool]) -> dict | None:
    """The status, once it is told and something holds of it."""
    status = plant.get("/api/v1/status")
    return status if status and holds(status) else None


def all_run(status: dict) -> bool:
    return all(service["running"] for service in status["services"])


def checks_of(plant: Stack) -> list[int]:
    """How the last checks of the api ended."""
    return [check["ExitCode"] for check in plant.inspect("api")["State"]["Health"]["Log"]]


def browser(plant: Stack, authority: str = "") -> httpx.Client:
    """A client that keeps cookies and follows nothing, as a browser's single requests are."""
    verify = ssl.create_default_context(cafile=authority) if authority else UNJUDGED
    return httpx.Client(base_url=plant.page, verify=verify, timeout=60, trust_env=False)
