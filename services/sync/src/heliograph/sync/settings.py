"""What sync takes from its environment, beside what every service takes."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from heliograph.runtime import ServiceSettings

GIBIBYTE = 1024**3


class Settings(ServiceSettings):
    """The environment of sync."""

    gateway_set: Path | None = None
    """Directory of the configuration set: `CONFIG/`, `DEF/`, `SCRIPT/`, `CERT/`. Read, never written."""
    gateway_uid: str = ""
    """The gateway's identifier; empty takes it from the set, then from `gateway_mac` (spec 1.3)."""
    gateway_mac: str = ""
    """MAC address of the host, for a gateway in a container."""
    storage_limit_bytes: int = 2 * GIBIBYTE
    """What may wait on disk for the servers, uncompressed, over all devices (spec 3.6)."""
    device_limit_bytes: int = 50_000_000
    """What may wait of one device (spec 3.6)."""
    history_days: Annotated[int, Field(ge=0, le=3660)] = 30
    """For how long records are kept for looking back; 0 keeps none."""
    history_limit_bytes: Annotated[int, Field(ge=1024**2)] = GIBIBYTE
    """What these may take on the disk: the oldest make room."""
    start_share_seconds: int = 60
    """A gateway's first connection comes within so many seconds of its start, at a moment derived from its uid."""
    secrets_dir: Path = Path("/run/secrets")
    """Where `file:NAME` of a password and a `KeyFile` by name are looked for."""
