"""`reference/environment.md`: every variable of every service, from its settings and their docstrings, and of Compose."""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from heliograph.api.settings import Settings as ApiSettings
from heliograph.collector.settings import CollectorSettings
from heliograph.commands.settings import Settings as CommandsSettings
from heliograph.runtime import ServiceSettings
from heliograph.sync.settings import Settings as SyncSettings
from reference.tables import code, matched, page, table

SERVICES: Final[Mapping[str, type[ServiceSettings]]] = {
    "collector": CollectorSettings,
    "sync": SyncSettings,
    "commands": CommandsSettings,
    "api": ApiSettings,
}
COMPOSE: Final = Path(__file__).resolve().parents[2] / "compose.yaml"
OF_COMPOSE: Final = {
    "GATEWAY_SECRETS": "Directory with one file a secret, and `sync.env`; the services see it as `SECRETS_DIR`",
    "SERIAL1_ADDRESS": "A serial server on the network for `SERIAL1`, as `socket://host:port`; wins over `SERIAL1_DEVICE`",
    "SERIAL2_ADDRESS": "As `SERIAL1_ADDRESS`",
    "SERIAL3_ADDRESS": "As `SERIAL1_ADDRESS`",
    "SERIAL_GROUP": "Number of the group that may use serial ports: `getent group dialout`",
    "TIC1_ADDRESS": "A serial server for the meter's output; wins over `TIC1_DEVICE`",
    "GPIO_CHIP": "The GPIO chip of this machine; `gpiochip0` of `DI1_LINE` and `RELAY1_LINE`",
    "GPIO_GROUP": "Number of the group that may use it",
    "API_ADDRESS": "Address of this machine on which `API_PORT` is published",
    "API_TLS_DIRECTORY": "Directory with a given certificate, mounted at `/tls`",
    "OBSERVE_RETENTION": "For how long Prometheus keeps figures (profile `observe`)",
    "OBSERVE_RETENTION_SIZE": "In how much room",
    "PROMETHEUS_PORT": "Port of Prometheus on the loopback",
    "GRAFANA_PORT": "Port of Grafana on the loopback",
}
_CLAUSE: Final = re.compile(r" \(spec [^)]*\)")
_TAKEN: Final = re.compile(r"(?<!\$)\$\{([A-Z0-9_]+)(?::-([^$}]*))?")
PURPOSE: Final = "What is set for a machine and not for a plant: serial devices, ports, limits, TLS."


def text() -> str:
    """The page."""
    return page(
        "Environment variables",
        PURPOSE,
        "`settings.py` of each service, and `compose.yaml`",
        _introduction(),
        _section("Every service", ServiceSettings, ()),
        *(_section(f"The {name}", kind, ServiceSettings.model_fields) for name, kind in SERVICES.items() if _own(kind)),
        _compose(),
    )


def _introduction() -> Iterator[str]:
    yield "`heliograph up` hands its own environment to the services; `docker compose` takes what stands in `.env`, where"
    yield "[`.env.example`](../../.env.example) explains every line. What the commands of a terminal read stands with"
    yield "[the command line](../cli.md#environment)."
    yield ""


def _own(kind: type[ServiceSettings]) -> list[str]:
    return [name for name in kind.model_fields if name not in ServiceSettings.model_fields]


def _section(title: str, kind: type[ServiceSettings], without: Any) -> Iterator[str]:
    said = _docstrings(kind)
    fields = {name: field for name, field in kind.model_fields.items() if name not in without}
    yield f"## {title}"
    yield ""
    rows = ((code(name.upper()), said.get(name, _of_neighbour(name, said)), _default(f)) for name, f in fields.items())
    yield from table(("variable", "meaning", "default"), rows)


def _compose() -> Iterator[str]:
    """What `compose.yaml` takes and no service knows."""
    known = {name.upper() for kind in SERVICES.values() for name in kind.model_fields}
    found = _TAKEN.findall(COMPOSE.read_text(encoding="utf-8"))
    defaults = {name: default for name, default in reversed(found) if name not in known}
    matched("variables of compose.yaml", OF_COMPOSE, defaults)
    yield "## Docker Compose alone"
    yield ""
    yield "In `.env`; `GATEWAY_SET` and `SERIAL1_DEVICE` to `SERIAL3_DEVICE` are paths of this machine there."
    yield ""
    rows = ((code(name), meaning, code(defaults[name])) for name, meaning in OF_COMPOSE.items())
    yield from table(("variable", "meaning", "default"), rows)


def _docstrings(kind: type[ServiceSettings]) -> dict[str, str]:
    """What stands below each field in the source, with other fields named as they are in the environment."""
    (body,) = ast.parse(inspect.getsource(kind)).body
    statements = body.body if isinstance(body, ast.ClassDef) else []
    fields = re.compile(f"`({'|'.join(kind.model_fields)})`")
    return {
        field.target.id: fields.sub(lambda match: match[0].upper(), _CLAUSE.sub("", " ".join(below.value.value.split())))
        for field, below in pairwise(statements)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str)
    }  # fmt: skip


def _of_neighbour(name: str, said: Mapping[str, str]) -> str:
    """`SERIAL2_DEVICE` has its meaning from `SERIAL1_DEVICE`, a port has the obvious one."""
    first = "".join("1" if character in "234" else character for character in name)
    if first in said:
        return f"As `{first.upper()}`"
    if name.endswith("_port"):
        return "Port to listen on"
    raise SystemExit(f"environment: {name} has no docstring in the settings of its service")


def _default(field: FieldInfo) -> str:
    value = field.default
    shown = value.get_secret_value() if isinstance(value, SecretStr) else value
    return "" if shown is None else code(shown.as_posix() if isinstance(shown, Path) else shown)
