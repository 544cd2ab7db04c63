"""How `heliograph config` changes a set: checked here and there, shown, agreed to, put, and followed to its end."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import typer

from heliograph.api.archives import ArchiveFormat, pack
from heliograph.api.sets import MOST_FILES
from heliograph.cli.check import findings_of
from heliograph.cli.configuring.difference import changed, difference, show_difference
from heliograph.cli.configuring.known import Configuration, Done, Now
from heliograph.cli.configuring.sources import Source, texts
from heliograph.cli.exits import Exit
from heliograph.cli.output import Failure, print_findings, print_json, printable, speaks_json, tell
from heliograph.cli.progress import Say, waiting
from heliograph.cli.words import moment
from heliograph.contract import Trial
from heliograph.formats import read_set
from heliograph.formats.findings import Severity, has_errors

PAUSE_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far a change may go without being asked about, and how long its end is waited for."""

    check: bool = False
    yes: bool = False
    timeout: float = 60
    message: str = ""
    """Why, for the history of revisions."""

    @property
    def query(self) -> dict[str, str]:
        """What is sent along with the change."""
        return {"message": self.message} if self.message else {}


def put(configuration: Configuration, source: Source, agreement: Agreement) -> None:
    """Put files into force. Raises `Failure`."""
    base = configuration.whole()
    files = texts(_named(source, base.files))
    method, path, body = _request(files, is_whole=source.is_whole)
    with waiting("the gateway checks it"):
        checked = configuration.change(method, path, base.number, {"check": "true"}, body)
    after = files if source.is_whole else {**base.files, **files}
    shown = checked.diff or difference(base.files, after)
    _show_check(checked, shown)
    if agreement.check:
        _end(checked, shown)
    elif not shown:
        _end(checked.model_copy(update={"detail": "Nothing is to be changed."}), shown)
    else:
        _agree(agreement, f"Put {_files(len(changed(base.files, after)))} into force?")
        change = lambda: configuration.change(method, path, base.number, agreement.query, body)  # noqa: E731
        _carry_out(configuration, agreement, change, shown)


def roll_back(configuration: Configuration, number: int | None, agreement: Agreement) -> None:
    """Put an older revision in force again. Raises `Failure`."""
    base = configuration.whole()
    wanted = configuration.whole(configuration.one_before() if number is None else number)
    shown = difference(base.files, wanted.files)
    if not speaks_json():
        show_difference(shown, sys.stderr)
        tell("" if shown else "The files are the same, but perhaps for passwords.")
    _agree(agreement, f"Put revision {wanted.number} of {moment(wanted.time)} ({wanted.origin}) in force again?")
    _carry_out(
        configuration, agreement, lambda: configuration.put_back(wanted.number, base.number, agreement.query), shown
    )


def _named(source: Source, current: dict[str, str]) -> dict[str, bytes]:
    """Return the files that are to be sent: those of a whole set that it names. Raises `Failure` for errors in it."""
    known = {} if source.is_whole else {path: text.encode() for path, text in current.items()}
    merged = {**known, **source.files}
    findings = sorted({*source.findings, *findings_of(merged)})
    if has_errors(findings):
        errors = sum(finding.severity is Severity.ERROR for finding in findings)
        said = f"nothing is put, as the set would have {errors} {'error' if errors == 1 else 'errors'}"
        raise Failure(said, Exit.REFUSED, tuple(map(str, findings)))
    print_findings(findings, to_errors=True)
    if not source.is_whole:
        return source.files
    applied, _ = read_set(merged)
    named = {path: content for path, content in merged.items() if applied and path in applied.files}
    for path in sorted(merged.keys() - named.keys()):
        tell(f"{path} is left out: no other file of the set names it")
    return named


def _request(files: dict[str, str], *, is_whole: bool) -> tuple[str, str, object]:
    if is_whole:
        return "PUT", "archive", pack(files, ArchiveFormat.TAR_GZ, 0)
    if len(files) > MOST_FILES:
        said = f"{len(files)} files are more than the {MOST_FILES} that change together: put the whole set"
        raise Failure(said, Exit.USAGE)
    return "PATCH", "files", {"files": files}


def _show_check(checked: Done, shown: str) -> None:
    for finding in checked.findings:
        tell(str(finding))
    if not speaks_json():
        show_difference(shown, sys.stderr)


def _agree(agreement: Agreement, question: str) -> None:
    """Ask, unless that was agreed to before. Raises `Failure` where nobody agrees."""
    if agreement.yes:
        return
    if speaks_json() or not sys.stdin.isatty():
        raise Failure("nothing is changed, as nobody is there to be asked: say --yes", Exit.USAGE)
    if not typer.confirm(printable(question), err=True):
        raise Failure("nothing is changed", Exit.REFUSED)


def _carry_out(configuration: Configuration, agreement: Agreement, change: Callable[[], Done], shown: str) -> None:
    """Have it done, and follow it to where every service took it. Raises `Failure`."""
    left = "whether it was done is not known: `heliograph config log` tells"
    with waiting("the gateway puts it into force", left) as say:
        done = change()
        now = _followed(configuration, done.revision, agreement.timeout, say) if done.revision else None
    _end(done, shown, now.trial if now and now.trial and now.trial.revision == done.revision else None)


def _followed(configuration: Configuration, number: int, timeout: float, say: Say) -> Now:
    """Wait until every service that reports took the revision. Raises `Failure` when one did not, or time is over."""
    end = time.monotonic() + timeout
    while True:
        now = configuration.now()
        if faults := [f"{s.service}: {s.rejected}" for s in now.services if s.rejected_revision == number]:
            raise Failure(
                f"revision {number} is taken back, as not every service can use it: {'; '.join(faults)}", Exit.REFUSED
            )
        late = [service.service for service in now.services if (service.revision or 0) < number]
        if not late:
            return now
        if time.monotonic() >= end:
            said = f"revision {number} is in force, but not yet taken by {', '.join(late)} after {timeout:g} s"
            raise Failure(said, Exit.TIMED_OUT)
        say(f"revision {number} is taken by all but {', '.join(late)}")
        time.sleep(PAUSE_SECONDS)


def _end(done: Done, shown: str, trial: Trial | None = None) -> None:
    """Tell what came of it: every way of changing the set, or of not changing it, ends here."""
    if speaks_json():
        own = done.model_dump() | {"diff": shown, "trial": trial.model_dump() if trial else None}
        print_json(own)
        return
    typer.echo(printable(done.detail + (_way_back(trial) if trial else "")))


def _way_back(trial: Trial) -> str:
    return f" Without a connection to the main server by {moment(trial.until)}, {trial.back_to} returns."


def _files(count: int) -> str:
    return f"{count} {'file' if count == 1 else 'files'}"
