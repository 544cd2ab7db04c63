"""`heliograph command`: commands executed by a running gateway at once, once, with their results (spec 4.1).

Exit status: 0 every command was done; 1 one ended with an error, or all are refused; 6 still running; else as
everywhere.
"""

import json
import sys
import time
import uuid
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import BaseModel

from heliograph.cli.asking import Gateway, asks_gateway
from heliograph.cli.completing import parameters as parameter_words
from heliograph.cli.exits import Exit
from heliograph.cli.output import Failure, print_json, printable
from heliograph.cli.progress import waiting
from heliograph.formats import COMMAND_FILE_LIMIT, CommandError, parse_commands

MOST_WAIT_SECONDS: Final = 60.0
"""What the gateway lets wait in one request."""
ANSWER_SECONDS: Final = 20.0
"""Beyond the wait: until the gateway says that its own service does not answer."""
PAUSE_SECONDS: Final = 0.2
"""Between two questions, should the gateway not wait as it was asked to."""
LONGEST_KEY: Final = 200
BUILT_IN: Final = "sunpm"

NameArgument = Annotated[
    str,
    typer.Argument(metavar="[NAME]", help="As writeVariable, or <script>.<function>; - reads a text of commands."),
]
ParametersArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY=VALUE]...",
        help="Its parameters: JSON values, anything else is a text.",
        autocompletion=parameter_words,
    ),
]
FileOption = Annotated[
    Path | None, typer.Option("--file", metavar="FILE", help="A text of commands, as in a command file.")
]
CallerOption = Annotated[str, typer.Option("--caller-id", help="Free text for results and journal.")]
WaitOption = Annotated[float, typer.Option("--wait", min=0, max=86_400, help="Seconds to wait for the results.")]
KeyOption = Annotated[
    str, typer.Option("--key", help="Commands sent again with the same key do not run again; default: a new one.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the results as in an answer file.")]


class _Answer(BaseModel):
    """What the page answers, finished or not."""

    finished: bool
    results: list[dict[str, Any]] = []


@asks_gateway
def command(
    name: NameArgument = "",
    parameters: ParametersArgument = None,
    *,
    gateway: Gateway,
    file: FileOption = None,
    caller_id: CallerOption = "",
    wait: WaitOption = 60,
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Have a running gateway execute commands at once.

    heliograph command writeVariable device=roof_1 variable=cmdPwrPercent value=60

    Exit status: 0 every command was done; 1 one ended with an error, or all are refused; 6 still running; else as
    everywhere (heliograph help exit-codes).
    """
    text = _text(name, parameters or [], file, caller_id)
    names = _names(text)
    key = _checked(key) or uuid.uuid4().hex
    with waiting("waiting for the results"):
        answer = _answered(gateway, text, key, wait)
    if not answer.finished:
        said = f"still running after {wait:g} s; it goes on. For the results: the same with --key {key}"
        raise Failure(said, Exit.TIMED_OUT, problem={"key": key})
    _print(names, answer.results, as_json=as_json)
    raise typer.Exit(Exit.REFUSED if any("error" in result for result in answer.results) else Exit.DONE)


def _answered(gateway: Gateway, text: bytes, key: str, wait: float) -> _Answer:
    """Ask until the commands have run or the time is over: the key makes them run once."""
    end = time.monotonic() + wait
    while True:
        seconds = min(max(0.0, end - time.monotonic()), MOST_WAIT_SECONDS)
        headers = {"Idempotency-Key": key, "Prefer": f"wait={seconds:.0f}", "Content-Type": "application/json"}
        answer = gateway.ask("POST", "commands", _Answer, body=text, headers=headers, seconds=seconds + ANSWER_SECONDS)
        if answer.finished or time.monotonic() >= end - PAUSE_SECONDS:
            return answer
        time.sleep(PAUSE_SECONDS)


def _text(name: str, parameters: list[str], file: Path | None, caller_id: str) -> bytes:
    if (file is not None or name == "-") and (parameters or caller_id or (file is not None and name)):
        raise typer.BadParameter("a text of commands stands alone: name, parameters and caller are in it")
    if file is not None:
        return _read(file)
    if name == "-":
        return sys.stdin.buffer.read(COMMAND_FILE_LIMIT + 1)
    if not name:
        raise typer.BadParameter("a command's name is wanted, or --file", param_hint="NAME")
    known: dict[str, Any] = {"rpcName": name if "." in name else f"{BUILT_IN}.{name}"}
    known["parameters"] = dict(map(_parameter, parameters))
    known |= {"callerId": caller_id} if caller_id else {}
    return json.dumps([known], ensure_ascii=False).encode(errors="surrogateescape")


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(COMMAND_FILE_LIMIT + 1)
    except OSError as error:
        raise typer.BadParameter(f"{file} can't be read: {error.strerror}", param_hint="--file") from error


def _checked(key: str) -> str:
    if not (key.isascii() and key.isprintable() and len(key) <= LONGEST_KEY):
        raise typer.BadParameter(f"a key has at most {LONGEST_KEY} plain letters, digits and signs", param_hint="--key")
    return key


def _parameter(text: str) -> tuple[str, Any]:
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise typer.BadParameter(f"{printable(text)} is not KEY=VALUE", param_hint="KEY=VALUE")
    try:
        return key, json.loads(value, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return key, value


def _no_constant(word: str) -> float:
    """Leave NaN and Infinity texts: JSON has no such numbers."""
    raise ValueError(word)


def _names(text: bytes) -> list[str]:
    """The names of the commands. Raises `BadParameter` where the gateway could not read them either."""
    try:
        return [command.name for command in parse_commands(text)]
    except CommandError as error:
        raise typer.BadParameter(printable(str(error)), param_hint="commands") from error


def _print(names: list[str], results: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(results)
        return
    for name, result in zip(names, results, strict=False):
        said = f"error: {result['error']}" if "error" in result else _shown(result.get("result"))
        typer.echo(printable(f"{name}: {said}"))


def _shown(result: Any) -> str:
    """A result on one line."""
    if isinstance(result, str):
        return result
    if isinstance(result, dict) and result:
        return ", ".join(f"{key} {json.dumps(value, ensure_ascii=False)}" for key, value in result.items())
    return json.dumps(result, ensure_ascii=False)
