"""The `heliograph` command: one module per sub-command, named here and imported when it is called."""

import sys
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup

from heliograph.cli.plugged import plug

COMMANDS: Final = {
    "up": "up:up",
    "check": "check:check",
    "decode": "decode:decode",
    "plan": "plan:plan",
    "scan": "scan:scan",
    "command": "command:command",
    "journal": "journal:journal",
    "script": "script:script",
    "status": "status:status",
    "support-bundle": "support_bundle:support_bundle",
    "trace": "trace:trace",
    "definitions": "library_commands:commands",
    "import": "importing.command:app",
}
"""Module of this package and what of it is the command, or the group of commands."""
_STYLE: Final[dict[str, Any]] = {
    "add_completion": False,
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
}


class _OnDemand(TyperGroup):
    """Imports a sub-command when it is called: nobody waits for the libraries of all others."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        place = COMMANDS.get(cmd_name)
        return _made(cmd_name, place) if place else super().get_command(ctx, cmd_name)


app = typer.Typer(
    name="heliograph",
    help="An open photovoltaic gateway: run it, check its configuration, read its files.",
    cls=_OnDemand,
    no_args_is_help=True,
    **_STYLE,
)


@app.callback()
def _group() -> None:
    """Keep it a group of commands though none is registered."""


def main() -> None:
    """Run the command."""
    plug(app, sys.argv[1:])
    app()


def _made(name: str, place: str) -> Any:
    module, _, attribute = place.partition(":")
    found = getattr(import_module(f"heliograph.cli.{module}"), attribute)
    if isinstance(found, typer.Typer):
        return typer.main.get_group(found)
    single = typer.Typer(**_STYLE)
    single.command(name)(found)
    return typer.main.get_command(single)
