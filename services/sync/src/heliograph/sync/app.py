"""The wiring of sync: the only file that knows every part."""

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from sqlalchemy.exc import DatabaseError

from heliograph.contract import (
    BundleAnswer,
    BundleRequest,
    ConnectRequest,
    Outcome,
    ServiceState,
    StopConnection,
    SyncState,
    Trigger,
)
from heliograph.contract.channels import FACTORY, STATE
from heliograph.formats.config import FileServer, Server, ServerMode
from heliograph.formats.names import timestamp
from heliograph.runtime import BusError, Context
from heliograph.sync.access import Pins, resolve_access
from heliograph.sync.applied import Applied
from heliograph.sync.brokerwatch import BrokerWatch
from heliograph.sync.bundles import Bundles
from heliograph.sync.bundling import Bundling
from heliograph.sync.concealed import Concealed
from heliograph.sync.configuration import Configuration
from heliograph.sync.connection import Parts
from heliograph.sync.database import open_database, suspect
from heliograph.sync.deliver import remove_orphans
from heliograph.sync.desk import Desk
from heliograph.sync.destinations import Destinations
from heliograph.sync.diary import Diary
from heliograph.sync.enquiries import Enquiries, LiveLog
from heliograph.sync.history import History
from heliograph.sync.intake import Intake
from heliograph.sync.kept import Bounds, Kept, Looking
from heliograph.sync.keys import Keys
from heliograph.sync.lastset import LastSet
from heliograph.sync.ledger import BUNDLES, RECORDS, RESULTS, Ledger
from heliograph.sync.logbook import Logbook
from heliograph.sync.mailbox import Mailbox
from heliograph.sync.owndisk import OwnDisk
from heliograph.sync.reconcile import Gateway
from heliograph.sync.remembered import by_digest
from heliograph.sync.remote import Access, HostKeyPins, RemoteStore, open_store
from heliograph.sync.resetfile import ResetFile
from heliograph.sync.resetting import FactoryReset
from heliograph.sync.revisions import Revisions
from heliograph.sync.rollout import Rollout
from heliograph.sync.server import ServerTask
from heliograph.sync.servertests import ServerTests, Sources
from heliograph.sync.serving import Serving
from heliograph.sync.settings import Settings
from heliograph.sync.setwatch import SetWatch
from heliograph.sync.spool import Spool
from heliograph.sync.state import disk_state, sync_state
from heliograph.sync.support import Support
from heliograph.sync.telemetry import MqttTask
from heliograph.sync.threads import wait_for_news
from heliograph.sync.verdicts import Verdicts
from heliograph.sync.wiping import finish_reset

_log = logging.getLogger("heliograph.sync")

SET_SECONDS: Final = 2.0
FORWARD_SECONDS: Final = 0.5
"""After this the bus is tried again; else a text goes as soon as it was taken in."""
ROOM_SECONDS: Final = 3.0
STEP_SECONDS: Final = 0.1
"""Between two steps that make room for records that are kept for looking back."""
STOP_SECONDS: Final = 12.0
"""How long a running connection may take to end at a stop."""

Dial = Callable[[FileServer, Access, HostKeyPins], RemoteStore]


async def main(context: Context, settings: Settings, dial: Dial = open_store) -> None:
    """Run sync until `context.stopping`, or end a factory reset. `dial` gives the sessions with servers."""
    if not await finish_reset(context, settings.state_dir):
        await Sync(context, settings, dial).run()


class _Stop(Exception):
    """Ends the group of tasks."""


class Sync:
    """All parts, put together."""

    def __init__(self, context: Context, settings: Settings, dial: Dial) -> None:
        self._context = context
        self._dial = dial
        self._settings = settings
        self._state_dir = settings.state_dir
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._texts = asyncio.Event()
        self._broken: asyncio.Future[None] = self._loop.create_future()
        self._stop = threading.Event()
        self._open()

    async def run(self) -> None:
        """Run every task until the stop, then end what runs and leave the mark of an orderly stop."""
        try:
            async with asyncio.TaskGroup() as group:
                await self._prepare()
                for name, work in self._work().items():
                    group.create_task(work, name=f"sync: {name}")
                group.create_task(self._until_stopped(), name="sync: stop")
        except* _Stop:
            _log.info("stopped")
        except* DatabaseError:
            suspect(self._state_dir / "sync.db")
            raise
        finally:
            self._kept.close()
            self._diary.flush()
            self._database.close()
            self._logbook.close()

    def _open(self) -> None:
        """Open what lies on the disk."""
        path, outgoing = self._state_dir / "sync.db", self._state_dir / "outgoing"
        self._database, aside = open_database(path, timestamp(self._context.now()))
        if aside is not None and outgoing.exists():
            outgoing.rename(aside.with_name(f"{aside.name}-outgoing"))
        outgoing.mkdir(parents=True, exist_ok=True)
        settings, clock = self._settings, self._context.clock
        self._spool = Spool(
            self._database, clock, device_limit=settings.device_limit_bytes, total_limit=settings.storage_limit_bytes,
            alarmed=self._alarmed,
        )  # fmt: skip
        live = LiveLog(self._context.bus)
        self._logbook = Logbook(self._state_dir / "log.db", live.take)
        self._diary = Diary(self._spool, clock, self._logbook.keep)
        if aside is not None:
            self._diary.error(f"the database could not be read and was moved to {aside.name}; sync starts anew")
        self._concealed = Concealed()
        self._disk = OwnDisk(self._diary)
        self._ledger = Ledger(self._database)
        self._history = History(self._database)
        self._mailbox = Mailbox(self._database, self._spool, self._diary, clock)
        self._mailbox.listen(self._text_came)
        revisions = Revisions(self._database)
        self._kept = Kept(
            self._state_dir, clock, Bounds(settings.history_days, settings.history_limit_bytes),
            contents=lambda: by_digest(revisions.definitions()), warn=self._diary.warning, inform=self._diary.info,
        )  # fmt: skip
        self._configuration = Configuration(revisions, self._spool, self._diary, clock, self._revised)
        self._last_set = LastSet(self._state_dir, revisions)
        self._directory = SetWatch(settings, revisions, self._configuration, self._diary)
        gateway = Gateway(
            self._configuration, self._diary,
            set_files=lambda: self._directory.files, server_won=self._directory.pass_over,
        )  # fmt: skip
        parts = Parts(
            database=self._database, spool=self._spool, ledger=self._ledger, mailbox=self._mailbox,
            history=self._history, diary=self._diary, clock=clock, outgoing=outgoing, open=self._store,
            stop=self._stop, gateway=gateway, concealed=self._concealed,
        )  # fmt: skip
        changed = self._changed.set
        self._servers = (
            ServerTask(1, parts, changed),
            ServerTask(2, parts, changed),
            MqttTask(1, parts, changed, self._tried, revisions=revisions, access=self._access),
            MqttTask(2, parts, changed, self._tried, revisions=revisions, access=self._access),
        )
        serving = Serving(Destinations(self._database), self._ledger, outgoing, self._diary)
        self._rollout = Rollout(
            self._context, self._configuration, Verdicts(self._configuration, revisions, self._diary), serving,
            parts.turns, self._servers, self._disk,
            start_share_seconds=settings.start_share_seconds, changed=changed,
        )  # fmt: skip
        self._broker = BrokerWatch(
            self._context, self._spool, self._diary, self._disk, self._state_dir / "power.json", self._rollout.publish
        )
        by_hand = [settings.secrets_dir, *([settings.gateway_set / "CERT"] if settings.gateway_set else [])]
        self._keys = Keys(self._state_dir / "keys", by_hand)
        desk = Desk(self._configuration, revisions, lambda: self._directory.files, self._keys)
        self._support = Support(
            self._database, self._configuration, desk, self._history, self._diary, clock, self._concealed,
            broker=lambda: self._context.bus.server_version,
        )  # fmt: skip
        self._bundling = Bundling(
            self._support, Bundles(self._database), self._state_dir, self._disk, clock,
            own=self._state, waits=self._waits_for_bundle, changed=changed,
        )  # fmt: skip
        self._intake = Intake(
            self._context.bus, self._spool, self._mailbox, self._history, self._diary, self._state_dir / "unreadable",
            connect=self._connect, stop_connection=self._stop_connection, results=self._results_came, disk=self._disk,
            broken=self._database_broke, desk=desk, keep=self._logbook.keep, bundle=self._make_bundle, kept=self._kept,
        )  # fmt: skip
        sources = Sources(self._in_force, self._access, Pins(self._database), self._is_connected)
        tests = ServerTests(self._context.bus, clock, sources)
        self._enquiries = Enquiries(self._context.bus, clock, live, self._logbook, tests, self._in_force)
        self._reset = FactoryReset(
            self._context, ResetFile(self._state_dir), self._database, self._mailbox, self._diary, self._disk,
            uid=self._directory.uid, is_settled=self._is_settled,
        )  # fmt: skip

    async def _prepare(self) -> None:
        """Finish what a kill left half done."""
        remove_orphans(self._state_dir / "outgoing", self._ledger)
        with self._disk.step("the end of interrupted connections"):
            self._history.close_interrupted(self._context.now())
        with self._disk.step("the room that a raised limit gives"):
            self._spool.reopen()
        self._reset.begin()
        self._configuration.load()
        self._last_set.restore(self._configuration, self._diary)
        await self._rollout.begin()
        await Looking(self._kept).serve(self._context.bus)
        await self._enquiries.serve()
        await self._bundling.serve(self._context.bus)
        await self._context.bus.serve(FACTORY, self._reset.answer)
        await self._intake.serve()
        await self._context.bus.watch(STATE, self._hear)

    def _work(self) -> dict[str, Coroutine[Any, Any, None]]:
        return {
            **self._intake.tasks(),
            **self._enquiries.tasks(),
            **self._rollout.tasks(),
            "streams": self._broker.keep_streams(),
            "contents of streams": self._broker.count(),
            "configuration": self._watch_set(),
            "commands": self._forward(),
            "diary": self._diary.keep_flushing(),
            "room": self._make_room(),
            "room for looking back": self._make_room_for_kept(),
            "state": self._context.report(self._state, self._changed),
            "database": self._watch_database(),
            "factory reset": self._reset.run(),
            "end of a factory reset": self._reset.remind(),
            **{f"{type(server).__name__} {server.number}": server.run() for server in self._servers},
        }

    async def _until_stopped(self) -> None:
        """At the stop, let running connections end after the file in flight, and note that it was orderly."""
        await self._context.stopping.wait()
        asked = self._context.now()
        self._stop.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await asyncio.gather(*(server.idle.wait() for server in self._servers))
        await self._broker.leave(asked)
        raise _Stop

    async def _watch_set(self) -> None:
        while True:
            with self._disk.step("a new revision of the configuration"):
                await asyncio.to_thread(self._directory.look)
            with self._disk.step("the last confirmed set"):
                await asyncio.to_thread(self._last_set.keep, self._configuration.applied)
            await self._context.clock.sleep(SET_SECONDS)

    def _revised(self) -> None:
        self._kept.learn()
        self._rollout.revised()

    def _tried(self, number: int, applied: Applied, success: bool) -> None:
        self._rollout.tried(number, applied, success)

    async def _hear(self, state: ServiceState) -> None:
        self._support.hear(state)
        await self._reset.hear(state)
        await self._rollout.hear(state)

    async def _forward(self) -> None:
        while True:
            self._texts.clear()
            with suppress(BusError), self._disk.step("the command files"):
                await self._mailbox.forward(self._context.bus)
            await wait_for_news(self._texts, self._context.clock, FORWARD_SECONDS)

    def _text_came(self) -> None:
        """A command text was taken in, in whatever thread."""
        with suppress(RuntimeError):  # the loop has ended: the text goes with the next start
            self._loop.call_soon_threadsafe(self._texts.set)

    async def _make_room(self) -> None:
        """Delete what every server has: beside the connections, so that none waits for it."""
        while True:
            with self._disk.step("the deletion of what was delivered"):
                await asyncio.to_thread(self._free)
            await self._context.clock.sleep(ROOM_SECONDS)

    async def _make_room_for_kept(self) -> None:
        while True:
            has_more = await asyncio.to_thread(self._kept.make_room)
            await self._context.clock.sleep(STEP_SECONDS if has_more else ROOM_SECONDS)

    async def _watch_database(self) -> None:
        await self._broken

    def _free(self) -> None:
        last = self._ledger.received(RECORDS)
        if last is not None:
            self._spool.drop_records(last)
        self._ledger.prune()

    def _state(self) -> SyncState:
        state = sync_state(
            self._context, self._configuration, self._directory, self._spool, self._ledger, self._servers
        )
        more = {
            "findings": (*self._disk.complaints, *state.findings),
            "disk": disk_state(self._state_dir),
            "streams": self._broker.streams,
            "kept": self._kept.state(),
            "bundle": self._bundling.state(),
        }
        return state.model_copy(update=more)

    def _in_force(self) -> Applied | None:
        return self._configuration.applied

    def _is_connected(self, number: int) -> bool:
        return any(server.number == number and not server.idle.is_set() for server in self._servers)

    def _store(self, server: FileServer, applied: Applied) -> RemoteStore:
        """Give a session with a server, its secrets resolved."""
        return self._dial(server, self._access(server, applied), Pins(self._database))

    def _access(self, server: Server, applied: Applied) -> Access:
        access = resolve_access(server, applied.set.files, os.environ, self._keys.directories)
        self._concealed.learn(access.password, server.login)
        return access

    def _connect(self, request: ConnectRequest) -> Outcome:
        """Ask for connections; tell a person why there can be none."""
        asked = [server for server in self._servers if request.server in (None, server.number)]
        able = [server for server in asked if server.server is not None]
        for server in able:
            server.request()
        if able:
            return Outcome()
        which = f"server {request.server}" if request.server else "server"
        return Outcome(error=f"there is no {which} in the configuration in force")

    def _stop_connection(self, request: StopConnection) -> Outcome:
        """End a connection that runs; tell a person where there is none."""
        files = [server for server in self._servers if isinstance(server, ServerTask)]
        if any(server.number == request.server and server.stop_connection(request.origin) for server in files):
            return Outcome()
        return Outcome(error=f"no connection to server {request.server} runs now")

    async def _make_bundle(self, request: BundleRequest) -> BundleAnswer:
        """Make a debug bundle and ask for the connections that carry it."""
        answer = await self._bundling.make(request)
        for server in self._servers:
            if server.number in answer.servers and isinstance(server, ServerTask) and server.server is not None:
                server.request()
        return answer

    def _waits_for_bundle(self, number: int) -> bool:
        tasks = (task for task in self._servers if task.number == number and isinstance(task, ServerTask))
        return any(task.server is not None and self._ledger.count_waiting(task.destination, BUNDLES) for task in tasks)

    def _results_came(self) -> None:
        for server in self._servers:
            if server.server is not None and server.server.mode is ServerMode.MAIN:
                server.request(Trigger.RESULTS)

    def _is_settled(self) -> bool:
        """Tell whether every command that was taken in is answered, and the servers have the answers."""
        mains = [s.destination for s in self._servers if s.server is not None and s.server.mode is ServerMode.MAIN]
        return not (
            self._mailbox.is_owed()
            or self._mailbox.answers.wait()
            or any(self._ledger.count_waiting(main, RESULTS) for main in mains)
        )

    def _alarmed(self) -> None:
        """Alarms were stored, in whatever thread."""

        def tell() -> None:
            for server in self._servers:
                server.alarm()
            self._changed.set()

        with suppress(RuntimeError):  # the loop has ended: the alarm goes with the connection of the next start
            self._loop.call_soon_threadsafe(tell)

    def _database_broke(self, error: BaseException) -> None:
        """End the service: its next start moves a damaged file aside."""
        if not self._broken.done():
            self._broken.set_exception(error)
