"""`heliograph support-bundle`: a debug bundle is asked for over the REST API; it goes to the servers (spec 3.4)."""

from typing import Annotated

import typer
from pydantic import BaseModel

from heliograph.cli.asking import Gateway, asks_gateway
from heliograph.cli.output import printable
from heliograph.cli.progress import waiting

PACKING_SECONDS = 75.0
"""Longer than the gateway takes to find out that its own service does not answer."""

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class _Made(BaseModel):
    """What the page answers."""

    name: str
    bytes: int
    servers: tuple[int, ...] = ()
    detail: str


@asks_gateway
def support_bundle(*, gateway: Gateway, as_json: JsonOption = False) -> None:
    """Have a running gateway send a debug bundle to its file servers.

    It holds the configuration without secrets, versions, states, connections, revisions and the last lines of the log,
    and lies in /LOG of each server after the next connection, which is asked for at once.
    """
    with waiting("the gateway gathers and packs"):
        made = gateway.ask("POST", "support-bundle", _Made, seconds=PACKING_SECONDS)
    if as_json:
        typer.echo(made.model_dump_json(indent=1))
        return
    typer.echo(f"{printable(made.name)} ({made.bytes / 1000:.0f} kB)")
    typer.echo(printable(made.detail))
