"""What the REST API says of what the gateway runs on: a model at its border."""

from heliograph.api.models import Answer
from heliograph.contract.identifiers import Milliseconds


class SystemNow(Answer):
    """What the gateway runs on. Its disk, its streams and the certificate of the page are in `/api/v1/status`."""

    version: str
    time: Milliseconds
    time_zone: str
    """Of the plant: of schedules and of dates in files."""
    utc_offset: str
    """Of that zone now: `+0200`."""
    clock_kept: bool | None
    """Whether a time service keeps the clock right; `null` where the kernel does not tell."""
    memory_bytes: dict[str, int | None]
    """By service, as it told last; `null` where it did not."""
