"""`heliograph trace`: what goes over an interface of a running gateway is written down for some minutes (spec 3.4).

Exit status: 0 it is being written, 1 it is refused, 2 it could not be asked like this, 3 no gateway answers.
"""

from typing import Annotated

import httpx
import typer
from pydantic import BaseModel, ValidationError

from heliograph.cli.gateway import DEFAULT_API_PORT
from heliograph.cli.output import prepare_output, printable
from heliograph.cli.rest import NO_ANSWER, REFUSED, TokenOption, UrlOption, ask, check_address, explained, refusal
from heliograph.contract import TraceInterface

InterfaceArgument = Annotated[TraceInterface, typer.Argument(metavar="INTERFACE", help="serial1 … serial3, ethernet.")]
MinutesOption = Annotated[int, typer.Option("--minutes", min=0, max=1440, help="From now; 0 ends a trace.")]


class _Accepted(BaseModel):
    """What the page answers."""

    detail: str


def trace(
    interface: InterfaceArgument,
    minutes: MinutesOption = 10,
    url: UrlOption = f"http://127.0.0.1:{DEFAULT_API_PORT}",
    token: TokenOption = "",
) -> None:
    """Have a running gateway write down what goes over an interface.

    The file lies in /LOG of each file server after the next connection; `heliograph replay` makes a device of it.

    Exit status: 0 it is being written, 1 it is refused, 2 it could not be asked like this, 3 no gateway answers.
    """
    prepare_output()
    check_address(url)
    body = {"interface": interface.value, "minutes": minutes}
    try:
        accepted = _Accepted.model_validate_json(ask("POST", f"{url.rstrip('/')}/api/v1/traces", token, body=body))
    except (httpx.HTTPError, httpx.InvalidURL, ValidationError, ValueError) as error:
        said = refusal(error)
        typer.echo(f"heliograph trace: {printable(said or explained(url, error, 'an answer'))}", err=True)
        raise typer.Exit(REFUSED if said else NO_ANSWER) from error
    typer.echo(printable(accepted.detail))
