"""`heliograph account token`: the tokens of programs – made, listed, revoked – over REST.

A token is shown once: on standard output alone, so that it can be piped, or in a file that nobody else may read.
"""

import os
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote

import typer
from pydantic import BaseModel

from heliograph.cli.asking import Gateway, Told, asks_gateway
from heliograph.cli.exits import Exit
from heliograph.cli.output import Failure, print_json, printable, tell
from heliograph.cli.tables import print_texts
from heliograph.cli.words import moment

app = typer.Typer(help="Tokens of programs: add, list, remove.", no_args_is_help=True, rich_markup_mode=None)

NameArgument = Annotated[str, typer.Argument(help="Of the program: small letters, digits, dots, hyphens, underscores.")]
RoleOption = Annotated[
    Literal["viewer", "operator"], typer.Option("--role", help="A viewer reads, an operator does everything.")
]
DaysOption = Annotated[
    int | None, typer.Option("--days", min=1, max=3650, help="It expires after so many; default: it does not expire.")
]
FileOption = Annotated[
    Path | None, typer.Option("--file", metavar="PATH", help="Write it into this new file, mode 600; do not show it.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class _Token(BaseModel):
    name: str
    role: str
    created: int
    by: str = ""
    expires: int | None = None
    last_used: int | None = None


class _Made(_Token):
    token: str


class _Tokens(BaseModel):
    tokens: tuple[_Token, ...]


@app.command("add")
@asks_gateway
def add(
    name: NameArgument,
    *,
    gateway: Gateway,
    role: RoleOption = "viewer",
    days: DaysOption = None,
    file: FileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token for a program. It is shown once: on standard output, or written into a file of its own.

    Exit status: 7 the file is there already or cannot be written, and there is no token; else as everywhere.
    """
    body: dict[str, object] = {"name": name, "role": role, "days": days}
    made = gateway.ask("POST", "tokens", _Made, body=body) if file is None else _written(gateway, body, file)
    shown = made.model_dump() if file is None else {**made.model_dump(exclude={"token"}), "file": str(file)}
    if as_json:
        print_json(shown)
        return
    tell(f"The token {made.name} ({made.role}) is made; {_place(file)}. Whoever has it may come in.")
    if file is None:
        typer.echo(printable(made.token))


@app.command("list")
@asks_gateway
def list_tokens(*, gateway: Gateway, as_json: JsonOption = False) -> None:
    """Show the tokens of programs: names, roles, last use and expiry; never the tokens themselves.

    Exit status: as everywhere (heliograph help exit-codes).
    """
    known = gateway.ask("GET", "tokens", _Tokens)
    if as_json:
        typer.echo(known.model_dump_json(indent=1))
    elif not known.tokens:
        typer.echo("There is no token yet; make one for a program that reads: heliograph account token add NAME")
    else:
        columns = ("token", "role", "made", "by", "expires", "last use")
        print_texts("", columns, [_row(token) for token in known.tokens], right=())


@app.command("remove")
@asks_gateway
def remove(name: NameArgument, *, gateway: Gateway, as_json: JsonOption = False) -> None:
    """Revoke a token: it is worth nothing from now on.

    Exit status: as everywhere (heliograph help exit-codes).
    """
    told = gateway.ask("DELETE", _path(name), Told)
    typer.echo(told.model_dump_json(indent=1) if as_json else printable(told.detail))


def _written(gateway: Gateway, body: dict[str, object], file: Path) -> _Made:
    """Make a token and write it; the file is there before the token is. Raises `Failure`."""
    handle = _opened(file)
    try:
        made = gateway.ask("POST", "tokens", _Made, body=body)
        os.write(handle, f"{made.token}\n".encode())
        os.fsync(handle)
    except OSError as error:
        file.unlink(missing_ok=True)
        gateway.ask("DELETE", _path(str(body["name"])), Told)  # nobody has it
        said = f"{file} cannot be written, and the token is revoked again: {error.strerror}"
        raise Failure(said, Exit.IN_THE_WAY) from error
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)
    return made


def _opened(file: Path) -> int:
    try:
        return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        said = f"{file} is there already, and no token was made: name a new file"
        raise Failure(said, Exit.IN_THE_WAY) from error
    except OSError as error:
        said = f"{file} cannot be written, and no token was made: {error.strerror}"
        raise Failure(said, Exit.IN_THE_WAY) from error


def _path(name: str) -> str:
    return f"tokens/{quote(name, safe='')}"


def _place(file: Path | None) -> str:
    return "it is not shown again" if file is None else f"it is in {file}"


def _row(token: _Token) -> tuple[str, ...]:
    expires = moment(token.expires) if token.expires else "never"
    used = moment(token.last_used) if token.last_used else "never"
    return token.name, token.role, moment(token.created), token.by, expires, used
