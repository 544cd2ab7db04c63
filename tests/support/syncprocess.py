"""Sync as a process of its own, which a test may kill, with OpenSSH servers."""

import os
from pathlib import Path

from heliograph.contract import Service
from support.nats import Broker
from support.services import ServiceProcess
from support.services import start as begin
from support.sftp import Sshd


def options(prefix: str, server: Sshd, key: str) -> dict[str, object]:
    """What stands in `_config.ini` of a server whose client key lies in the secrets under this name."""
    return {
        f"{prefix}_Address": "127.0.0.1", f"{prefix}_Port": server.port, f"{prefix}_Login": server.login,
        f"{prefix}_KeyFile": key, f"{prefix}_DirRoot": server.tree.root, f"{prefix}_Timeout": 5,
    }  # fmt: skip


def start(broker: Broker, tmp_path: Path) -> ServiceProcess:
    """Start it on the directories `set`, `secrets` and `state`; its log is `sync.log`."""
    environment = {
        **os.environ, "BUS_URL": broker.url, "BUS_PASSWORD": f"secret-{Service.SYNC}",
        "STATE_DIR": str(tmp_path / "state"), "GATEWAY_SET": str(tmp_path / "set"),
        "SECRETS_DIR": str(tmp_path / "secrets"), "START_SHARE_SECONDS": "0",
    }  # fmt: skip
    with (tmp_path / "sync.log").open("ab") as log:
        return begin(Service.SYNC, environment, log, log)
