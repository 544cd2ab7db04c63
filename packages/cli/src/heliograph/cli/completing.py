"""What the shell offers for a half-written argument: names that the gateway or the library knows.

A gateway that is not reached within half a second, or wants a token that is not there, offers nothing, silently.
"""

import os
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import typer

ANSWER_SECONDS: Final = 0.5
MOST: Final = 1000
_SPECIAL: Final = re.compile(r"([^\w@%+=:,./-])")
Offered = list[tuple[str, str]]
"""Values, each with a line that tells of it."""


def script_names(ctx: typer.Context, incomplete: str) -> Offered:
    """Scripts of the gateway."""
    rows = _rows(ctx, "scripts", "scripts")
    return _begun(((str(row.get("name", "")), str(row.get("condition", ""))) for row in rows), incomplete)


def device_names(ctx: typer.Context, incomplete: str) -> Offered:
    """Devices of the gateway, by name."""
    rows = _rows(ctx, "devices", "devices")
    return _begun(((str(row.get("name", "")), f"device {row.get('index')}") for row in rows), incomplete)


def parameters(ctx: typer.Context, incomplete: str) -> Offered:
    """Of a command: the names of devices behind `device=`, which bash hands over as three words."""
    key, sign, value = incomplete.partition("=")
    if (ctx.params.get("parameters") or ())[-2:] in (["device", "="], ("device", "=")):
        return device_names(ctx, incomplete)
    if not sign:
        return _begun([("device=", "of the gateway"), ("variable=", ""), ("value=", "")], incomplete)
    if key != "device":
        return []
    return [(f"{key}={name}", line) for name, line in device_names(ctx, value)]


def revisions(ctx: typer.Context, incomplete: str) -> Offered:
    """Numbers of the revisions that the gateway keeps."""
    rows = _rows(ctx, "configuration/revisions", "revisions")
    return _begun(
        ((str(row.get("number", "")), f"{row.get('state')}, {row.get('origin')}") for row in rows), incomplete
    )


def definition_names(incomplete: str) -> Offered:
    """Definitions of the library."""
    from heliograph.cli import library  # noqa: PLC0415  # wanted by a shell alone

    return _begun(((name, "") for name in library.names()), incomplete)


def _begun(offered: Iterable[tuple[str, str]], incomplete: str) -> Offered:
    fitting = [(name, line) for name, line in offered if name and name.startswith(incomplete) and name.isprintable()]
    return [(_quoted(name), line) for name, line in fitting[:MOST]]


def _quoted(name: str) -> str:
    """Return a name as bash takes it for one word; the other shells quote by themselves."""
    if not os.environ.get("_HELIOGRAPH_COMPLETE", "").endswith("_bash"):
        return name
    return _SPECIAL.sub(r"\\\1", name)


def _rows(ctx: typer.Context, path: str, field: str) -> Iterator[dict[str, Any]]:
    """Ask the gateway that the options so far and the environment name; nothing where there is no answer."""
    from heliograph.cli.reach import Reach  # noqa: PLC0415  # wanted by a shell alone
    from heliograph.cli.rest import call  # noqa: PLC0415  # wanted by a shell alone

    names = ("url", "token_file", "ca", "fingerprint", "insecure", "gateway")
    given = {name: ctx.params[name] for name in names if ctx.params.get(name) is not None}
    try:
        answer = call("GET", path, Reach.of(**given), ANSWER_SECONDS).json()
        yield from [row for row in answer[field] if isinstance(row, dict)]
    except Exception:  # noqa: BLE001  # in the middle of a line nobody wants to read why
        return
