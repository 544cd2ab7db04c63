"""THE table: every channel with its subject, payload, stream, senders and readers.

The documents (`docs/contract.md`), the schema files, the tests and the broker's permissions come from it.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from pydantic import TypeAdapter

from heliograph.contract.authoring import LanguageAnswer, LanguageRequest, ScriptCheckAnswer, ScriptCheckRequest
from heliograph.contract.bundles import BundlePart, BundlePartRequest, StopBundle
from heliograph.contract.commanding import (
    ExecuteAnswer,
    ExecuteRequest,
    FactoryRequest,
    JournalEntry,
    JournalPage,
    JournalRequest,
    PlantChange,
    RestartNotice,
    ScriptLogPage,
    ScriptLogRequest,
    ScriptRequest,
)
from heliograph.contract.configuration import Revision
from heliograph.contract.detections import (
    DetectAnswer,
    DetectionProgress,
    DetectionQuery,
    DetectionState,
    DetectRequest,
    StopDetection,
)
from heliograph.contract.logbook import LogPage, LogRequest, NumberedEvent
from heliograph.contract.recorded import RowsAnswer, RowsRequest, SeriesAnswer, SeriesRequest
from heliograph.contract.records import Alarm, Event, Reading, Record
from heliograph.contract.requests import (
    AlarmPage,
    AlarmRequest,
    BundleAnswer,
    BundleRequest,
    CommandResults,
    CommandText,
    ConnectionPage,
    ConnectRequest,
    EditAnswer,
    EditRequest,
    Outcome,
    PageRequest,
    ParametersRequest,
    ReadRequest,
    ReturnRequest,
    RevisionDetail,
    RevisionPage,
    RevisionRequest,
    StopConnection,
    TracePart,
    TraceRequest,
    VariableValue,
    Way,
    WriteRequest,
)
from heliograph.contract.servertests import (
    SchedulesAnswer,
    SchedulesRequest,
    ServerTestAnswer,
    ServerTestQuery,
    ServerTestRequest,
    ServerTestState,
    StopServerTest,
)
from heliograph.contract.states import ServiceState


class Service(StrEnum):
    """The services, each a user of the bus."""

    COLLECTOR = "collector"
    SYNC = "sync"
    COMMANDS = "commands"
    API = "api"


@dataclass(frozen=True, slots=True)
class Stream:
    """One JetStream stream. Sync makes them all and makes them again if the bus lost its store."""

    name: str
    subjects: tuple[str, ...]
    retention: Literal["workqueue", "last"]
    """`workqueue`: a message stays until its one reader acknowledged it. `last`: the newest per subject stays."""
    max_bytes: int
    purpose: str
    storage: Literal["file", "memory"] = "file"


@dataclass(frozen=True, slots=True)
class Channel:
    """One line of the table. A subject's `{key}` is filled by the sender with a constrained identifier."""

    name: str
    subject: str
    payload: Any
    senders: tuple[Service, ...]
    readers: tuple[Service, ...]
    purpose: str
    stream: str | None = None
    """None: plain NATS, not stored."""
    reply: Any = None
    """For requests: the payload of the answer, given by the one reader."""
    queues: tuple[str, ...] = ("*",)
    """For work queues: the keys that are read side by side, each through a consumer each; `*` reads all in one."""

    @property
    def adapter(self) -> TypeAdapter[Any]:
        """Validates and writes the payload."""
        return _adapter(self.payload)

    @property
    def reply_adapter(self) -> TypeAdapter[Any]:
        """Validates and writes the answer of a request."""
        return _adapter(self.reply)

    def address(self, **keys: str) -> str:
        """Return the subject with its key filled in. Raises `ValueError` where a key could reach beyond its place."""
        for name, key in keys.items():
            if not _KEY.fullmatch(key):
                raise ValueError(f"{key!r} cannot be the {name} of a subject: letters, digits, _ and - alone")
        return self.subject.format(**keys)

    @property
    def pattern(self) -> str:
        """The subject with a wildcard in the place of its key."""
        head, _, _ = self.subject.partition("{")
        return f"{head}*" if head != self.subject else self.subject


_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ADAPTERS: dict[int, TypeAdapter[Any]] = {}


def _adapter(payload: Any) -> TypeAdapter[Any]:
    if id(payload) not in _ADAPTERS:
        _ADAPTERS[id(payload)] = TypeAdapter(payload)
    return _ADAPTERS[id(payload)]


MEBIBYTE = 1024 * 1024

STREAMS = (
    Stream("RECORDS", ("records.*",), "workqueue", 1024 * MEBIBYTE, "records on their way to sync"),
    Stream("ALARMS", ("alarms.*",), "workqueue", 64 * MEBIBYTE, "alarms on their way to sync"),
    Stream("EVENTS", ("events.*",), "workqueue", 64 * MEBIBYTE, "lines of the log on their way to sync"),
    Stream("COMMANDS", ("commands.*",), "workqueue", 64 * MEBIBYTE, "command texts not yet executed"),
    Stream("RESULTS", ("results.*",), "workqueue", 64 * MEBIBYTE, "results on their way back"),
    Stream("CHANGES", ("changes.*",), "workqueue", 16 * MEBIBYTE, "writes that no command asked for"),
    Stream("TRACES", ("traces.*",), "workqueue", 64 * MEBIBYTE, "communication traces on their way to sync"),
    Stream("CONFIGURATION", ("configuration.revision",), "last", 64 * MEBIBYTE, "the revision in force"),
    Stream("STATE", ("state.*",), "last", 16 * MEBIBYTE, "the last state of each service", storage="memory"),
)

_COLLECTOR, _SYNC, _COMMANDS, _API = Service.COLLECTOR, Service.SYNC, Service.COMMANDS, Service.API
_ALL = (_COLLECTOR, _SYNC, _COMMANDS, _API)

RECORDS = Channel(
    "records", "records.{device}", Record, (_COLLECTOR,), (_SYNC,), "one record of one device", stream="RECORDS"
)
ALARMS = Channel(
    "alarms", "alarms.{service}", Alarm, (_COLLECTOR, _COMMANDS), (_SYNC,), "alarms, each once", stream="ALARMS"
)
EVENTS = Channel("events", "events.{service}", Event, _ALL, (_SYNC,), "lines of the log for people", stream="EVENTS")
TRACES = Channel(
    "traces", "traces.{interface}", TracePart, (_COLLECTOR,), (_SYNC,), "a communication trace, or a part of one",
    stream="TRACES",
)  # fmt: skip
LIVE = Channel(
    "live", "live.{device}", Reading, (_COLLECTOR,), (_API, _COMMANDS), "live readings, at most one a second a device"
)
STATE = Channel(
    "state", "state.{service}", ServiceState, _ALL, (_API, _COMMANDS, _SYNC), "how a service is doing, every 5 s",
    stream="STATE",
)  # fmt: skip
CONFIGURATION = Channel(
    "configuration", "configuration.revision", Revision, (_SYNC,), (_COLLECTOR, _COMMANDS, _API),
    "the revision in force", stream="CONFIGURATION",
)  # fmt: skip
COMMAND_TEXTS = Channel(
    "commands", "commands.{way}", CommandText, (_SYNC,), (_COMMANDS,), "command texts, each executed once",
    stream="COMMANDS", queues=(Way.FILE, Way.MQTT),
)  # fmt: skip
RESULTS = Channel(
    "results", "results.{way}", CommandResults, (_COMMANDS,), (_SYNC,), "results of command texts", stream="RESULTS"
)
EXECUTE = Channel(
    "execute", "request.commands.execute", ExecuteRequest, (_API,), (_COMMANDS,), "execute a command text at once",
    reply=ExecuteAnswer,
)  # fmt: skip
JOURNAL = Channel(
    "journal", "request.commands.journal", JournalRequest, (_API,), (_COMMANDS,), "a page of the journal of commands",
    reply=JournalPage,
)  # fmt: skip
JOURNAL_ENTRY = Channel(
    "journal entry", "journal.entry", JournalEntry, (_COMMANDS,), (_API,), "a command that began or ended"
)
CHANGES = Channel(
    "changes", "changes.{service}", PlantChange, (_COLLECTOR,), (_COMMANDS,), "writes that no command asked for",
    stream="CHANGES",
)  # fmt: skip
SCRIPT = Channel(
    "script", "request.commands.script", ScriptRequest, (_API,), (_COMMANDS,), "start, stop, enable, disable a script",
    reply=Outcome,
)  # fmt: skip
SCRIPT_LOG = Channel(
    "script log", "request.commands.script_log", ScriptLogRequest, (_API,), (_COMMANDS,), "lines of a script's log",
    reply=ScriptLogPage,
)  # fmt: skip
LANGUAGE = Channel(
    "language", "request.commands.language", LanguageRequest, (_API,), (_COMMANDS,), "the built-in commands",
    reply=LanguageAnswer,
)  # fmt: skip
SCRIPT_CHECK = Channel(
    "script check", "request.commands.script_check", ScriptCheckRequest, (_API,), (_COMMANDS,),
    "whether Lua can read scripts", reply=ScriptCheckAnswer,
)  # fmt: skip
FACTORY = Channel(
    "factory", "request.sync.factory", FactoryRequest, (_COMMANDS,), (_SYNC,),
    "delete configuration and collected data", reply=Outcome,
)  # fmt: skip
RESTART = Channel(
    "restart", "restart.gateway", RestartNotice, (_COMMANDS, _SYNC), _ALL, "all services end and begin again"
)
READ = Channel(
    "read", "request.collector.read", ReadRequest, (_COMMANDS,), (_COLLECTOR,), "read one variable now",
    reply=VariableValue,
)  # fmt: skip
WRITE = Channel(
    "write", "request.collector.write", WriteRequest, (_COMMANDS,), (_COLLECTOR,), "write one variable now",
    reply=VariableValue,
)  # fmt: skip
PARAMETERS = Channel(
    "parameters", "request.collector.parameters", ParametersRequest, (_COMMANDS,), (_COLLECTOR,),
    "record the parameters of devices", reply=Outcome,
)  # fmt: skip
DETECT = Channel(
    "detect", "request.collector.detect", DetectRequest, (_API, _COMMANDS), (_COLLECTOR,),
    "search for SunSpec devices", reply=DetectAnswer,
)  # fmt: skip
DETECTION = Channel(
    "detection", "request.collector.detection", DetectionQuery, (_API, _COMMANDS), (_COLLECTOR,),
    "how a detection is doing, and what it proposes", reply=DetectionState,
)  # fmt: skip
STOP_DETECTION = Channel(
    "stop detection", "request.collector.stop_detection", StopDetection, (_API, _COMMANDS), (_COLLECTOR,),
    "end or forget a detection", reply=Outcome,
)  # fmt: skip
DETECTION_PROGRESS = Channel(
    "detection progress", "detection.progress", DetectionProgress, (_COLLECTOR,), (_API, _COMMANDS),
    "lines of a running detection",
)  # fmt: skip
TRACE = Channel(
    "trace", "request.collector.trace", TraceRequest, (_COMMANDS, _API), (_COLLECTOR,),
    "write down what goes over an interface for some minutes", reply=Outcome,
)  # fmt: skip
CONNECT = Channel(
    "connect", "request.sync.connect", ConnectRequest, (_COMMANDS, _API), (_SYNC,), "make a connection", reply=Outcome
)
STOP_CONNECTION = Channel(
    "stop connection", "request.sync.stop_connection", StopConnection, (_API,), (_SYNC,), "end a connection that runs",
    reply=Outcome,
)  # fmt: skip
CONNECTION_HISTORY = Channel(
    "connection history", "request.sync.connections", PageRequest, (_API,), (_SYNC,), "a page of connections",
    reply=ConnectionPage,
)  # fmt: skip
ALARM_HISTORY = Channel(
    "alarm history", "request.sync.alarms", AlarmRequest, (_API,), (_SYNC,), "a page of alarms", reply=AlarmPage
)
EDIT = Channel(
    "edit", "request.sync.edit", EditRequest, (_API, _COMMANDS), (_SYNC,), "change files of the configuration set",
    reply=EditAnswer,
)  # fmt: skip
RETURN = Channel(
    "return", "request.sync.return", ReturnRequest, (_API,), (_SYNC,), "put an older revision in force again",
    reply=EditAnswer,
)  # fmt: skip
REVISIONS = Channel(
    "revisions", "request.sync.revisions", PageRequest, (_API,), (_SYNC,), "a page of the revisions",
    reply=RevisionPage,
)  # fmt: skip
REVISION = Channel(
    "revision", "request.sync.revision", RevisionRequest, (_API,), (_SYNC,), "one revision whole, without secrets",
    reply=RevisionDetail,
)  # fmt: skip
BUNDLE = Channel(
    "bundle", "request.sync.bundle", BundleRequest, (_API, _COMMANDS), (_SYNC,), "make a debug bundle for the servers",
    reply=BundleAnswer,
)  # fmt: skip
STOP_BUNDLE = Channel(
    "stop bundle", "request.sync.stop_bundle", StopBundle, (_API,), (_SYNC,), "end a debug bundle, or take it back",
    reply=Outcome,
)  # fmt: skip
BUNDLE_PART = Channel(
    "bundle part", "request.sync.bundle_part", BundlePartRequest, (_API,), (_SYNC,), "a part of the last debug bundle",
    reply=BundlePart,
)  # fmt: skip
SERIES = Channel(
    "series", "request.sync.series", SeriesRequest, (_API,), (_SYNC,), "variables over time, from the records kept",
    reply=SeriesAnswer,
)  # fmt: skip
ROWS = Channel("rows", "request.sync.rows", RowsRequest, (_API,), (_SYNC,), "records kept, as rows", reply=RowsAnswer)
LOG_HISTORY = Channel(
    "log history", "request.sync.log", LogRequest, (_API,), (_SYNC,), "lines of the gateway's log", reply=LogPage
)
LOG_LINE = Channel("log line", "log.line", NumberedEvent, (_SYNC,), (_API,), "a line of the log, as it comes")
TEST_SERVER = Channel(
    "test server", "request.sync.test_server", ServerTestRequest, (_API,), (_SYNC,),
    "try every step of a connection to a server", reply=ServerTestAnswer,
)  # fmt: skip
SERVER_TEST = Channel(
    "server test", "request.sync.server_test", ServerTestQuery, (_API,), (_SYNC,), "how a test of a server is doing",
    reply=ServerTestState,
)  # fmt: skip
STOP_SERVER_TEST = Channel(
    "stop server test", "request.sync.stop_server_test", StopServerTest, (_API,), (_SYNC,), "end a test of a server",
    reply=Outcome,
)  # fmt: skip
SERVER_TEST_PROGRESS = Channel(
    "server test progress", "server_test.progress", ServerTestState, (_SYNC,), (_API,), "steps of a running test"
)
SCHEDULES = Channel(
    "schedules", "request.sync.schedules", SchedulesRequest, (_API,), (_SYNC,), "when the next connections are made",
    reply=SchedulesAnswer,
)  # fmt: skip

CHANNELS = (
    RECORDS, ALARMS, EVENTS, TRACES, LIVE, STATE, CONFIGURATION, COMMAND_TEXTS, RESULTS,
    READ, WRITE, PARAMETERS, TRACE, CONNECT, STOP_CONNECTION, CONNECTION_HISTORY, ALARM_HISTORY,
    EDIT, RETURN, REVISIONS, REVISION,
    BUNDLE, STOP_BUNDLE, BUNDLE_PART, DETECT, DETECTION, STOP_DETECTION, DETECTION_PROGRESS,
    EXECUTE, JOURNAL, JOURNAL_ENTRY, CHANGES, SCRIPT, SCRIPT_LOG,
    LANGUAGE, SCRIPT_CHECK, FACTORY, RESTART,
    SERIES, ROWS, LOG_HISTORY, LOG_LINE, TEST_SERVER, SERVER_TEST, STOP_SERVER_TEST, SERVER_TEST_PROGRESS, SCHEDULES,
)  # fmt: skip
