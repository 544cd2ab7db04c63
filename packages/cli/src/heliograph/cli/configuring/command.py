"""The sub-commands of `heliograph config`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from heliograph.api.archives import ArchiveFormat, pack
from heliograph.cli.asking import Gateway, asks_gateway
from heliograph.cli.completing import revisions
from heliograph.cli.configuring.difference import difference, show_difference
from heliograph.cli.configuring.known import Configuration, Whole
from heliograph.cli.configuring.putting import Agreement, put, roll_back
from heliograph.cli.configuring.sources import archive_format, read_source, texts, write_directory, write_file
from heliograph.cli.exits import Exit
from heliograph.cli.output import Failure, print_json, printable
from heliograph.cli.tables import print_texts
from heliograph.cli.words import moment

app = typer.Typer(
    help="The configuration of a running gateway: get it, put it, compare it, go back.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

STANDARD_OUTPUT = Path("-")

TargetArgument = Annotated[
    Path | None,
    typer.Argument(metavar="[TARGET]", help="A directory, a .zip or .tar.gz file, or - for standard output."),
]
SourceArgument = Annotated[
    list[Path],
    typer.Argument(metavar="SOURCE...", help="The set's directory, an archive of it, or files in CONFIG/, DEF/, …"),
]
RevisionOption = Annotated[
    int | None, typer.Option("--revision", min=1, help="This one; default: in force.", autocompletion=revisions)
]
FileOption = Annotated[str, typer.Option("--file", metavar="PATH", help="Only this file, as DEF/inverter.csv.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace files that are there and differ.")]
CheckOption = Annotated[bool, typer.Option("--check", help="Only say what would come of it; change nothing.")]
OnlyOption = Annotated[bool, typer.Option("--only", help="Change these files alone; all others of the set stay.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
MessageOption = Annotated[
    str, typer.Option("--message", "-m", metavar="TEXT", help="Why, in a line: the history of revisions keeps it.")
]
TimeoutOption = Annotated[float, typer.Option("--timeout", min=1, max=3600, help="Seconds to wait for all services.")]
FromOption = Annotated[
    int | None, typer.Option("--from", min=1, metavar="N", help="The older revision.", autocompletion=revisions)
]
ToOption = Annotated[
    int | None, typer.Option("--to", min=1, metavar="N", help="The newer revision.", autocompletion=revisions)
]
DirectoryArgument = Annotated[
    Path | None, typer.Argument(metavar="[SOURCE]", help="A set's directory, or an archive of it.")
]
NumberArgument = Annotated[
    int | None, typer.Argument(metavar="[N]", min=1, help="Default: the one before.", autocompletion=revisions)
]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=1000, help="Rows at most.")]
BeforeOption = Annotated[int | None, typer.Option("--before", min=1, help="Only revisions with a smaller number.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command("get")
@asks_gateway
def get(
    target: TargetArgument = None,
    *,
    gateway: Gateway,
    revision: RevisionOption = None,
    file: FileOption = "",
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Fetch the configuration set: into a directory or an archive, or one file of it; without a target list its files.

    Passwords read `***`; in files that are there already they stay what they are. Files that differ are replaced with
    --force alone.
    """
    found = Configuration(gateway).whole(revision)
    if file and file not in found.files:
        raise Failure(
            f"revision {found.number} has no file {file}; it has: {', '.join(sorted(found.files))}", Exit.REFUSED
        )
    files = {file: found.files[file]} if file else found.files
    is_shown = target == STANDARD_OUTPUT or (target is None and file)
    place = (None if as_json else STANDARD_OUTPUT) if is_shown else target
    written = _deliver(found, files, place, is_single=bool(file), force=force)
    if as_json:
        shown = None if target in (None, STANDARD_OUTPUT) else str(target)
        print_json({"revision": found.number, "target": shown, "written": written, "files": files})
    elif target is None and not file:
        print_texts(
            "", ("file", "bytes"), [(p, str(len(t.encode()))) for p, t in sorted(files.items())], right={"bytes"}
        )
    elif target not in (None, STANDARD_OUTPUT):
        typer.echo(printable(f"revision {found.number}: {len(written)} of {len(files)} files written to {target}"))


@app.command("put")
@asks_gateway
def put_set(
    source: SourceArgument,
    *,
    gateway: Gateway,
    check: CheckOption = False,
    only: OnlyOption = False,
    message: MessageOption = "",
    yes: YesOption = False,
    timeout: TimeoutOption = 60,
    as_json: JsonOption = False,
) -> None:
    """Put a whole set into force, or some files of it: one revision, or nothing.

    It is checked as `heliograph check` does, then by the gateway; the difference is shown and a yes is asked for. A
    directory or an archive is the whole set: what is not in it goes. Single files leave all others as they are. A
    password that reads `***` stays. A change that is on trial is told with its end.

    Exit status: 0 every service took it, or with --check could; 1 findings with errors, refused or rejected; 5 another
    revision came into force meanwhile; 6 not every service took it in time; else as everywhere.
    """
    del as_json
    put(Configuration(gateway), read_source(source, only=only), Agreement(check, yes, timeout, message))


@app.command("diff")
@asks_gateway
def diff(
    source: DirectoryArgument = None,
    *,
    gateway: Gateway,
    old: FromOption = None,
    new: ToOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what differs: from the revision in force to a set of this machine, or between two revisions.

    Without a set: from the revision before to the one in force. Passwords are not compared.

    Exit status: 0 nothing differs, 1 something does, else as everywhere.
    """
    if source is not None and new is not None:
        raise typer.BadParameter("a set is the newer side: either SOURCE or --to", param_hint="--to")
    known = Configuration(gateway)
    newer = texts(read_source([source], only=False).files) if source else known.whole(new).files
    older = known.whole(old if old is not None or source is not None else known.one_before()).files
    shown = difference(older, newer)
    if as_json:
        print_json({"differs": bool(shown), "diff": shown})
    else:
        show_difference(shown)
    raise typer.Exit(Exit.REFUSED if shown else Exit.DONE)


@app.command("log")
@asks_gateway
def log(*, gateway: Gateway, limit: LimitOption = 20, before: BeforeOption = None, as_json: JsonOption = False) -> None:
    """List the revisions, newest first: when, from where, why, and what became of each."""
    page = Configuration(gateway).page(limit, before)
    if as_json:
        typer.echo(page.model_dump_json(indent=1))
        return
    rows = [
        (str(row.number), moment(row.time), row.origin, row.state, ", ".join(row.changed), row.message, row.note)
        for row in page.revisions
    ]
    print_texts("", ("no.", "when", "from", "state", "changed", "why", "note"), rows, right={"no."})


@app.command("rollback")
@asks_gateway
def rollback(
    number: NumberArgument = None,
    *,
    gateway: Gateway,
    message: MessageOption = "",
    yes: YesOption = False,
    timeout: TimeoutOption = 60,
    as_json: JsonOption = False,
) -> None:
    """Put an older revision in force again, as a new one; shows the difference and asks.

    Exit status: 0 every service took it; 1 refused or rejected; 6 not every service took it in time; else as
    everywhere.
    """
    del as_json
    roll_back(Configuration(gateway), number, Agreement(yes=yes, timeout=timeout, message=message))


def _deliver(found: Whole, files: dict[str, str], target: Path | None, *, is_single: bool, force: bool) -> list[str]:
    """Write files to where they are wanted; return the paths that were written there."""
    if target is None:
        return []
    form = ArchiveFormat.TAR_GZ if target == STANDARD_OUTPUT else archive_format(target)
    if target.is_dir() or (form is None and not is_single):
        return write_directory(target, files, force=force)
    content = (
        "".join(files.values()).encode() if is_single else pack(files, form or ArchiveFormat.ZIP, found.time // 1000)
    )
    if target == STANDARD_OUTPUT:
        _to_output(content)
        return []
    write_file(target, content, force=force)
    return sorted(files)


def _to_output(content: bytes) -> None:
    if sys.stdout.isatty() and content.startswith(b"\x1f\x8b"):
        raise Failure("an archive is nothing for a terminal: name a file, or pipe it on", Exit.USAGE)
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
