"""Detections: asked of the collector; what a person accepts becomes an edit of the configuration like any other."""

from collections.abc import Sequence
from typing import Final

from heliograph.api import configuration as asked
from heliograph.api.detected import AcceptBody, DetectionBegun, DetectionNow
from heliograph.api.editing import Terms
from heliograph.api.errors import NotThere, Overtaken, Refused
from heliograph.api.sets import EditDone
from heliograph.api.view import View
from heliograph.contract import (
    DetectAnswer,
    DetectionQuery,
    DetectionState,
    DetectRequest,
    DeviceProposal,
    Outcome,
    Revision,
    StopDetection,
)
from heliograph.contract.channels import DETECT, DETECTION, STOP_DETECTION
from heliograph.formats.sunspec import Additions
from heliograph.runtime.acceptance import additions_of

TRIES: Final = 3
"""Of an edit that is overtaken by another one: what it adds is computed anew each time."""


async def start(view: View, request: DetectRequest) -> DetectionBegun:
    """Begin a detection; raises `Refused`, `Silent`."""
    answer: DetectAnswer = await view.ask(DETECT, request)
    if answer.error or answer.detection is None:
        raise Refused(answer.error)
    return DetectionBegun(detection=answer.detection, detail="The search runs; ask for it to see how it goes.")


async def newest(view: View) -> DetectionNow | None:
    """The newest detection, None where there is none; raises `Silent`."""
    state: DetectionState = await view.ask(DETECTION, DetectionQuery())
    return None if state.error else _now(state)


async def look(view: View, key: str) -> DetectionNow:
    """One detection; raises `NotThere`, `Silent`."""
    return _now(await _state(view, key))


async def stop(view: View, key: str, *, forget: bool = False) -> None:
    """End a detection, or forget it; raises `NotThere`, `Silent`."""
    outcome: Outcome = await view.ask(STOP_DETECTION, StopDetection(detection=key, forget=forget))
    if outcome.error:
        raise NotThere(outcome.error)


async def accept(view: View, key: str, body: AcceptBody, terms: Terms) -> EditDone:
    """Configure found devices as one revision; raises `NotThere`, `Refused`, and as `configuration.edit`."""
    state = await _state(view, key, definitions=True)
    chosen = _chosen(state, body)
    for left in reversed(range(TRIES)):
        revision = view.revision
        if revision is None:
            raise Refused("No configuration is in force yet: put a whole set into the set directory first.")
        terms.require(revision.number)
        added = _added(state, chosen, revision)
        files: dict[str, str | None] = {path: content.decode() for path, content in added.files.items()}
        try:
            done = await asked.edit(view, terms.request(files, revision.number))
        except Overtaken:
            if not left:
                raise
        else:
            return done.model_copy(update={"detail": f"{_said(added, is_check=terms.only_check)} {done.detail}"})
    raise Refused("The configuration changes all the time; try again.")


def _chosen(state: DetectionState, body: AcceptBody) -> list[DeviceProposal]:
    by_key = {proposal.key: proposal for proposal in state.proposals}
    unknown = [key for key in body.devices if key not in by_key]
    if unknown:
        raise NotThere(f"This detection found no device {unknown[0]!r}.")
    return [by_key[key] for key in dict.fromkeys(body.devices)]


def _added(state: DetectionState, chosen: Sequence[DeviceProposal], revision: Revision) -> Additions:
    try:
        added = additions_of(state, chosen, revision)
    except ValueError as error:
        raise Refused(f"Nothing was added: {error}.") from error
    if not added.files:
        raise Refused(f"Nothing is to be added: {'; '.join(added.known)}.")
    return added


def _said(added: Additions, *, is_check: bool) -> str:
    count = len(added.devices)
    many = "is" if count == 1 else "are"
    return f"{count} {'device' if count == 1 else 'devices'} {'would be' if is_check else many} configured."


async def _state(view: View, key: str, *, definitions: bool = False) -> DetectionState:
    state: DetectionState = await view.ask(DETECTION, DetectionQuery(detection=key, definitions=definitions))
    if state.error or state.detection is None:
        raise NotThere(state.error)
    return state


def _now(state: DetectionState) -> DetectionNow:
    return DetectionNow.model_validate(state.model_dump(exclude={"error", "definitions", "timeout_ms", "serial"}))
