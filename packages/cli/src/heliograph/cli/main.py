"""The `heliograph` command: one module per sub-command, registered here."""

import sys

import typer

from heliograph.cli.check import check
from heliograph.cli.command import command
from heliograph.cli.decode import decode
from heliograph.cli.importing.command import app as importing
from heliograph.cli.importing.sunspec import sunspec
from heliograph.cli.journal import journal
from heliograph.cli.library_commands import commands as definitions
from heliograph.cli.plan import plan
from heliograph.cli.plugged import plug
from heliograph.cli.scan import scan
from heliograph.cli.script import script
from heliograph.cli.status import status
from heliograph.cli.support_bundle import support_bundle
from heliograph.cli.trace import trace
from heliograph.cli.up import up

app = typer.Typer(
    name="heliograph",
    help="An open photovoltaic gateway: run it, check its configuration, read its files.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

importing.command("sunspec")(sunspec)

app.command("up")(up)
app.command("check")(check)
app.command("decode")(decode)
app.command("plan")(plan)
app.command("scan")(scan)
app.command("command")(command)
app.command("journal")(journal)
app.command("script")(script)
app.command("status")(status)
app.command("support-bundle")(support_bundle)
app.command("trace")(trace)
app.add_typer(definitions, name="definitions")
app.add_typer(importing, name="import")


def main() -> None:
    """Run the command."""
    plug(app, sys.argv[1:])
    app()
