"""The Prometheus of the Compose profile `observe`: given a token, started beside a gateway, asked from outside."""

import json
import os
import urllib.request
from pathlib import Path
from typing import Any

from support.containers import Stack
from support.ports import free_port

USER = 65534
"""Of Prometheus in its container."""


class Observer:
    """The Prometheus of a stack, which is not started yet."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.token = directory / "metrics-token"
        self.environment = {"METRICS_TOKEN": str(self.token), "PROMETHEUS_PORT": str(self.port)}

    def start(self, stack: Stack) -> None:
        """Give it a viewer's token, and wait until Docker finds it healthy."""
        made = stack.post("/api/v1/tokens", {"name": "prometheus", "role": "viewer"})
        self.token.write_text(made["token"], encoding="ascii")
        self.token.chmod(0o400)
        os.chown(self.token, USER, USER)
        stack.profiles.append("observe")
        stack.compose("up", "--detach", "--build", "--wait", "--wait-timeout", "180", "prometheus", seconds=600)

    def target(self) -> dict[str, Any] | None:
        """The gateway, as Prometheus sees it; None until it has got figures from it."""
        return next((target for target in self._ask("targets")["activeTargets"] if target["health"] == "up"), None)

    def rules(self) -> list[dict[str, Any]] | None:
        """Every rule with its health; None until all were looked at."""
        rules = [rule for group in self._ask("rules")["groups"] for rule in group["rules"]]
        return None if any(rule["health"] == "unknown" for rule in rules) else rules

    def _ask(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}", timeout=30) as answer:
            return json.load(answer)["data"]
