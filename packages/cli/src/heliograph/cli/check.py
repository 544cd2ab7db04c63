"""`heliograph check`: every finding about a configuration set, offline (spec 1.10)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from heliograph.cli.exits import Exit
from heliograph.cli.output import finding_row, prepare_output, print_findings, print_json
from heliograph.commands.scripts.listed import mistakes
from heliograph.formats import is_uid, read_set
from heliograph.formats.findings import Finding, Severity, has_errors
from heliograph.runtime.setdirectory import read_set_directory

SetArgument = Annotated[Path, typer.Argument(metavar="DIR", help="The set: CONFIG/, DEF/, SCRIPT/, CERT/.")]
UidOption = Annotated[str, typer.Option("--uid", help="The gateway's uid; default: the prefix of the files' names.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def check(directory: SetArgument, uid: UidOption = "", as_json: JsonOption = False) -> None:
    """Check a configuration set offline: one line per finding, `file:line:column: error|warning: text`.

    Exit status: 0 without errors (warnings may be), 1 with errors, 2 when it could not be asked like this.
    """
    prepare_output()
    if not directory.is_dir():
        raise typer.BadParameter(f"{directory} is not a directory", param_hint="DIR")
    if uid and not is_uid(uid):
        raise typer.BadParameter(f"{uid!r} is no uid: 1 to 32 of A-Z a-z 0-9 _ -", param_hint="--uid")
    files, unread = read_set_directory(directory)
    everything = sorted({*unread, *findings_of(files, uid)})
    if as_json:
        _print_document(everything)
    else:
        print_findings(everything)
    raise typer.Exit(Exit.REFUSED if has_errors(everything) else Exit.DONE)


def findings_of(files: Mapping[str, bytes], uid: str = "") -> list[Finding]:
    """Return every finding about the files of a set, its scripts included."""
    applied, findings = read_set(files, uid)
    return sorted({*findings, *mistakes(_scripts(applied.files if applied else files))})


def _scripts(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the texts of scripts by path: those that the set names, or all where it is not known which these are."""
    paths = [path for path in files if path.startswith("SCRIPT/") and path.endswith(".lua")]
    return {path: files[path].decode(errors="replace") for path in paths}


def _print_document(findings: Sequence[Finding]) -> None:
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    rows = [finding_row(str(finding)) for finding in findings]
    print_json({"errors": errors, "warnings": len(findings) - errors, "findings": rows})
