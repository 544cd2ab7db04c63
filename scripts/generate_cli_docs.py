"""Write `docs/cli.md`, the reference of the command line, from the tree of its commands.

`--check` writes nothing and ends with status 1 when the file is not current.
"""

import argparse
import inspect
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import typer
from typer.core import TyperGroup

from heliograph.cli.exits import MEANINGS
from heliograph.cli.main import app
from heliograph.cli.plugged import KNOWN, plug
from heliograph.cli.reach import Reach
from heliograph.cli.topics import COMPLETION, ENVIRONMENT

ROOT: Final = Path(__file__).resolve().parents[1]
DOCUMENT: Final = ROOT / "docs/cli.md"
REACH: Final = frozenset(inspect.signature(Reach.of).parameters)
"""The options of a connection, which are told once."""


def main(arguments: list[str] | None = None) -> int:
    """Write the file, or check it; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, say whether it is current")
    wanted = "\n".join(_document()) + "\n"
    if not parser.parse_args(arguments).check:
        DOCUMENT.write_text(wanted, encoding="utf-8")
        return 0
    if DOCUMENT.exists() and DOCUMENT.read_text(encoding="utf-8") == wanted:
        return 0
    sys.stderr.write(f"{DOCUMENT.relative_to(ROOT)} is not current: run `make contract`\n")
    return 1


def _document() -> Iterator[str]:
    plug(app, tuple(KNOWN))
    commands = list(_leaves(typer.main.get_command(app), ("heliograph",)))
    yield from _INTRODUCTION
    for name, command in commands:
        line = command.get_short_help_str(limit=200)
        yield f"| [`{name}`](#{name.replace(' ', '-')}) | {_cell(line)} |"
    yield from ("", "## Exit codes", "", "| code | meaning |", "|---|---|")
    yield from (f"| {int(code)} | {_cell(text)} |" for code, text in MEANINGS.items())
    yield from ("", "## Which gateway", "", _GATEWAY, "")
    yield from _rows([entry for entry in dict(commands)["heliograph status"].params if entry.name in REACH])
    yield from ("", _NAMED, "", "## Environment", "", "| variable | meaning |", "|---|---|")
    yield from (f"| `{name}` | {_cell(text)} |" for name, text in ENVIRONMENT.items())
    yield from ("", "## Completion", "")
    yield from (f"- {name}: {text}" for name, text in COMPLETION.items())
    for name, command in commands:
        yield from _section(name, command)


_INTRODUCTION: Final = (
    "# The command line",
    "",
    "<!-- Made by scripts/generate_cli_docs.py from the commands themselves; do not edit. -->",
    "",
    "What `heliograph` can do: each command with its options, exit codes, which gateway is asked, completion.",
    "",
    "Every command that prints something speaks JSON with `--json`: one document on standard output, or a line at a",
    "time where rows stream (`decode`, `simulate`, `replay`), and nothing else there. Standard error then has a line",
    "of JSON for each warning or finding; the last one is a problem document (RFC 9457, with `exit_code`) where the",
    "command fails. `up` alone has no `--json`: it is watched, not read.",
    "Progress is shown on standard error, on a terminal alone. Ctrl-C ends a command with 130; it says what was done.",
    "",
    "| command | what it does |",
    "|---|---|",
)
_GATEWAY: Final = (
    "Commands that ask a running gateway have these options. The token is read from a file or from the environment and"
    " is never an\nargument: arguments are seen by everybody on the machine."
)
_NAMED: Final = """Gateways that are asked often have a name in `~/.config/heliograph/config.toml`:

```toml
[gateways.roof]
url = 'https://192.168.1.20:8443'
token_file = "roof.token"     # beside this file, or an absolute path
fingerprint = "9F:86:D0:…"    # or ca = "ca.pem"
```

`heliograph --help` lists the commands; `heliograph status --gateway roof` asks that one. A certificate that the gateway
made itself is trusted by its fingerprint, which the gateway's log tells."""


def _leaves(group: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    context = typer.Context(group)
    for name in group.list_commands(context):
        command: Any = group.get_command(context, name)
        if isinstance(command, TyperGroup):
            yield from _leaves(command, (*words, name))
        else:
            yield " ".join((*words, name)), command


def _section(name: str, command: Any) -> Iterator[str]:
    parameters = [entry for entry in command.params if entry.name not in ("help", "install_completion")]
    given = [entry for entry in parameters if entry.param_type_name == "argument"]
    options = [entry for entry in parameters if entry.param_type_name == "option" and entry.name not in REACH]
    yield from ("", f"## {name}", "", "```")
    yield " ".join([name, "[OPTIONS]", *(entry.metavar or entry.name.upper() for entry in given)])
    yield from ("```", "", inspect.cleandoc(command.help or "").replace("\f", ""))
    if given or options:
        yield ""
        yield from _rows([*given, *options])
    if any(entry.name in REACH for entry in parameters):
        yield from ("", "It asks a gateway: see [which gateway](#which-gateway).")


def _rows(parameters: Sequence[Any]) -> Iterator[str]:
    yield from ("| | |", "|---|---|")
    for entry in parameters:
        yield f"| {_written(entry)} | {_cell(_meaning(entry))} |"


def _written(entry: Any) -> str:
    if entry.param_type_name == "argument":
        return f"`{entry.metavar or entry.name}`".replace("|", "\\|")
    value = "" if entry.is_flag else f" {entry.metavar or entry.name.upper()}"
    return ", ".join(f"`{name}{value}`" for name in (*entry.opts, *entry.secondary_opts)).replace("|", "\\|")


def _meaning(entry: Any) -> str:
    """The help, and the default where it is a value that the help does not tell."""
    told = entry.help or ""
    default = entry.default
    is_told = isinstance(default, bool) or default in (None, "", ()) or "default" in told.lower()
    variables = [entry.envvar] if isinstance(entry.envvar, str) else (entry.envvar or [])
    parts = [told, "" if is_told else f"Default: {getattr(default, 'value', default)}."]
    parts.append(f"Environment: {', '.join(f'`{name}`' for name in variables)}." if variables else "")
    return " ".join(part for part in parts if part)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    raise SystemExit(main())
