"""Command files and messages, read; their results, written and read back (spec 4.1)."""

import json
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from heliograph.formats.jsontext import JsonError, Node, each_member
from heliograph.formats.report import nearest, quote

COMMAND_FILE_LIMIT: Final = 1024 * 1024
"""A larger command file is refused."""

_FUNCTION = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_COMMAND_KEYS = ("rpcName", "parameters", "callerId", "expires")
_RESULT_KEYS = ("result", "error", "callerId")


@dataclass(frozen=True, slots=True)
class Command:
    """One command as it was asked for; whether there is such a command is not yet known."""

    script: str
    """`sunpm` for the built-in ones, else the name of a script's file without `.lua`."""
    function: str
    parameters: dict[str, Any] = field(default_factory=dict)
    caller_id: str | None = None
    expires: int | None = None
    """Milliseconds since 1970: arriving later, it is answered with an error."""

    @property
    def name(self) -> str:
        """The `rpcName`."""
        return f"{self.script}.{self.function}"


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What became of one command: a result (any JSON value), or an error for a person, never both."""

    result: Any = None
    error: str | None = None
    caller_id: str | None = None


class CommandError(ValueError):
    """The text is no command file. Its message names line and column, and is what the sender is to read."""


def parse_commands(content: str | bytes) -> list[Command]:
    """Read a command file or message: an array of commands, or a single one without brackets.

    Raises `CommandError` where it is not JSON, not of this form, not UTF-8, or over 1 MiB: then nothing of it is run.
    """
    try:
        text = _text(content)
        reader = _FormReader(text)
        return [_command(reader, node) for node in each_member(text)]
    except JsonError as error:
        raise CommandError(f"not a command file: {error}") from error


def write_results(results: Iterable[CommandResult]) -> str:
    """Print results as a file or message: an array, one object a line. Infinities and not-a-number become `null`."""
    lines = [json.dumps(_result_object(result), ensure_ascii=False, allow_nan=False) for result in results]
    return "[" + ",\n ".join(lines) + "]\n"


def parse_results(content: str | bytes) -> list[CommandResult]:
    """Read a results file, or raise `CommandError`."""
    try:
        text = _text(content)
        reader = _FormReader(text)
        return [_result(reader, node) for node in each_member(text)]
    except JsonError as error:
        raise CommandError(f"not a results file: {error}") from error


def _text(content: str | bytes) -> str:
    """Decode; what can't be decoded or is too large raises `CommandError`."""
    raw = content.encode(errors="surrogatepass") if isinstance(content, str) else content
    if len(raw) > COMMAND_FILE_LIMIT:
        raise CommandError(f"refused: larger than {COMMAND_FILE_LIMIT // 1024} KiB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        head = raw[: error.start].decode(errors="replace").removeprefix("\ufeff")
        raise JsonError(head, len(head), "not UTF-8 text") from error


class _FormReader:
    """Checks the form of a file whose JSON is right; every fault names its place."""

    def __init__(self, text: str) -> None:
        self._text = text

    def error(self, node: Node, reason: str) -> JsonError:
        return JsonError(self._text, node.offset, reason)

    def fields(self, node: Node, known: tuple[str, ...]) -> dict[str, Node]:
        """The members of an object, none unknown."""
        if not isinstance(node.value, dict):
            raise self.error(node, f"an object is expected, with {', '.join(known)}")
        for key, offset in (node.keys or {}).items():
            if key not in known:
                raise JsonError(
                    self._text,
                    offset,
                    f"unknown key {quote(key)}{nearest(key, known) or ' (known: ' + ', '.join(known) + ')'}",
                )
        return node.value

    def take(self, node: Node | None, name: str, kind: str, fits: Callable[[Any], bool]) -> Any:
        """The plain value of a member, or None where it is absent or `null`."""
        if node is None or node.value is None:
            return None
        value = node.plain()
        if not fits(value):
            raise self.error(node, f"{name} is to be {kind}")
        return value


def _command(reader: _FormReader, node: Node) -> Command:
    fields = reader.fields(node, _COMMAND_KEYS)
    name = reader.take(fields.get("rpcName"), "rpcName", "a text '<script>.<function>'", _is_rpc_name)
    if name is None:
        raise reader.error(fields.get("rpcName", node), "rpcName is missing: '<script>.<function>'")
    script, _, function = name.rpartition(".")
    return Command(
        script,
        function,
        reader.take(fields.get("parameters"), "parameters", "an object", _is_object) or {},
        _caller_id(reader, fields),
        reader.take(fields.get("expires"), "expires", "a whole number of milliseconds since 1970", _is_instant),
    )


def _result(reader: _FormReader, node: Node) -> CommandResult:
    fields = reader.fields(node, _RESULT_KEYS)
    if ("result" in fields) is ("error" in fields):
        raise reader.error(node, "exactly one of result and error is expected")
    caller_id = _caller_id(reader, fields)
    if "result" in fields:
        return CommandResult(result=fields["result"].plain(), caller_id=caller_id)
    error = reader.take(fields["error"], "error", "a text", _is_text)
    if error is None:
        raise reader.error(fields["error"], "error is to be a text")
    return CommandResult(error=error, caller_id=caller_id)


def _caller_id(reader: _FormReader, fields: dict[str, Node]) -> str | None:
    caller_id = reader.take(fields.get("callerId"), "callerId", "a text", _is_text)
    return None if caller_id is None else str(caller_id)


def _result_object(result: CommandResult) -> dict[str, Any]:
    if result.error is not None:
        return {"error": result.error, "callerId": result.caller_id}
    return {"result": _finite(result.result), "callerId": result.caller_id}


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(member) for member in value]
    return value


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_instant(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_rpc_name(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    script, _, function = value.rpartition(".")
    return bool(script.strip()) and _FUNCTION.fullmatch(function) is not None
