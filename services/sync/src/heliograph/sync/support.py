"""The debug bundle, asked for over the bus: gathered, packed, and kept for every file server (spec 3.4)."""

import json
import platform
import shutil
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path
from typing import Any, Final

from sqlmodel import col, select

from heliograph.contract import BundleAnswer, BundleRequest, BundleStage, PageRequest, RevisionSummary, ServiceState
from heliograph.contract.status import status_document
from heliograph.formats.logfile import log_line
from heliograph.formats.names import OutgoingName
from heliograph.formats.secrets import mask_secrets
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds
from heliograph.sync.applied import Applied, text
from heliograph.sync.bundle import pack_bundle, shown_file
from heliograph.sync.bundles import Bundles
from heliograph.sync.concealed import Concealed
from heliograph.sync.configuration import Configuration
from heliograph.sync.course import Course
from heliograph.sync.database import Database
from heliograph.sync.desk import Desk
from heliograph.sync.diary import Diary
from heliograph.sync.history import History
from heliograph.sync.ledger import RECENT_LINES
from heliograph.sync.tables import LogRow

CONNECTIONS: Final = 200
REVISIONS: Final = 50
DIFF_CHARACTERS: Final = 200_000
"""Of the difference that one revision made."""
NO_SERVER: Final = "no file server takes it: server 1 or 2 must be of type ftp, ftps, sftp, webdav or webdavs"


class Support:
    """Makes debug bundles. `answer` blocks and belongs to a thread; `hear` belongs to the loop."""

    def __init__(
        self, database: Database, configuration: Configuration, desk: Desk, history: History, diary: Diary,
        clock: Clock, concealed: Concealed,
        *, broker: Callable[[], str],
    ) -> None:  # fmt: skip
        self._database = database
        self._configuration = configuration
        self._desk = desk
        self._history = history
        self._diary = diary
        self._clock = clock
        self._concealed = concealed
        self._broker = broker
        self._bundles = Bundles(database)
        self._states: dict[str, ServiceState] = {}

    def hear(self, state: ServiceState) -> None:
        """Keep what a service said last of itself."""
        self._states[state.service] = state

    def answer(self, request: BundleRequest, own: ServiceState, course: Course | None = None) -> BundleAnswer:
        """Make a bundle and keep it for the servers; `own` is sync's state of now. Raises `BundleStopped`."""
        applied = self._configuration.applied
        servers = applied.file_servers if applied and request.send else {}
        if applied is None or (servers and not self._bundles.has_takers()):
            return BundleAnswer(error="no configuration is in force yet: there is no server")
        if request.send and not servers:
            return BundleAnswer(error=NO_SERVER)
        course = course or Course(request, milliseconds(self._clock))
        name, content = self._made(applied, own, course)
        course.content = content
        numbers = tuple(sorted(servers))
        if numbers:
            self._hand_over(request, name, content, numbers)
        else:
            self._diary.info(f"debug bundle {name} made ({len(content)} bytes, asked for by {request.origin})")
        return BundleAnswer(name=str(name), bytes=len(content), servers=numbers)

    def _made(self, applied: Applied, own: ServiceState, course: Course) -> tuple[OutgoingName, bytes]:
        course.step(BundleStage.GATHERING)
        files = self._files(applied, own)
        course.step(BundleStage.GATHERING)
        lines = self._lines()
        course.step(BundleStage.PACKING)
        name = self._bundles.name(applied.set.uid, milliseconds(self._clock))
        content = pack_bundle(str(name).partition(".")[0], files, lines, name.time // 1000)
        course.step(BundleStage.PACKING)
        return name, content

    def _hand_over(self, request: BundleRequest, name: OutgoingName, content: bytes, numbers: tuple[int, ...]) -> None:
        replaced = self._bundles.keep(name, content)
        which = " and ".join(str(number) for number in numbers)
        instead = "; one that waited is replaced" if replaced else ""
        self._diary.info(
            f"debug bundle {name} made ({len(content)} bytes, asked for by {request.origin}): "
            f"it goes to the /LOG of server {which} at the next connection{instead}"
        )

    def _files(self, applied: Applied, own: ServiceState) -> dict[str, str]:
        now = milliseconds(self._clock)
        states = {**self._states, own.service: own}
        return {
            **_configuration(applied),
            **self._revisions(),
            **{
                f"states/{service}.json": self._shown(state.model_dump(mode="json"))
                for service, state in states.items()
            },
            "status.json": self._shown(status_document(states, now).model_dump(mode="json")),
            "connections.json": self._connections(),
            "versions.json": _json(_versions(self._broker(), self._database.path.parent)),
        }

    def _revisions(self) -> dict[str, str]:
        summaries: list[RevisionSummary] = []
        files: dict[str, str] = {}
        page = self._desk.page(PageRequest(limit=REVISIONS))
        for summary in page.revisions:
            summaries.append(summary)
            found = self._desk.difference(summary.number)
            shown = shown_file("revisions", found) or ""
            files[f"revisions/{summary.number:06}.diff"] = shown[:DIFF_CHARACTERS]
        listed = [summary.model_dump(mode="json") for summary in summaries]
        return {**files, "revisions/list.json": self._shown(listed)}

    def _connections(self) -> str:
        rows = self._history.page(PageRequest(limit=CONNECTIONS)).connections
        return self._shown([row.model_dump(mode="json") for row in rows])

    def _lines(self) -> list[str]:
        self._diary.flush()
        columns = select(LogRow.time, LogRow.level, LogRow.service).add_columns(col(LogRow.text))
        with self._database.read() as session:
            rows = session.connection().execute(columns.order_by(col(LogRow.id).desc()).limit(RECENT_LINES)).all()
        return [mask_secrets(self._concealed.hide(log_line(*row))) for row in reversed(rows)]

    def _shown(self, value: Any) -> str:
        return mask_secrets(_json(_hidden(value, self._concealed)))


def _configuration(applied: Applied) -> dict[str, str]:
    keys = frozenset(server.key_file.removeprefix("file:") for server in applied.set.config.servers if server.key_file)
    shown = {path: shown_file(path, text(content), keys) for path, content in applied.set.files.items()}
    return {f"configuration/{path}": found for path, found in shown.items() if found is not None}


def _hidden(value: Any, concealed: Concealed) -> Any:
    """Hide secrets in the texts of a document, before JSON quotes them."""
    if isinstance(value, str):
        return concealed.hide(value)
    if isinstance(value, Mapping):
        return {key: _hidden(each, concealed) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(each, concealed) for each in value]
    return value


def _versions(broker: str, directory: Path) -> dict[str, Any]:
    disk = shutil.disk_usage(directory)
    libraries = {found.metadata["Name"]: found.version for found in distributions() if found.metadata["Name"]}
    return {
        "heliograph": _own_version(),
        "python": sys.version,
        "platform": platform.platform(),
        "broker": broker or "not connected",
        "disk": {"total": disk.total, "free": disk.free},
        "libraries": dict(sorted(libraries.items(), key=lambda item: item[0].lower())),
    }


def _own_version() -> str:
    try:
        return version("heliograph-sync")
    except PackageNotFoundError:
        return "unknown"


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
