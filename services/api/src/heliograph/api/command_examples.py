"""Examples of commands, journal, scripts and set points for the description of the API, made of the models."""

from typing import Any, Final

from heliograph.api.commanded import (
    CommandsDone,
    CommandsNow,
    CommandsRunning,
    CommandTable,
    EntryList,
    EntryRow,
    ResultRow,
    SetPoint,
    SetPointList,
)
from heliograph.api.scripted import ScriptDone, ScriptList, ScriptLog
from heliograph.contract import (
    CommandSummary,
    JournalWay,
    ParameterSummary,
    ScriptAction,
    ScriptCondition,
    ScriptLine,
    ScriptState,
)

_NOON: Final = 1_717_243_200_000
_IDENTITY: Final = "local-3f2a90c41d7e4b0f8a6d5c2e1b907f64"
_LIMIT: Final = {"device": "roof_1", "variable": "cmdPwrPercent", "value": 60}
_WRITE: Final = {"rpcName": "sunpm.writeVariable", "parameters": _LIMIT, "callerId": "req-41"}
_READ: Final = {"rpcName": "sunpm.readVariable", "parameters": {"device": "roof_1", "variable": "RealPower"}}
_ENTRY: Final = EntryRow(
    number=812,
    identity=_IDENTITY,
    position=0,
    way=JournalWay.LOCAL,
    origin="REST, 127.0.0.1",
    callerId="req-41",
    name="sunpm.writeVariable",
    parameters=_LIMIT,
    started=_NOON - 600,
    ended=_NOON - 410,
    seconds=0.19,
    result={"value": 60.0, "raw": 60},
)

TEXTS: Final[dict[str, Any]] = {
    "one": {"summary": "Limit an inverter to 60 %", "value": _WRITE},
    "several": {"summary": "Two commands in order", "value": [_WRITE, _READ]},
}
DONE = CommandsDone(
    identity=_IDENTITY, finished=True, results=(ResultRow(result={"value": 60.0, "raw": 60}, callerId="req-41"),)
)  # fmt: skip
RUNNING = CommandsRunning(
    identity=_IDENTITY,
    finished=False,
    detail=f"Still running after 30 s; it goes on, and GET /api/v1/commands/{_IDENTITY} follows it.",
)
JOURNAL = EntryList(entries=(_ENTRY,), before=None)
TEXT = CommandsNow(identity=_IDENTITY, finished=True, commands=(_ENTRY,))
SCRIPTS = ScriptList(
    scripts=(
        ScriptState(
            name="zero_export",
            label="Zero export",
            version="1.1",
            condition=ScriptCondition.RUNNING,
            since=_NOON - 3_600_000,
            calls=3_600,
            cpu_seconds=1.8,
            memory_bytes=212_992,
            functions=("target",),
        ),
    )
)
LOG = ScriptLog(lines=(ScriptLine(number=41, time=_NOON - 4_000, text="the meter is silent: 0 % until it speaks"),))
STARTED = ScriptDone(script="zero_export", action=ScriptAction.START, detail="Script zero_export is started.")
SET_POINTS = SetPointList(
    set_points=(
        SetPoint(
            device="1",
            device_name="roof_1",
            variable="59",
            variable_name="123_WMaxLimPct",
            unit="% WMax",
            value=42.0,
            raw=42,
            fallback=0.0,
            fallback_raw=0,
            until=_NOON + 20_000,
            seconds_left=20.0,
            caller="script zero_export",
            lapsed=False,
            cause="",
        ),
    )
)

SOURCE = 'header = { version = 1.0, label = "Says hello" }\n\nfunction wsInit()\n  wd.log("hello")\nend\n'
TABLE = CommandTable(
    commands=(
        CommandSummary(
            name="sunpm.connect",
            parameters=(ParameterSummary(name="server", words="1 or 2", form="number", least=1, most=2),),
        ),
    )
)
