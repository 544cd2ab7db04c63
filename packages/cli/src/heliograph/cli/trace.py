"""`heliograph trace`: what goes over an interface of a running gateway is written down for some minutes (spec 3.4)."""

from typing import Annotated

import typer

from heliograph.cli.asking import Gateway, Told, asks_gateway
from heliograph.cli.output import printable
from heliograph.contract import TraceInterface

InterfaceArgument = Annotated[TraceInterface, typer.Argument(metavar="INTERFACE", help="serial1 … serial3, ethernet.")]
MinutesOption = Annotated[int, typer.Option("--minutes", min=0, max=1440, help="From now; 0 ends a trace.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@asks_gateway
def trace(
    interface: InterfaceArgument, minutes: MinutesOption = 10, *, gateway: Gateway, as_json: JsonOption = False
) -> None:
    """Have a running gateway write down what goes over an interface.

    The file lies in /LOG of each file server after the next connection; `heliograph replay` makes a device of it.
    """
    body = {"interface": interface.value, "minutes": minutes}
    accepted = gateway.ask("POST", "traces", Told, body=body)
    typer.echo(accepted.model_dump_json(indent=1) if as_json else printable(accepted.detail))
