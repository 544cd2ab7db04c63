"""What is asked of sync about the configuration and its revisions, and what is known of them without asking."""

from collections.abc import Mapping
from typing import Final

from heliograph.api.errors import NotThere, Overtaken, Problem, Refused, SetRefused, Silent
from heliograph.api.models import finding_rows
from heliograph.api.sets import ConfigurationNow, EditDone, ServiceRevision, TrialNow
from heliograph.api.view import View
from heliograph.contract import (
    ApiState,
    CollectorState,
    CommandsState,
    EditAnswer,
    EditRequest,
    PageRequest,
    ReturnRequest,
    RevisionDetail,
    RevisionPage,
    RevisionSummary,
    ScriptCheckAnswer,
    ScriptCheckRequest,
    SyncState,
)
from heliograph.contract.channels import EDIT, RETURN, REVISION, REVISIONS, SCRIPT_CHECK, Channel
from heliograph.contract.requests import RevisionRequest
from heliograph.formats.findings import Severity, parse_finding
from heliograph.formats.secrets import mask_secrets

MOST_SCRIPTS: Final = 64
"""Of an edit that are read beforehand."""
EDIT_SECONDS: Final = 30.0
"""Validation of a large set takes a while."""


def configuration_now(view: View) -> ConfigurationNow:
    """Tell which configuration is in force, and what became of the newest one. Raises `Silent`."""
    sync = view.sync()
    if sync is None:
        raise Silent("The service sync has not told its state yet; try again in a moment.")
    offered = view.in_force.offered
    known = offered if offered and offered.number == sync.revision else None
    return ConfigurationNow(
        revision=sync.revision,
        time=known.time if known else None,
        origin=known.origin if known else "",
        uid=sync.uid,
        site=sync.site,
        rejected=sync.rejected,
        findings=finding_rows(sync.findings),
        trial=_trial_now(sync, view.now()),
        services=_services(view),
    )


async def revisions(view: View, page: PageRequest) -> RevisionPage:
    """A page of the history of revisions; raises `Silent`, `Refused`."""
    answer: RevisionPage = await view.ask(REVISIONS, page)
    if answer.error:
        raise Refused(answer.error)
    return answer


async def revision(
    view: View, number: int | None = None, against: int | None = None
) -> tuple[RevisionSummary, RevisionDetail]:
    """One revision, or the one in force, without secrets; its difference is to the one before, or to another one.

    Raises `NotThere`, `Refused`, `Silent`.
    """
    request = RevisionRequest(number=number, against=against)
    answer: RevisionDetail = await view.ask(REVISION, request, EDIT_SECONDS)
    if answer.summary is None:
        for wanted in {number, against or number}:
            await _require(view, wanted)
        raise Refused(answer.error or "The service sync does not give this revision.")
    hidden = {path: _hidden(path, text) for path, text in answer.files.items()}
    return answer.summary, answer.model_copy(update={"files": hidden, "diff": mask_secrets(answer.diff)})


async def edit(view: View, request: EditRequest) -> EditDone:
    """Change files of the set; raises `Overtaken`, `SetRefused`, `Refused`, `Oversized`, `Silent`.

    Scripts are read by Lua before, so that a mistake in one is told with its line and nothing is taken back for it.
    """
    if mistakes := await mistakes_in(view, request.files):
        raise SetRefused("Lua cannot read a script: mend it and send it again. Nothing was changed.", mistakes)
    answer = await _changed(view, EDIT, request)
    return _checked(answer) if request.only_check else _done(answer)


async def mistakes_in(view: View, files: Mapping[str, str | None]) -> tuple[str, ...]:
    """What Lua cannot read in the scripts among these files; nothing where the service commands does not say.

    It reads them again when they are to come in force, and rejects them then.
    """
    scripts = {path: text for path, text in files.items() if text is not None and path.startswith("SCRIPT/")}
    if not scripts or len(scripts) > MOST_SCRIPTS:
        return ()
    try:
        answer: ScriptCheckAnswer = await view.ask(SCRIPT_CHECK, ScriptCheckRequest(scripts=scripts), EDIT_SECONDS)
    except Problem:
        return ()
    return answer.findings


async def return_to(view: View, number: int, origin: str, message: str = "") -> EditDone:
    """Put an older revision in force again; raises as `edit`, and `NotThere`."""
    await _require(view, number)
    return _done(await _changed(view, RETURN, ReturnRequest(number=number, origin=origin, message=message)))


async def _require(view: View, number: int | None) -> None:
    """Raise `NotThere` where there is no such revision, or none at all."""
    page = await revisions(view, PageRequest(limit=1, before=None if number is None else number + 1))
    if not page.revisions:
        raise NotThere("No revision is in force yet." if number is None else _no_such(number))
    if number is not None and page.revisions[0].number != number:
        raise NotThere(_no_such(number))


async def _changed(view: View, channel: Channel, request: EditRequest | ReturnRequest) -> EditAnswer:
    try:
        answer: EditAnswer = await view.ask(channel, request, EDIT_SECONDS)
    except Silent as silence:
        look = "Whether it was done is not known: GET /api/v1/configuration tells the revision in force."
        raise Silent(f"{silence.detail} {look}") from silence
    if answer.conflict:
        raise Overtaken(answer.error or "Another revision is in force than the one that was edited: read it again.")
    if answer.error and _has_errors(answer):
        raise SetRefused(answer.error, answer.findings)
    if answer.error:
        raise Refused(answer.error)
    return answer


def _done(answer: EditAnswer) -> EditDone:
    if answer.provisional:
        detail = f"Revision {answer.revision} is in force, on trial until the main server was reached with it."
    elif answer.revision is None:
        detail = "Nothing was to be changed."
    else:
        detail = f"Revision {answer.revision} is in force."
    return EditDone(
        revision=answer.revision,
        provisional=answer.provisional,
        findings=finding_rows(answer.findings),
        detail=detail,
    )


def _checked(answer: EditAnswer) -> EditDone:
    if not answer.diff:
        detail = "Nothing would be changed."
    elif answer.provisional:
        detail = "It would be in force on trial until the main server was reached with it. Nothing was changed."
    else:
        detail = "It would be in force. Nothing was changed."
    return EditDone(
        revision=None,
        provisional=answer.provisional,
        findings=finding_rows(answer.findings),
        diff=mask_secrets(answer.diff),
        detail=detail,
    )


def _has_errors(answer: EditAnswer) -> bool:
    found = map(parse_finding, answer.findings)
    return any(finding is not None and finding.severity is Severity.ERROR for finding in found)


def _hidden(path: str, text: str) -> str:
    """Return a file without its passwords: sync sends none, and none would pass here."""
    return mask_secrets(text) if path.endswith("_config.ini") else text


def _no_such(number: int) -> str:
    return f"There is no revision {number}; /api/v1/configuration/revisions lists those that are kept."


def _trial_now(sync: SyncState, now: int) -> TrialNow | None:
    if sync.trial is None:
        return None
    return TrialNow(seconds_left=max(0, sync.trial.until - now) // 1000, **sync.trial.model_dump())


def _services(view: View) -> tuple[ServiceRevision, ...]:
    return tuple(
        ServiceRevision(
            service=state.service,
            revision=state.revision,
            rejected=state.rejected,
            rejected_revision=state.rejected_revision,
        )
        for state in view.states()
        if isinstance(state, CollectorState | CommandsState | ApiState)
    )
