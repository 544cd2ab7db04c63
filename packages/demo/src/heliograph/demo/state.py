"""What the demo keeps between two runs: keys, ports, and the counters of its plant."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from heliograph.cli.gateway import free_port, is_free
from heliograph.demo.plant import Counters
from heliograph.runtime import write_atomically


@dataclass(frozen=True, slots=True)
class DemoState:
    """The demo's directory."""

    root: Path

    @property
    def set_dir(self) -> Path:
        """The configuration set that the gateway reads."""
        return self.root / "set"

    @property
    def gateway(self) -> Path:
        """The gateway's own state."""
        return self.root / "gateway"

    def server(self, number: int) -> Path:
        """Directory that a server serves, for a person to open."""
        return self.root / "servers" / str(number)

    def secret(self, name: str) -> Path:
        """A file for a key."""
        directory = self.root / "secrets"
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        return directory / name

    def port(self, name: str) -> int:
        """Return the port that something had in the last run where it is still free, else another one, remembered."""
        file = self.root / "ports.json"
        ports = _read(file)
        known = ports.get(name)
        if isinstance(known, int) and is_free(known):
            return known
        ports[name] = port = free_port()
        write_atomically(file, json.dumps(ports, indent=2).encode())
        return port

    def counters(self) -> Counters:
        """Return the counters that the plant ended its last run with: they never go back."""
        with suppress(KeyError, TypeError, ValueError):
            known = _read(self.root / "plant.json")
            return Counters(tuple(map(float, known["inverters"])), float(known["imported"]), float(known["exported"]))
        return Counters()

    def keep_counters(self, counters: Counters) -> None:
        """Remember the counters for the next run."""
        write_atomically(self.root / "plant.json", json.dumps(asdict(counters)).encode())


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
