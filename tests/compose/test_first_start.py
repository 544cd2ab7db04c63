"""The first start in a plant: no set, no settings, no serial line; then a person puts a set there."""

import os
import shutil

import pytest

from support.containers import ROOT, Stack, running

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def directories(tmp_path_factory):
    root = tmp_path_factory.mktemp("plant")
    for name in ("set", "secrets"):
        (root / name).mkdir()
        (root / name).chmod(0o755)
    (root / "secrets/sync.env").write_text("SERVER1_PASSWORD=one-that-nobody-may-see\nSERVER2_PASSWORD=another\n")
    return root


@pytest.fixture(scope="module")
def plant(directories):
    stack = Stack(
        f"heliograph-first-{os.getpid()}",
        profile="",
        GATEWAY_SET=str(directories / "set"),
        GATEWAY_SECRETS=str(directories / "secrets"),
    )
    with running(stack) as found:
        yield found


def test_without_a_set_everything_runs_and_says_what_to_do(plant: Stack, directories):
    status = plant.until("the status", lambda: plant.get("/api/v1/status"))
    plant.until("all services", lambda: all(s["running"] for s in plant.get("/api/v1/status")["services"]))
    status = plant.get("/api/v1/status")
    assert status["attention"][0] == "There is no configuration yet: nothing is polled."
    assert "holds no configuration set" in status["attention"][1]

    shutil.copytree(ROOT / "examples/set", directories / "set", dirs_exist_ok=True)
    plant.until("the set", lambda: plant.get("/api/v1/status")["uid"] == "WPM00C44F")
    plant.until("its devices", lambda: len(plant.get("/api/v1/status")["devices"]) == 4)
    status = plant.get("/api/v1/status")
    assert status["findings"] == []
    assert not any("SERVER1_PASSWORD" in line for line in status["attention"])
    assert "one-that-nobody-may-see" not in plant.compose("logs")


def test_keys_are_not_made_anew_by_a_second_start(plant: Stack):
    """Otherwise a service that was not restarted would be locked out."""
    before = plant.compose("exec", "-T", "sync", "cat", "/key/bus-password")
    plant.compose("up", "--detach", "--force-recreate", "--wait", "--wait-timeout", "180", seconds=300)
    assert plant.compose("exec", "-T", "sync", "cat", "/key/bus-password") == before
    plant.until("all services", lambda: all(s["running"] for s in plant.get("/api/v1/status")["services"]))
