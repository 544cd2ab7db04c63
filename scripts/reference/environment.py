"""`reference/environment.md`: every environment variable of every service, from its settings and their docstrings."""

import ast
import inspect
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
from reference.tables import code, page, table

SERVICES: Final[Mapping[str, type[ServiceSettings]]] = {
    "collector": CollectorSettings,
    "sync": SyncSettings,
    "commands": CommandsSettings,
    "api": ApiSettings,
}


def text() -> str:
    """The page."""
    return page(
        "Environment variables",
        "`settings.py` of each service",
        _introduction(),
        _section("Every service", ServiceSettings, ()),
        *(_section(f"The {name}", kind, ServiceSettings.model_fields) for name, kind in SERVICES.items() if _own(kind)),
    )


def _introduction() -> Iterator[str]:
    yield "`heliograph up` hands its own environment to the services; `docker compose` takes what stands in `.env`, where"
    yield "[`.env.example`](../../.env.example) explains every line."
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


def _docstrings(kind: type[ServiceSettings]) -> dict[str, str]:
    """What stands below each field in the source."""
    (body,) = ast.parse(inspect.getsource(kind)).body
    statements = body.body if isinstance(body, ast.ClassDef) else []
    return {
        field.target.id: " ".join(below.value.value.split())
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
