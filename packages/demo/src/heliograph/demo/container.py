"""The demo in containers (profile `demo` of compose.yaml): the plant in one, the two servers in another.

python -m heliograph.demo.container plant|servers
"""

from heliograph.stopping import end_at_once_when_stopped

if __name__ == "__main__":
    end_at_once_when_stopped()

import argparse
import asyncio
import logging
import os
import secrets
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

from heliograph.cli.up import stop_on_signals
from heliograph.demo import simulation
from heliograph.demo.devices import INVERTERS
from heliograph.demo.gateway_set import LOGIN, Access, Addresses, write_set
from heliograph.demo.narrator import SERVERS
from heliograph.demo.plant import Plant
from heliograph.demo.serialserver import SerialServer
from heliograph.demo.servers import Authority, SftpServer, WebDavServer, host_key, make_tree
from heliograph.demo.state import DemoState
from heliograph.runtime import write_atomically

ANY = "0.0.0.0"  # noqa: S104  # a container's own network
PLANT_HOST, SERVERS_HOST = "demo-plant", "demo-servers"
INVERTER_PORTS = {name: 5021 + number for number, (name, _) in enumerate(INVERTERS)}
SERIAL_PORT, SFTP_PORT, WEBDAV_PORT = 5020, 2222, 8443
ALIVE_SECONDS = 5.0
KEEP_EVERY = 6
"""How many signs of life between two times that the counters are kept."""


async def plant(state: DemoState) -> None:
    """Serve the inverters on Modbus TCP and the serial line through a serial server, until a stop signal."""
    begin = time.monotonic()
    simulated = Plant(lambda: time.monotonic() - begin, counters=state.counters())
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(simulation.inverters(simulated, INVERTER_PORTS, host=ANY))
        line = await stack.enter_async_context(simulation.serial_line(simulated))
        await stack.enter_async_context(SerialServer(line.device, ANY, SERIAL_PORT))
        _say(f"plant: inverters on ports {sorted(INVERTER_PORTS.values())}, serial line on port {SERIAL_PORT}")
        await _until_stopped(lambda: state.keep_counters(simulated.read_counters()))


async def servers(state: DemoState, set_dir: Path, files: Path) -> None:
    """Serve SFTP and WebDAV, and write the gateway's configuration set for them, until a stop signal."""
    passwords = {number: _password(state.secret(f"server-{number}")) for number in SERVERS}
    authority, certificate = Authority.at(state.secret("authority.pem")), state.secret("webdav.pem")
    authority.issue(certificate, (SERVERS_HOST, "localhost"))
    key = host_key(state.secret("sftp_host_key"))
    first, second = (make_tree(files / str(number)) for number in SERVERS)
    with ExitStack() as stack:
        sftp = stack.enter_context(SftpServer(first, LOGIN, passwords[1], key, host=ANY, port=SFTP_PORT))
        stack.enter_context(WebDavServer(second, LOGIN, passwords[2], certificate, host=ANY, port=WEBDAV_PORT))
        addresses = Addresses(
            {name: (PLANT_HOST, port) for name, port in INVERTER_PORTS.items()},
            Access(SERVERS_HOST, SFTP_PORT, passwords[1]),
            sftp.fingerprint,
            Access(SERVERS_HOST, WEBDAV_PORT, passwords[2]),
            authority.pem,
        )
        write_set(set_dir, addresses)
        _say(f"servers: SFTP on port {SFTP_PORT} ({first}), WebDAV on port {WEBDAV_PORT} ({second})")
        await _until_stopped(lambda: None)


def main(arguments: list[str] | None = None) -> int:
    """Run the part that the command line names; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m heliograph.demo.container", description=__doc__)
    parser.add_argument("part", choices=("plant", "servers"))
    part = parser.parse_args(arguments).part
    logging.getLogger().addHandler(logging.NullHandler())
    state = DemoState(Path(os.environ.get("STATE_DIR", "/state")))
    if part == "plant":
        asyncio.run(plant(state))
    else:
        set_dir, files = (Path(os.environ.get(name, place)) for name, place in (
            ("DEMO_SET", "/demo/set"), ("DEMO_FILES", "/demo/files"),
        ))  # fmt: skip
        asyncio.run(servers(state, set_dir, files))
    return 0


async def _until_stopped(keep: Callable[[], None]) -> None:
    """Show signs of life until a stop signal; `keep` what is to survive now and then, and at the end."""
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    beats = 0
    while not stopping.is_set():
        _show_life()
        beats += 1
        if beats % KEEP_EVERY == 0:
            keep()
        try:
            await asyncio.wait_for(stopping.wait(), ALIVE_SECONDS)
        except TimeoutError:
            continue
    keep()


def _show_life() -> None:
    if alive := os.environ.get("ALIVE_FILE"):
        Path(alive).touch()


def _password(file: Path) -> str:
    if not file.exists():
        write_atomically(file, secrets.token_urlsafe(18).encode(), mode=0o600)
    return file.read_text(encoding="utf-8")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    raise SystemExit(main())
