"""The state of sync, as people and the status document get it."""

import os
from collections.abc import Sequence
from pathlib import Path

from heliograph.contract import SyncState
from heliograph.contract.states import DiskState
from heliograph.runtime import Context
from heliograph.sync.configuration import Configuration
from heliograph.sync.ledger import Ledger
from heliograph.sync.server import ServerTask
from heliograph.sync.setwatch import SetWatch
from heliograph.sync.spool import Spool
from heliograph.sync.telemetry import MqttTask


def sync_state(
    context: Context, configuration: Configuration, directory: SetWatch, spool: Spool, ledger: Ledger,
    servers: Sequence[ServerTask | MqttTask],
) -> SyncState:  # fmt: skip
    """Gather the state. Reads the database."""
    applied = configuration.applied
    states = [state for server in servers if (state := server.state())]
    files = sum(len(names) for names in ledger.names().values())
    return SyncState(
        time=context.now(),
        started=context.started,
        revision=applied.number if applied else None,
        uid=directory.uid(),
        site=applied.set.config.name if applied else "",
        findings=configuration.findings or ((directory.trouble,) if directory.trouble and applied is None else ()),
        rejected=configuration.rejected,
        trial=configuration.trial(),
        servers=tuple(sorted(states, key=lambda state: state.server.number)),
        storage=spool.state().model_copy(update={"files": files}),
    )


def disk_state(directory: Path) -> DiskState | None:
    """Say how full the disk of a directory is; `free` is what is left for users without rights."""
    try:
        found = os.statvfs(directory)
    except OSError:
        return None
    return DiskState(total=found.f_blocks * found.f_frsize, free=found.f_bavail * found.f_frsize)
