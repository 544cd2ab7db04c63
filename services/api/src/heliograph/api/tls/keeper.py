"""The certificate in use: taken or made at the start, looked at once in a while, changed without a restart."""

import asyncio
import json
import ssl
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from heliograph.api.tls.hostnames import own_names, plain_name
from heliograph.contract import PageCertificate
from heliograph.runtime import Clock, EventLog, write_atomically
from heliograph.runtime.clock import milliseconds

LOOK_SECONDS: Final = 600.0
RENEW_MS: Final = 30 * 86_400_000
"""Before it expires."""
WARN_MS: Final = 14 * 86_400_000
WORK_SECONDS: Final = 60.0
FILE: Final = "page.pem"
"""Key and certificate in one, so that they always fit."""
CERTIFICATE_FILE: Final = "certificate.pem"
"""The certificate alone, for those who shall trust it."""


Work = Callable[..., Awaitable[dict[str, object]]]
"""Asks the worker. Raises `BadCertificate`."""


class BadCertificate(Exception):
    """There is no certificate that can be used; the message says why, and which setting names it."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where certificate and key lie."""

    certificate: Path
    key: Path

    def changed(self) -> tuple[float, ...]:
        """When they were changed last; 0 for one that is not there."""
        return tuple(path.stat().st_mtime if path.exists() else 0.0 for path in (self.certificate, self.key))


class Keeper:
    """Keeps one certificate in use."""

    def __init__(
        self,
        origin: Literal["generated", "given"],
        places: Places,
        names: frozenset[str],
        clock: Clock,
        events: EventLog,
        work: Work | None = None,
    ) -> None:
        self._origin = origin
        self._places = places
        self._names = {plain for name in names if (plain := plain_name(name))}
        self._clock = clock
        self._events = events
        self._work = work or worked
        self._changed: tuple[float, ...] = ()
        self.certificate = PageCertificate(origin=origin, fingerprint="", expires=0)
        self._newest: ssl.SSLContext | None = None

    async def start(self) -> ssl.SSLContext:
        """Take or make the certificate; return what a server listens with. Raises `BadCertificate`."""
        if self._origin == "generated":
            await self._ensure_generated()
        else:
            await self._take()
        context = _context(self._places)
        context.sni_callback = self._hand_newest
        return context

    async def follow(self) -> None:
        """Look at it once in a while, for ever."""
        while True:
            await self._clock.sleep(LOOK_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Renew a generated one in time; take a given one anew when its files changed."""
        try:
            if self._origin == "generated":
                await self._ensure_generated()
            elif self._places.changed() != self._changed:
                await self._take()
        except BadCertificate as error:
            self._tell_problem(str(error))
        else:
            self._warn_in_time()

    async def _ensure_generated(self) -> None:
        if not await self._is_good():
            made = await self._work("make", *await asyncio.to_thread(own_names, self._names))
            self._write(str(made["key"]), str(made["certificate"]))
            await self._take()

    def _write(self, key: str, certificate: str) -> None:
        directory = self._places.certificate.parent
        try:
            directory.mkdir(mode=0o700, exist_ok=True)
            write_atomically(directory / FILE, (key + certificate).encode(), mode=0o600)
            write_atomically(directory / CERTIFICATE_FILE, certificate.encode())
        except OSError as error:
            raise BadCertificate(f"{directory} cannot be written: {error.strerror}") from error

    async def _is_good(self) -> bool:
        """Whether the generated one is there, long enough yet, and for the names that were asked for."""
        if not self.certificate.fingerprint:
            try:
                await self._take()
            except BadCertificate:
                return False
        is_named = self._names <= set(self.certificate.names)
        return is_named and self.certificate.expires - milliseconds(self._clock) > RENEW_MS

    async def _take(self) -> None:
        """Take what lies in its place; the one until now stays in use where that cannot be used."""
        self._changed = self._places.changed()
        found = await self._work("look", str(self._places.certificate), str(self._places.key))
        expires = int(str(found["expires"]))
        if expires <= milliseconds(self._clock):
            raise BadCertificate(f"{self._places.certificate} expired on {_day(expires)}")
        context = _context(self._places)
        names = found["names"] if isinstance(found["names"], list | tuple) else ()
        self.certificate = PageCertificate(
            origin=self._origin, fingerprint=str(found["fingerprint"]), expires=expires, names=tuple(map(str, names))
        )
        self._newest = context
        self._events.info(
            f"certificate of the page ({self._origin}): SHA-256 {self.certificate.fingerprint}, until {_day(expires)}"
        )

    def _warn_in_time(self) -> None:
        left = self.certificate.expires - milliseconds(self._clock)
        if left < WARN_MS:
            says = "expired" if left <= 0 else "expires"
            self._tell_problem(f"it {says} on {_day(self.certificate.expires)}: put a newer one in its place")

    def _tell_problem(self, problem: str) -> None:
        if problem != self.certificate.problem:
            self.certificate = self.certificate.model_copy(update={"problem": problem})
            self._events.error(f"certificate of the page: {problem}")

    def _hand_newest(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        """Give a client that comes now the certificate of now."""
        if self._newest is not None:
            connection.context = self._newest


def certificate_keeper(
    tls: Literal["generated", "given"],
    given: tuple[Path | None, Path | None],
    state_dir: Path,
    names: frozenset[str],
    clock: Clock,
    events: EventLog,
) -> Keeper:
    """Return the keeper that the settings ask for. Raises `BadCertificate`."""
    if tls == "generated":
        file = state_dir / "tls" / FILE
        return Keeper(tls, Places(file, file), names, clock, events)
    certificate, key = given
    if certificate is None or key is None:
        raise BadCertificate("API_TLS=given needs API_TLS_CERTIFICATE and API_TLS_KEY: PEM files on this machine")
    return Keeper(tls, Places(certificate, key), names, clock, events)


def _context(places: Places) -> ssl.SSLContext:
    """What a server speaks: TLS 1.2 or newer. Raises `BadCertificate`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(places.certificate, places.key)
    except (OSError, ssl.SSLError) as error:
        raise BadCertificate(f"{places.certificate} with {places.key} cannot be used: {error}") from error
    return context


async def worked(*arguments: str) -> dict[str, object]:
    """What the worker says. Raises `BadCertificate`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "heliograph.api.tls.worker", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(WORK_SECONDS):
            told, _ = await process.communicate()
        said = json.loads(told)
    except (TimeoutError, ValueError) as error:
        raise BadCertificate(f"looking at a certificate failed: {type(error).__name__}; the log tells more") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return checked(said)


def checked(said: dict[str, object]) -> dict[str, object]:
    """What the worker said. Raises `BadCertificate` where it could not do it."""
    if "error" in said:
        raise BadCertificate(str(said["error"]))
    return said


def _day(milliseconds_: int) -> str:
    return datetime.fromtimestamp(milliseconds_ / 1000, UTC).strftime("%Y-%m-%d")
