"""The state of sync, as people and the status document get it."""

from collections.abc import Sequence

from heliograph.contract import SyncState
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
