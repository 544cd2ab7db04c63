"""`heliograph check`: every finding about a configuration set, offline (spec 1.10)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from heliograph.cli.output import prepare_output, print_findings
from heliograph.commands.scripts.listed import mistakes
from heliograph.formats import is_uid, read_set
from heliograph.formats.findings import has_errors
from heliograph.runtime.setdirectory import read_set_directory

SetArgument = Annotated[Path, typer.Argument(metavar="DIR", help="The set: CONFIG/, DEF/, SCRIPT/, CERT/.")]
UidOption = Annotated[str, typer.Option("--uid", help="The gateway's uid; default: the prefix of the files' names.")]


def check(directory: SetArgument, uid: UidOption = "") -> None:
    """Check a configuration set offline: one line per finding, `file:line:column: error|warning: text`.

    Exit status: 0 without errors (warnings may be), 1 with errors, 2 when it could not be asked like this.
    """
    prepare_output()
    if not directory.is_dir():
        raise typer.BadParameter(f"{directory} is not a directory", param_hint="DIR")
    if uid and not is_uid(uid):
        raise typer.BadParameter(f"{uid!r} is no uid: 1 to 32 of A-Z a-z 0-9 _ -", param_hint="--uid")
    files, unread = read_set_directory(directory)
    applied, findings = read_set(files, uid)
    scripts = _scripts(applied.files if applied else files)
    everything = sorted({*unread, *findings, *mistakes(scripts)})
    print_findings(everything)
    raise typer.Exit(1 if has_errors(everything) else 0)


def _scripts(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the texts of scripts by path: those that the set names, or all where it is not known which these are."""
    paths = [path for path in files if path.startswith("SCRIPT/") and path.endswith(".lua")]
    return {path: files[path].decode(errors="replace") for path in paths}
