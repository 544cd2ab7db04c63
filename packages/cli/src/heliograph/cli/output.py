"""What commands print, and how they fail: UTF-8, LF, no colours for machines, one line a message whatever a file holds.

With `--json` standard output has JSON alone, and what is wrong is a problem document on standard error.
"""

import io
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

from heliograph.cli.exits import Exit
from heliograph.formats.findings import Finding, parse_finding


@dataclass(frozen=True, slots=True)
class Caller:
    """The command that runs, and whether it speaks to a program (`--json`)."""

    command: str = "heliograph"
    as_json: bool = False


@dataclass(slots=True, eq=False)
class Failure(Exception):
    """A command cannot do what it was asked; the text says to a person why, and what to do."""

    text: str
    status: Exit
    findings: Sequence[str] = ()
    """About a configuration set, `file:line:column: error|warning: text`."""
    problem: dict[str, Any] = field(default_factory=dict)
    """The problem document of the gateway, where there is one."""


_NOBODY: Final = Caller()
_CALLER: Final = ContextVar("caller", default=_NOBODY)


@contextmanager
def calling(command: str, *, as_json: bool) -> Iterator[None]:
    """Have everything that is told within told as by this command."""
    token = _CALLER.set(Caller(command, as_json))
    try:
        yield
    finally:
        _CALLER.reset(token)


def speaks_json() -> bool:
    """Whether the command that runs speaks to a program."""
    return _CALLER.get().as_json


def prepare_output() -> None:
    """Make standard output and error the same on every machine, whatever its locale."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def printable(text: str) -> str:
    """Return a text of a stranger with control characters escaped: it can neither break a line nor move a cursor."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def print_findings(findings: Iterable[Finding], *, to_errors: bool = False) -> None:
    """Print one line a finding; nothing where standard error is a program's."""
    if to_errors and speaks_json():
        return
    stream = sys.stderr if to_errors else sys.stdout
    for finding in findings:
        stream.write(printable(str(finding)) + "\n")


def print_json(document: Any, *, indent: int | None = 1) -> None:
    """Print one JSON document; without an indent it is a line of a stream."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=indent) + "\n")
    sys.stdout.flush()


def finding_row(text: str) -> dict[str, Any]:
    """Return a finding as JSON has it; a remark about a set as a whole has its text alone."""
    found = parse_finding(text)
    if found is None:
        return {"file": "", "line": None, "column": None, "severity": None, "text": text}
    place = {"file": found.file, "line": found.line, "column": found.column}
    return {**place, "severity": found.severity.value, "text": found.text}


def tell(text: str) -> None:
    """Say a line to a person beside the output; a program is not disturbed by it."""
    if not speaks_json():
        sys.stderr.write(printable(text) + "\n")


def warn(text: str) -> None:
    """Say what may not be missed, to a person or to a program."""
    caller = _CALLER.get()
    line = json.dumps({"warning": text}) if caller.as_json else f"{caller.command}: warning: {printable(text)}"
    sys.stderr.write(line + "\n")


def tell_failure(failure: Failure) -> None:
    """Say why the command ends: the findings and a line, or a problem document."""
    caller = _CALLER.get()
    if caller.as_json:
        sys.stderr.write(json.dumps(_document(failure), ensure_ascii=False) + "\n")
        return
    for finding in failure.findings:
        sys.stderr.write(printable(finding) + "\n")
    sys.stderr.write(f"{caller.command}: {printable(failure.text)}\n")


def _document(failure: Failure) -> dict[str, Any]:
    """As RFC 9457 has it; `status` is that of HTTP, and is there where the gateway gave one."""
    own = {"type": "about:blank", "title": failure.status.name.replace("_", " ").capitalize(), "detail": failure.text}
    findings = {"findings": [finding_row(text) for text in failure.findings]} if failure.findings else {}
    return own | findings | failure.problem | {"exit_code": int(failure.status)}
