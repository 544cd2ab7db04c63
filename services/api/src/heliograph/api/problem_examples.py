"""Examples of the problem documents that the API answers, by status and by the type of the problem."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from heliograph.api import errors
from heliograph.api.models import Fault, FindingRow, ProblemDocument

TYPES: Final = "/problems/"
"""Below it every type of a problem has a page that explains it."""
_DEVICE: Final = "/api/v1/devices/7"
_FILES: Final = "/api/v1/configuration/files"


def _of(problem: type[errors.Problem], detail: str, instance: str, **more: object) -> ProblemDocument:
    type_ = f"{TYPES}{problem.slug}"
    told = {"type": type_, "title": problem.title, "status": problem.status, "detail": detail, "instance": instance}
    return ProblemDocument.model_validate(told | more)


def _plain(status: HTTPStatus, slug: str, detail: str, instance: str) -> ProblemDocument:
    return ProblemDocument(type=f"{TYPES}{slug}", title=status.phrase, status=status, detail=detail, instance=instance)


_FAULT: Final = Fault(place="body.address", text="Input should be less than or equal to 247")
_FINDING: Final = FindingRow(
    file="CONFIG/WPM00C44F_daq.csv", line=7, column=4, severity="error", text="the address 300 is above 247"
)
UNFIT: Final = _of(errors.Unreadable, f"{_FAULT.place}: {_FAULT.text}", _DEVICE, errors=(_FAULT,))
SET_REFUSED: Final = _of(
    errors.SetRefused,
    "the edit is rejected; nothing was changed. Mend what the findings name and send it again",
    _FILES,
    findings=(_FINDING,),
)
EXAMPLES: Final[Mapping[int, ProblemDocument]] = {
    document.status: document
    for document in (
        _plain(
            HTTPStatus.BAD_REQUEST,
            "bad-request",
            "The body of the request did not come to its end.",
            "/api/v1/commands",
        ),
        _of(
            errors.Unauthorised,
            "Writes need an operator: log in, or send the token of GATEWAY_API_TOKEN or of a program as "
            "'Authorization: Bearer …'.",
            "/api/v1/connections",
        ),
        _of(errors.Forbidden, "This needs the role operator; grafana is a viewer.", "/api/v1/connections"),
        _of(errors.NotThere, "There is no device with the index '7'; /api/v1/devices lists them.", _DEVICE),
        _of(errors.Unacceptable, "Events are given as text/event-stream.", "/api/v1/events"),
        _plain(
            HTTPStatus.REQUEST_TIMEOUT,
            "too-slow",
            "The body of the request did not come within 15 s.",
            "/api/v1/connections",
        ),
        _of(errors.Refused, "Server 2 is not configured.", "/api/v1/connections"),
        _of(errors.Overtaken, "Revision 13 is in force by now, not 12: look again.", _FILES),
        _plain(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "too-large",
            "The body of this request may have 16,384 bytes at most.",
            "/api/v1/connections",
        ),
        _of(errors.Unfit, "A body of application/json is expected here, not of text/plain.", "/api/v1/connections"),
        UNFIT,
        _of(errors.TooMany, "Too many wrong tries: try again in 8 s.", "/api/v1/session"),
        _of(errors.Problem, "A fault of the gateway; its log tells more.", "/api/v1/status"),
        _of(errors.Silent, "The service sync does not answer now; try again in a moment.", "/api/v1/alarms"),
    )
}
"""One for each status; of 422 there is `SET_REFUSED` beside."""
