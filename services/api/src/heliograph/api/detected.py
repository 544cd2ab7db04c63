"""What the REST API says and takes of detections: models at its border (spec 2.4)."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from heliograph.api.models import Answer
from heliograph.contract import DetectRequest, DeviceProposal
from heliograph.contract.identifiers import Milliseconds


class DetectBody(DetectRequest):
    """What is to be searched, and how."""

    model_config = ConfigDict(extra="forbid", defer_build=False)  # FastAPI builds its own of it at once


class DetectionNow(Answer):
    """One detection as it stands."""

    detection: str
    running: bool
    stopped: bool
    began: Milliseconds
    ended: Milliseconds | None = None
    targets: tuple[str, ...]
    asked: int
    """Units that have been asked."""
    total: int
    lines: tuple[str, ...] = ()
    """Of progress, the newest last; the last 1,000."""
    dropped: int = 0
    """Older lines that are not kept."""
    problems: tuple[str, ...] = ()
    """What could not be searched, and why."""
    proposals: tuple[DeviceProposal, ...] = ()
    """The found devices. Those that are configured already are not ticked."""


class DetectionList(Answer):
    """The detection that runs, or the last one; none after a restart of the collector."""

    detections: tuple[DetectionNow, ...]


class DetectionBegun(Answer):
    """The detection runs."""

    detection: str
    detail: str


class AcceptBody(BaseModel):
    """Which of the found devices are to be configured."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    devices: Annotated[tuple[Annotated[str, Field(max_length=9)], ...], Field(min_length=1, max_length=1000)]
    """The `key` of each; one that is configured already is passed over."""
