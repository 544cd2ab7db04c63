"""The `heliograph` command: one module per sub-command, named here and imported when it is called.

Every way in which a command can end comes through here: its exit code, and what is said on standard error.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from heliograph.cli.exits import Exit
from heliograph.cli.output import Failure, calling, speaks_json, tell_failure
from heliograph.cli.plugged import KNOWN, plug


@dataclass(frozen=True, slots=True)
class Listed:
    """A sub-command: the module of this package, what of it is the command or the group, and its line in lists."""

    module: str
    attribute: str
    line: str

    @property
    def is_group(self) -> bool:
        """Whether it has sub-commands of its own."""
        return self.attribute in ("app", "commands")


COMMANDS: Final = {
    "up": Listed("up", "up", "Run the whole gateway without Docker until Ctrl-C."),
    "check": Listed("check", "check", "Check a configuration set offline."),
    "decode": Listed("decode", "decode", "Turn data files into engineering values."),
    "plan": Listed("plan", "plan", "Show the requests that read a device."),
    "scan": Listed("scan", "scan", "Search for SunSpec devices; add them to a set."),
    "status": Listed("status", "status", "Show how a running gateway is doing."),
    "connect": Listed("connect", "connect", "Have the gateway connect to its servers now."),
    "config": Listed("configuring.command", "app", "The configuration: get, put, diff, rollback."),
    "account": Listed("account", "app", "Accounts of people, tokens of programs."),
    "command": Listed("command", "command", "Have commands executed at once."),
    "journal": Listed("journal", "journal", "Show the last commands and other changes."),
    "script": Listed("script", "script", "Show, start, stop, enable or disable scripts."),
    "records": Listed("records", "records", "Show what a device recorded lately; CSV, Parquet."),
    "trace": Listed("trace", "trace", "Have what goes over an interface written down."),
    "support-bundle": Listed("support_bundle", "support_bundle", "Send a debug bundle to the servers."),
    "definitions": Listed("library_commands", "commands", "Definitions of devices: list, show, copy."),
    "import": Listed("importing.command", "app", "Make definition files out of what others wrote."),
    "help": Listed("topics", "topic", "Explain exit codes, environment, completion."),
}
_STYLE: Final[dict[str, Any]] = {
    "add_completion": False,
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
}
_ASKED_WRONGLY: Final[type[Exception]] = typer.BadParameter.__mro__[2]
"""What every refusal of the parser is; typer has no public name for it."""


class _OnDemand(TyperGroup):
    """Imports a sub-command when it is called: nobody waits for the libraries of all others."""

    _is_listing = False

    def main(  # type: ignore[override]  # the options that nobody gives here are handed on
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **options: Any
    ) -> NoReturn:
        """Run to the end of the process, with its exit code."""
        words = list(sys.argv[1:] if args is None else args)
        run = super().main
        with calling(_named(words), as_json="--json" in words):
            options["standalone_mode"] = False
            sys.exit(_status(lambda: run(words, prog_name or self.name, **options)))

    def list_commands(self, ctx: Any) -> list[str]:
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        listed = COMMANDS.get(cmd_name)
        if listed is None:
            return super().get_command(ctx, cmd_name)
        return TyperCommand(cmd_name, help=listed.line) if self._is_listing else _made(cmd_name, listed)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with self._listing():
            super().format_commands(ctx, formatter)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        with self._listing():
            return super().shell_complete(ctx, incomplete)

    @contextmanager
    def _listing(self) -> Iterator[None]:
        """Name the commands and their lines within, without importing them."""
        self._is_listing = True
        try:
            yield
        finally:
            self._is_listing = False


app = typer.Typer(
    name="heliograph",
    help="An open photovoltaic gateway: run it, check its configuration, read its files.",
    cls=_OnDemand,
    no_args_is_help=True,
    **_STYLE | {"add_completion": True},
)


@app.callback()
def _group() -> None:
    """Keep it a group of commands though none is registered."""


def main() -> None:
    """Run the command."""
    plug(app, _written()[:1])
    app(prog_name="heliograph")


def _written() -> list[str]:
    """Return the words that were written, also where the shell asks how the last one could go on."""
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS")
    return line.split()[1:] if line else sys.argv[1:]


def _named(words: Sequence[str]) -> str:
    """How the command that is called is named in front of what it says."""
    if not words or words[0] not in (COMMANDS.keys() | KNOWN.keys()):
        return "heliograph"
    listed = COMMANDS.get(words[0])
    inner = [word for word in words[1:2] if listed and listed.is_group and not word.startswith("-")]
    return " ".join(["heliograph", words[0], *inner])


def _status(run: Callable[[], Any]) -> int:
    """Run a command; return its exit code after it was said what went wrong."""
    try:
        status = int(run() or Exit.DONE)
    except Failure as failure:
        return _told(failure)
    except typer.Abort:
        status = Exit.INTERRUPTED
    except _ASKED_WRONGLY as error:
        if speaks_json():
            return _told(Failure(error.format_message(), Exit.USAGE))  # type: ignore[attr-defined]  # all have it
        error.show()  # type: ignore[attr-defined]  # all have it
        return Exit.USAGE
    return _told(Failure("interrupted", Exit.INTERRUPTED)) if status == Exit.INTERRUPTED else status


def _told(failure: Failure) -> int:
    tell_failure(failure)
    return failure.status


def _made(name: str, listed: Listed) -> Any:
    found = getattr(import_module(f"heliograph.cli.{listed.module}"), listed.attribute)
    if isinstance(found, typer.Typer):
        return typer.main.get_group(found)
    single = typer.Typer(**_STYLE)
    single.command(name)(found)
    return typer.main.get_command(single)
