"""The `heliograph` command: one module per sub-command, registered here."""

import typer

from heliograph.cli.check import check
from heliograph.cli.decode import decode

app = typer.Typer(
    name="heliograph",
    help="An open photovoltaic gateway: run it, check its configuration, read its files.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

app.command("check")(check)
app.command("decode")(decode)


def main() -> None:
    """Entry point of the script `heliograph`."""
    app()
