"""The page of the configuration at `/configuration`: what is in force, its trial, findings, and the revisions."""

from typing import Any, Final

from heliograph.api import configuration as asking
from heliograph.api.pages.page import Page, Parts, Query
from heliograph.contract import PageRequest, SyncState

REVISION_ROWS: Final = 10


def pages(parts: Parts) -> tuple[Page, ...]:
    """Make the page."""

    def sections(_: Query) -> dict[str, str]:
        return {"configuration": parts.render("configuration", _facts(parts))}

    return (Page("configuration", "configuration_page", ("configuration",), sections),)


def _facts(parts: Parts) -> dict[str, Any]:
    view = parts.view
    status, sync, offered = view.status(), view.sync(), view.in_force.offered
    revisions = parts.asked.get("revisions", lambda: asking.revisions(view, PageRequest(limit=REVISION_ROWS)))
    return {
        "status": status,
        "revision": view.revision,
        "told": offered if offered and status.revision in (None, offered.number) else None,
        "rejected": sync is not None and sync.rejected,
        "not_taken": [state for state in view.states() if not isinstance(state, SyncState) and state.rejected],
        "revisions": revisions.value,
        "revisions_problem": revisions.problem,
    }
