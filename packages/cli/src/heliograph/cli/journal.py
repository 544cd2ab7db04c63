"""`heliograph journal`: the last commands of every way, and what else changed the plant, newest first (spec 4.1)."""

import datetime as dt
import json
from typing import Annotated, Any
from urllib.parse import urlencode

import typer
from pydantic import BaseModel

from heliograph.cli.asking import Gateway, asks_gateway
from heliograph.cli.tables import print_texts
from heliograph.contract import JournalWay

MOST_LETTERS = 120
"""Of parameters and results in the table; --json has all."""

WayOption = Annotated[JournalWay | None, typer.Option("--way", help="Only what came in this way.")]
FailedOption = Annotated[bool, typer.Option("--failed", help="Only what ended with an error.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=1000, help="Rows at most.")]
BeforeOption = Annotated[int | None, typer.Option("--before", min=0, help="Only rows with a smaller number.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class _Entry(BaseModel, extra="allow"):
    """One row, as far as it is shown."""

    number: int
    way: str
    origin: str
    callerId: str | None = None  # noqa: N815  # the field's name in spec 4.1
    name: str
    parameters: Any = None
    started: int
    seconds: float | None = None
    result: Any = None
    error: str | None = None


class _Page(BaseModel, extra="allow"):
    """A page of the journal."""

    entries: list[_Entry]


@asks_gateway
def journal(
    way: WayOption = None,
    failed: FailedOption = False,
    limit: LimitOption = 20,
    before: BeforeOption = None,
    as_json: JsonOption = False,
    *,
    gateway: Gateway,
) -> None:
    """Show the last commands, and what else changed the plant, newest first."""
    wanted = {"limit": limit, "way": way, "before": before, "failed": "true" if failed else None}
    query = urlencode({name: value for name, value in wanted.items() if value is not None})
    page = gateway.ask("GET", f"commands?{query}", _Page, seconds=15)
    if as_json:
        typer.echo(page.model_dump_json(indent=1))
    elif not page.entries:
        typer.echo("No such entry in the journal.")
    else:
        print_texts("", _COLUMNS, map(_texts, page.entries), right={"no.", "took"})


_COLUMNS = ("no.", "when", "way", "from", "caller", "command", "parameters", "took", "result")


def _texts(row: _Entry) -> tuple[str, ...]:
    took = "running" if row.seconds is None else f"{row.seconds:.2f} s"
    result = f"error: {row.error}" if row.error is not None else "" if row.seconds is None else _short(row.result)
    when = dt.datetime.fromtimestamp(row.started / 1000, dt.UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return (
        str(row.number), when, row.way, row.origin, row.callerId or "", row.name, _short(row.parameters), took, result,
    )  # fmt: skip


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"
