"""`heliograph support-bundle`: a debug bundle is asked for over the REST API; it goes to the servers (spec 3.4).

Exit status: 0 it is made, 1 it is refused, 2 it could not be asked like this, 3 no gateway answers.
"""

import httpx
import typer
from pydantic import BaseModel, ValidationError

from heliograph.cli.gateway import DEFAULT_API_PORT
from heliograph.cli.output import prepare_output, printable
from heliograph.cli.rest import NO_ANSWER, REFUSED, TokenOption, UrlOption, ask, check_address, explained, refusal

PACKING_SECONDS = 75.0
"""Longer than the gateway takes to find out that its own service does not answer."""


class _Made(BaseModel):
    """What the page answers."""

    name: str
    bytes: int
    detail: str


def support_bundle(url: UrlOption = f"http://127.0.0.1:{DEFAULT_API_PORT}", token: TokenOption = "") -> None:
    """Have a running gateway send a debug bundle to its file servers.

    It holds the configuration without secrets, versions, states, connections, revisions and the last lines of the log,
    and lies in /LOG of each server after the next connection, which is asked for at once.

    Exit status: 0 it is made, 1 it is refused, 2 it could not be asked like this, 3 no gateway answers.
    """
    prepare_output()
    check_address(url)
    try:
        text = ask("POST", f"{url.rstrip('/')}/api/v1/support-bundle", token, PACKING_SECONDS)
        made = _Made.model_validate_json(text)
    except (httpx.HTTPError, httpx.InvalidURL, ValidationError, ValueError) as error:
        refused = refusal(error)
        said = refused or explained(url, error, "a bundle")
        typer.echo(f"heliograph support-bundle: {printable(said)}", err=True)
        raise typer.Exit(REFUSED if refused else NO_ANSWER) from error
    typer.echo(f"{printable(made.name)} ({made.bytes / 1000:.0f} kB)")
    typer.echo(printable(made.detail))
