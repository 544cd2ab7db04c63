"""The gateway in containers: one Compose project, built, started, asked and removed."""

import json
import os
import shutil
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.ports import free_port

ROOT = Path(__file__).parents[2]
SERVICES = ("nats", "collector", "sync", "commands", "api")
DEMO = ("demo-plant", "demo-servers")
UNJUDGED = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
UNJUDGED.check_hostname, UNJUDGED.verify_mode = False, ssl.CERT_NONE


class Stack:
    """One Compose project of its own name."""

    def __init__(self, project: str, profile: str = "demo", *beside: str, **environment: str) -> None:
        self.project = project
        self.profiles = [profile]
        self.composed_of = ["compose.yaml", *beside]
        """Compose files, relative to the root; a later one adds to those before it."""
        self.port = free_port()
        self.settings: list[str] = []
        self.authorization: dict[str, str] = {}
        """Sent with what is asked of the page."""
        # Nothing of this machine's .env may change what is tested.
        self.environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("GATEWAY_", "SERIAL", "API_"))
        } | {"API_PORT": str(self.port), "COMPOSE_DISABLE_ENV_FILE": "1", **environment}

    def read_settings(self, file: Path) -> None:
        """Take a file of settings in place of .env."""
        del self.environment["COMPOSE_DISABLE_ENV_FILE"]
        self.settings = ["--env-file", str(file)]

    @property
    def page(self) -> str:
        """Address of the page."""
        scheme = "http" if self.environment.get("API_TLS", "off") == "off" else "https"
        return f"{scheme}://127.0.0.1:{self.port}"

    def compose(self, *arguments: str, seconds: float = 120) -> str:
        """Run `docker compose`; return what it prints."""
        files = [option for name in self.composed_of for option in ("-f", name)]
        profiles = [option for name in self.profiles for option in ("--profile", name)]
        command = ["docker", "compose", *self.settings, *files, "-p", self.project, *profiles, *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=seconds, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
        return done.stdout

    def inspect(self, service: str) -> dict[str, Any]:
        """What Docker says of the container of a service."""
        number = self.compose("ps", "--all", "--quiet", service).strip()
        found = subprocess.run(["docker", "inspect", number], capture_output=True, text=True, timeout=60, check=True)
        return json.loads(found.stdout)[0]

    def get(self, path: str) -> Any:
        """What the page's port answers; None while it does not."""
        return self._ask(urllib.request.Request(self.page + path, headers=self.authorization))

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """What the page's port answers to whoever has the token; None while it does not."""
        headers = {"Authorization": f"Bearer {self.token()}", "Content-Type": "application/json"}
        return self._ask(urllib.request.Request(self.page + path, json.dumps(body).encode(), headers))

    def token(self) -> str:
        """The gateway's own token, as its owner reads it."""
        return self.compose("exec", "-T", "api", "cat", "/state/api-token").strip()

    def until(self, what: str, holds: Callable[[], Any], seconds: float = 180) -> Any:
        """Return what holds as soon as it is true; fail with the logs after so many seconds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := holds():
                return found
            time.sleep(0.5)
        raise AssertionError(f"not within {seconds} s: {what}\n{self.compose('logs', '--tail', '40')}")

    def files(self, directory: Path, number: int, kind: str) -> list[Path]:
        """Copy what a demo server has out of its container; return the files of a directory."""
        target = directory / str(number)
        shutil.rmtree(target, ignore_errors=True)
        self.compose("cp", f"demo-servers:/demo/files/{number}", str(target))
        return sorted((target / kind).iterdir())

    def crash(self, service: str) -> None:
        """Kill the container's first process, as a defect would; `docker kill` would count as an order to stop."""
        os.kill(self.inspect(service)["State"]["Pid"], 9)

    def up(self) -> None:
        """Start everything, and wait until it is healthy."""
        self.compose("up", "--detach", "--wait", "--wait-timeout", "180", seconds=300)

    @staticmethod
    def _ask(request: urllib.request.Request) -> Any:
        try:
            # Our own page: which certificate it has is looked at by the tests of that.
            with urllib.request.urlopen(request, timeout=10, context=UNJUDGED) as answer:
                return json.load(answer)
        except OSError:
            return None


@contextmanager
def running(stack: Stack) -> Iterator[Stack]:
    """Build a stack, start it until it is healthy, and remove it with all that it kept."""
    if not _engine_answers():
        message = "no Docker engine answers: start one, then `make test-compose`"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    try:
        stack.compose("up", "--detach", "--build", "--wait", "--wait-timeout", "180", seconds=1500)
        yield stack
    finally:
        stack.compose("down", "--volumes", "--timeout", "30", seconds=300)


def _engine_answers() -> bool:
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, timeout=60, check=False).returncode == 0
