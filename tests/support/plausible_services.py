"""Services as real subprocesses, and the plausible gateway round them."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from heliograph.contract import Service
from support.nats import Broker
from support.services import ServiceProcess, start


@contextmanager
def service_process(broker: Broker, service: Service, state_dir: Path, **environment: str) -> Iterator[ServiceProcess]:
    """A service until the block ends; its output is kept in `<state_dir>.log`."""
    settings = {
        "BUS_URL": broker.url,
        "BUS_PASSWORD": f"secret-{service}",
        "STATE_DIR": str(state_dir),
        **environment,
    }
    state_dir.mkdir(parents=True, exist_ok=True)
    with state_dir.with_suffix(".log").open("ab") as log:
        process = start(service, {**os.environ, **settings}, log, log)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    process.kill()
            process.wait(60)
