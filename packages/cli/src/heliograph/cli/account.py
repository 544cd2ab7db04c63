"""`heliograph account`: who may come in – people added, listed, removed, given another password – over REST.

A password is asked for without echo, or read from standard input; it never stands in the call, where others could read
it. Exit status: as everywhere (heliograph help exit-codes).
"""

import getpass
import sys
from typing import Annotated, Final, Literal
from urllib.parse import quote

import typer
from pydantic import BaseModel

from heliograph.cli import account_tokens
from heliograph.cli.asking import Gateway, Told, asks_gateway
from heliograph.cli.exits import Exit
from heliograph.cli.output import Failure, printable
from heliograph.cli.tables import print_texts
from heliograph.cli.words import moment

LONGEST: Final = 4096

app = typer.Typer(
    help="Accounts of people: add, list, remove, password; tokens of programs.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(account_tokens.app, name="token")

NameArgument = Annotated[str, typer.Argument(help="Small letters, digits, dots, hyphens and underscores.")]
RoleOption = Annotated[
    Literal["viewer", "operator"], typer.Option("--role", help="A viewer reads, an operator does everything.")
]
StdinOption = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class _Account(BaseModel):
    name: str
    role: str
    created: int
    last_login: int | None = None


class _Accounts(BaseModel):
    accounts: tuple[_Account, ...]


@app.command("add")
@asks_gateway
def add(
    name: NameArgument,
    *,
    gateway: Gateway,
    role: RoleOption = "viewer",
    password_stdin: StdinOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make an account. The first one is an operator's; with it, the page asks everybody who they are.

    Exit status: as everywhere (heliograph help exit-codes).
    """
    body = {"name": name, "role": role, "password": _password(from_stdin=password_stdin)}
    made = gateway.ask("POST", "accounts", _Account, body=body)
    typer.echo(made.model_dump_json() if as_json else printable(f"The account {made.name} ({made.role}) is made."))


@app.command("list")
@asks_gateway
def list_accounts(*, gateway: Gateway, as_json: JsonOption = False) -> None:
    """Show the accounts.

    Exit status: as everywhere (heliograph help exit-codes).
    """
    known = gateway.ask("GET", "accounts", _Accounts)
    if as_json:
        typer.echo(known.model_dump_json(indent=1))
    elif not known.accounts:
        typer.echo("There is no account yet; make an operator's: heliograph account add NAME --role operator")
    else:
        rows = [(row.name, row.role, moment(row.created), _login(row)) for row in known.accounts]
        print_texts("", ("account", "role", "made", "last login"), rows, right=())


@app.command("remove")
@asks_gateway
def remove(name: NameArgument, *, gateway: Gateway, as_json: JsonOption = False) -> None:
    """Remove an account; its sessions end at once. The last operator stays.

    Exit status: as everywhere (heliograph help exit-codes).
    """
    _say(gateway.ask("DELETE", _path(name), Told), as_json=as_json)


@app.command("password")
@asks_gateway
def password(
    name: NameArgument, *, gateway: Gateway, password_stdin: StdinOption = False, as_json: JsonOption = False
) -> None:
    """Give an account another password; its sessions end.

    Exit status: as everywhere (heliograph help exit-codes).
    """
    body = {"password": _password(from_stdin=password_stdin)}
    _say(gateway.ask("PUT", f"{_path(name)}/password", Told, body=body), as_json=as_json)


def _password(*, from_stdin: bool) -> str:
    """Ask for the password twice, or read one line. Raises `Failure`."""
    if from_stdin:
        return sys.stdin.readline(LONGEST).rstrip("\r\n")
    if not _is_terminal():
        raise Failure("there is no terminal to ask for the password: give it on --password-stdin", Exit.USAGE)
    given = getpass.getpass("Password: ")
    if getpass.getpass("The password again: ") != given:
        raise Failure("the two passwords are not the same", Exit.USAGE)
    return given


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _path(name: str) -> str:
    return f"accounts/{quote(name, safe='')}"


def _login(row: _Account) -> str:
    return moment(row.last_login) if row.last_login else "never"


def _say(told: Told, *, as_json: bool) -> None:
    typer.echo(told.model_dump_json(indent=1) if as_json else printable(told.detail))
