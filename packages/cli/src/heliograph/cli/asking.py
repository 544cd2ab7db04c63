"""One question of a sub-command to the REST API: the answer read, or the reason told and the command ended."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import typer
from pydantic import BaseModel, ValidationError

from heliograph.cli.output import printable
from heliograph.cli.rest import (
    NO_ANSWER,
    REFUSED,
    TIMEOUT_SECONDS,
    ask,
    check_address,
    complaint,
    explained,
    token_of,
)

Wanted = TypeVar("Wanted", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway's page, as the sub-command of this name asks it."""

    command: str
    url: str
    token: str

    @classmethod
    def of(cls, command: str, url: str, token: str, token_file: Path | None) -> "Gateway":
        """Take what the options say. Raises `BadParameter`."""
        check_address(url)
        return cls(command, url.rstrip("/"), token_of(token, token_file))

    def ask(
        self,
        method: str,
        path: str,
        wanted: type[Wanted],
        *,
        body: object = None,
        headers: dict[str, str] | None = None,
        seconds: float = TIMEOUT_SECONDS,
    ) -> Wanted:
        """Return the answer. Raises `typer.Exit` after the reason was told: 1 it is refused, 3 no gateway answers."""
        try:
            text = ask(method, f"{self.url}/api/v1/{path}", self.token, seconds, body, headers)
            return wanted.model_validate_json(text)
        except (httpx.HTTPError, httpx.InvalidURL, ValidationError, ValueError) as error:
            said = complaint(error)
            self.tell(said or explained(self.url, error, f"answer to heliograph {self.command}"))
            raise typer.Exit(REFUSED if said else NO_ANSWER) from error

    def tell(self, text: str) -> None:
        """Say a line to a person, on standard error."""
        typer.echo(f"heliograph {self.command}: {printable(text)}", err=True)
