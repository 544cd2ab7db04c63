"""What commands print for machines: UTF-8, LF, no colours, no wrapping, one line a message whatever a file holds."""

import io
import sys
from collections.abc import Iterable

from heliograph.formats.findings import Finding


def prepare_output() -> None:
    """Make standard output and error the same on every machine, whatever its locale."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def printable(text: str) -> str:
    """Return a text of a stranger with control characters escaped: it can neither break a line nor move a cursor."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def print_findings(findings: Iterable[Finding], *, to_errors: bool = False) -> None:
    """Print one line a finding."""
    stream = sys.stderr if to_errors else sys.stdout
    for finding in findings:
        stream.write(printable(str(finding)) + "\n")
