"""The fragment that tells what an edit would come to: findings that lead to their lines, and the difference."""

from typing import Any

from heliograph.api.errors import Problem
from heliograph.api.models import finding_rows
from heliograph.api.pages.differences import files_of
from heliograph.api.sets import EditDone


def checked(outcome: EditDone | Problem) -> dict[str, Any]:
    """What the fragment shows of what came of a check."""
    if isinstance(outcome, Problem):
        findings = finding_rows(outcome.findings)
        return {"fits": False, "detail": outcome.detail, "findings": findings, "difference": [], "on_trial": False}
    return {
        "fits": True,
        "detail": outcome.detail,
        "findings": outcome.findings,
        "difference": files_of(outcome.diff),
        "on_trial": outcome.provisional,
    }
