"""The demo as a whole: plant, servers and gateway started together, watched, and ended together."""

import asyncio
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from heliograph.cli.gateway import DEFAULT_API_PORT, Gateway, GatewayError, is_free
from heliograph.cli.supervisor import Supervisor
from heliograph.cli.up import page_answers, run_until_stopped, stop_on_signals
from heliograph.demo import simulation
from heliograph.demo.arrivals import Arrivals
from heliograph.demo.devices import BAUDRATE, INVERTERS
from heliograph.demo.gateway_set import LOGIN, Access, Addresses, write_set
from heliograph.demo.narrator import SERVERS, Narrator, counted, near
from heliograph.demo.plant import Plant
from heliograph.demo.servers import Authority, SftpServer, WebDavServer, host_key, make_tree
from heliograph.demo.state import DemoState

LOOK_SECONDS = 0.5
KEEP_SECONDS = 30.0
PORTS_TRIED = 100
_PASSWORDS = {1: "DEMO_SERVER1_PASSWORD", 2: "DEMO_SERVER2_PASSWORD"}


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    state: Path
    seconds: float | None = None
    """End after so long; None runs until a stop signal."""
    api_port: int | None = None
    """None: 8080, else the next that is free."""
    seed: int = 1


def run(options: Options) -> int:
    """Run the demo; return its exit status: 0, or 1 when not both servers got a data file in the time given."""
    state = DemoState(options.state.resolve())
    narrator = Narrator(state.set_dir / "DEF")
    narrator.heading("Heliograph demo: a simulated plant, two servers, and the whole gateway between them.")
    try:
        return _run_owned(options, state, narrator)
    except GatewayError as error:
        narrator.say(f"The demo cannot start: {error}")
        return 1


def _run_owned(options: Options, state: DemoState, narrator: Narrator) -> int:
    passwords = {number: secrets.token_urlsafe(18) for number in SERVERS}
    environment = {**os.environ, **{_PASSWORDS[number]: password for number, password in passwords.items()}}
    gateway = Gateway(state.set_dir, state.gateway, _page_port(options, narrator), environment=environment)
    with gateway.owned() as lock, _servers(state, passwords) as (sftp, webdav):
        ports = {name: state.port(name) for name, _ in INVERTERS}
        addresses = Addresses(
            {name: ("127.0.0.1", port) for name, port in ports.items()},
            Access("127.0.0.1", sftp.port, f"env:{_PASSWORDS[1]}"),
            sftp.fingerprint,
            Access("127.0.0.1", webdav.port, f"env:{_PASSWORDS[2]}"),
            Authority.at(state.secret("authority.pem")).pem,
        )
        write_set(state.set_dir, addresses)
        return run_until_stopped(_Demo(options, state, narrator, gateway).run(lock, ports))


def _page_port(options: Options, narrator: Narrator) -> int:
    """Return the port of the page: the one asked for, 8080, or the next that is free."""
    if options.api_port is not None:
        return options.api_port
    port = next((p for p in range(DEFAULT_API_PORT, DEFAULT_API_PORT + PORTS_TRIED) if is_free(p)), DEFAULT_API_PORT)
    if port != DEFAULT_API_PORT:
        narrator.say(f"Port {DEFAULT_API_PORT} is taken: the page is on {port}.")
    return port


@contextmanager
def _servers(state: DemoState, passwords: dict[int, str]) -> Iterator[tuple[SftpServer, WebDavServer]]:
    certificate = state.secret("webdav.pem")
    Authority.at(state.secret("authority.pem")).issue(certificate, ("127.0.0.1", "localhost"))
    key, (first, second) = host_key(state.secret("sftp_host_key")), (make_tree(state.server(n)) for n in SERVERS)
    with ExitStack() as stack:
        sftp = SftpServer(first, LOGIN, passwords[1], key, host="127.0.0.1", port=state.port("server 1"))
        webdav = WebDavServer(
            second, LOGIN, passwords[2], certificate, host="127.0.0.1", port=state.port("server 2")
        )  # fmt: skip
        yield stack.enter_context(sftp), stack.enter_context(webdav)


class _Demo:
    """One run, from the first prompt to the last."""

    def __init__(self, options: Options, state: DemoState, narrator: Narrator, gateway: Gateway) -> None:
        self._options = options
        self._state = state
        self._narrator = narrator
        self._gateway = gateway
        self._stopping = asyncio.Event()
        self._arrivals = {number: Arrivals(state.server(number)) for number in SERVERS}

    async def run(self, lock: int, ports: dict[str, int]) -> int:
        begin = time.monotonic()
        plant = Plant(lambda: time.monotonic() - begin, self._options.seed, self._state.counters())
        stop_on_signals(self._stopping)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(simulation.inverters(plant, ports))
            line = await stack.enter_async_context(simulation.serial_line(plant))
            gateway = self._with_line(line.device)
            self._introduce()
            supervisor = Supervisor(gateway.stages(), self._narrator.event, pass_fds=(lock,))
            tasks = [
                asyncio.create_task(work, name=name)
                for name, work in (
                    ("greeting", self._greet()),
                    ("arrivals", self._watch()),
                    ("counters", self._keep_counters(plant)),
                    ("end", self._end_in_time(begin)),
                )
            ]
            try:
                await supervisor.run(self._stopping)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                self._state.keep_counters(plant.read_counters())
        self._look()
        return self._conclude()

    def _with_line(self, device: str) -> Gateway:
        known = self._gateway
        environment = {**known.environment, "SERIAL1_DEVICE": device}
        return Gateway(known.set_dir, known.state_dir, known.api_port, known.uid, environment)

    def _introduce(self) -> None:
        narrator, state = self._narrator, self._state
        narrator.row("plant", f"three inverters on Modbus TCP; a meter and a weather sensor at {BAUDRATE} baud")
        for number, kind in SERVERS.items():
            narrator.row(f"server {number}", f"{kind:<7} {near(state.server(number))}/")
        narrator.row("settings", f"{near(state.set_dir)}/   a record every 10 s, a connection every minute")
        narrator.row("logs", f"{near(self._gateway.logs)}/")
        narrator.row("page", f"{self._gateway.page}/   (starting …)")
        narrator.say()

    async def _greet(self) -> None:
        if await page_answers(self._gateway):
            self._narrator.event(f"the page is there: {self._gateway.page}/")
        else:
            self._narrator.event(f"the page does not answer yet; {near(self._gateway.logs / 'api.log')} may tell why")
        if self._options.seconds is None:
            self._narrator.event("the first files come within half a minute; Ctrl-C ends everything")

    async def _watch(self) -> None:
        while True:
            await asyncio.to_thread(self._look)
            self._narrator.summary(self._arrivals, time.monotonic())
            await asyncio.sleep(LOOK_SECONDS)

    def _look(self) -> None:
        for number, arrivals in self._arrivals.items():
            for file in arrivals.fresh():
                self._narrator.arrived(number, file)

    async def _keep_counters(self, plant: Plant) -> None:
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            self._state.keep_counters(plant.read_counters())

    async def _end_in_time(self, begin: float) -> None:
        if self._options.seconds is not None:
            await asyncio.sleep(max(0.0, begin + self._options.seconds - time.monotonic()))
            self._stopping.set()

    def _conclude(self) -> int:
        """Say what came; in a run of limited time, fail when a server has no data."""
        for number, arrivals in self._arrivals.items():
            self._narrator.row(f"server {number}", f"got {counted(arrivals)}")
        lacking = [number for number, arrivals in self._arrivals.items() if not arrivals.counts["DATA"]]
        if self._options.seconds is None or not lacking:
            return 0
        for number in lacking:
            self._narrator.say(f"No data file reached server {number} within {self._options.seconds:.0f} s.")
        for line in _serious_lines(self._gateway.logs):
            self._narrator.say(f"  {line}")
        return 1


def _serious_lines(logs: Path, most: int = 10) -> list[str]:
    """Return the last warnings and errors of all logs: why nothing came."""
    lines = [
        f"{file.stem}: {line}"
        for file in sorted(logs.glob("*.log"))
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines()
        if re.search(r" (WARNING|ERROR|CRITICAL) ", line)
    ]
    return lines[-most:]
