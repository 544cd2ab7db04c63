"""The service commands, played: it answers what a test sets, remembers what it was asked, and tells its state."""

import json

from heliograph.contract import (
    CommandsState,
    CommandSummary,
    ExecuteAnswer,
    ExecuteRequest,
    JournalEntry,
    JournalPage,
    JournalRequest,
    JournalResult,
    JournalWay,
    LanguageAnswer,
    LanguageRequest,
    Outcome,
    ParameterSummary,
    ScriptCheckAnswer,
    ScriptCheckRequest,
    ScriptCondition,
    ScriptLine,
    ScriptLogPage,
    ScriptLogRequest,
    ScriptRequest,
    ScriptState,
)
from heliograph.contract.channels import (
    EXECUTE,
    JOURNAL,
    JOURNAL_ENTRY,
    LANGUAGE,
    SCRIPT,
    SCRIPT_CHECK,
    SCRIPT_LOG,
    STATE,
)
from heliograph.runtime import Bus
from support.plausible import now

RESULT = (
    '[{"result": {"value": 60.0, "raw": 60}, "callerId": "req-41"},\n {"error": "no device x", "callerId": null}]\n'
)

COMMANDS = (
    CommandSummary(name="sunpm.connect", parameters=(
        ParameterSummary(name="server", words="1 or 2", form="number", least=1, most=2),
    )),
    CommandSummary(name="sunpm.log", parameters=(
        ParameterSummary(
            name="interface", words="serial1 or ethernet", required=True, form="choice", choices=("serial1", "ethernet")
        ),
        ParameterSummary(
            name="minutes", words="minutes, 1 to 1440", required=True, form="number", least=1, most=1440
        ),
    )),
    CommandSummary(name="sunpm.getParameters", parameters=(
        ParameterSummary(name="device", words="a device's name or index", form="device"),
    )),
    CommandSummary(name="sunpm.reboot"),
)  # fmt: skip


def entry(number: int, way: JournalWay = JournalWay.MQTT, **changes: object) -> JournalEntry:
    """One that was done."""
    began = now() - (100 - number) * 60_000
    made = JournalEntry(
        number=number,
        text=f"text-{number}",
        way=way,
        origin="plants/WPM00C44F/command",
        caller=f"req-{number}",
        name="sunpm.writeVariable",
        parameters='{"device": "roof_1", "variable": "cmdPwrPercent", "value": 60}',
        started=began,
        ended=began + 190,
        result='{"value": 60.0, "raw": 60}',
    )
    return made.model_copy(update=changes)


def outcome(row: JournalEntry) -> JournalResult:
    if row.error is not None:
        return JournalResult.FAILED
    return JournalResult.RUNNING if row.ended is None else JournalResult.DONE


def entries() -> list[JournalEntry]:
    """Sixty rows, newest first: of every way, each tenth failed, the newest still running."""
    ways = list(JournalWay)
    rows = [entry(number, ways[number % len(ways)]) for number in range(60, 0, -1)]
    rows = [
        row.model_copy(update={"result": None, "error": "roof_3 does not answer"}) if row.number % 10 == 5 else row
        for row in rows
    ]
    rows[0] = rows[0].model_copy(update={"ended": None, "result": None})
    return rows


def scripts() -> tuple[ScriptState, ...]:
    moment = now()
    return (
        ScriptState(
            name="zero export",
            label="Nothing into the grid",
            version="1.1",
            condition=ScriptCondition.RUNNING,
            since=moment - 3_600_000,
            restarts=1,
            calls=3_600,
            cpu_seconds=1.84,
            memory_bytes=212_992,
            functions=("target", "pause"),
        ),
        ScriptState(
            name="night",
            condition=ScriptCondition.WAITING,
            since=moment - 20_000,
            cause="night.lua:12: attempt to index a nil value",
        ),
        ScriptState(name="spare", condition=ScriptCondition.DISABLED, since=moment - 90_000_000),
    )


class Commands:
    """The service, as far as others see it."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.rows = entries()
        self.scripts = scripts()
        self.log = [ScriptLine(number=n, time=now() - (500 - n) * 1000, text=f"line {n}") for n in range(400, 0, -1)]
        self.answer = ExecuteAnswer(finished=True, text=RESULT)
        self.refusal = ""
        self.executed: list[ExecuteRequest] = []
        self.asked: list[JournalRequest] = []
        self.acts: list[ScriptRequest] = []

    async def serve(self) -> None:
        await self.bus.serve(EXECUTE, self._execute)
        await self.bus.serve(JOURNAL, self._journal)
        await self.bus.serve(SCRIPT, self._act)
        await self.bus.serve(SCRIPT_LOG, self._log)
        await self.bus.serve(SCRIPT_CHECK, self._check)
        await self.bus.serve(LANGUAGE, self._language)

    async def report(self) -> None:
        moment = now()
        state = CommandsState(
            time=moment, started=moment - 7_200_000, revision=3, executed=812, failed=9, scripts=self.scripts
        )
        await self.bus.store(STATE, state, service="commands")

    async def tell(self, row: JournalEntry) -> None:
        """A command began or ended: it is in the journal, and heard."""
        self.rows = [row, *(known for known in self.rows if known.number != row.number)]
        await self.bus.publish(JOURNAL_ENTRY, row)

    async def _execute(self, request: ExecuteRequest) -> ExecuteAnswer:
        self.executed.append(request)
        return self.answer

    async def _journal(self, request: JournalRequest) -> JournalPage:
        self.asked.append(request)
        rows = [r for r in self.rows if request.before is None or r.number < request.before]
        rows = [r for r in rows if request.way in (None, r.way) and request.text in (None, r.text)]
        rows = [
            r for r in rows if request.outcome in (None, outcome(r)) and request.name.casefold() in r.name.casefold()
        ]
        rows = [r for r in rows if request.who.casefold() in f"{r.origin} {r.caller}".casefold()]
        rows = [r for r in rows if request.words.casefold() in f"{r.name} {r.parameters} {r.error}".casefold()]
        rows = [
            r for r in rows if not request.devices or str(json.loads(r.parameters).get("device")) in request.devices
        ]
        return JournalPage(entries=tuple(rows[: request.limit]), error=self.refusal)

    async def _act(self, request: ScriptRequest) -> Outcome:
        self.acts.append(request)
        return Outcome(error=self.refusal)

    async def _log(self, request: ScriptLogRequest) -> ScriptLogPage:
        lines = [line for line in self.log if request.before is None or line.number < request.before]
        return ScriptLogPage(lines=tuple(lines[: request.limit]), error=self.refusal)

    async def _check(self, request: ScriptCheckRequest) -> ScriptCheckAnswer:
        """Take a line with `??` in it for a mistake."""
        found = [
            f"{path}:{number}:1: error: Lua cannot read it: unexpected symbol near '?'"
            for path, text in request.scripts.items()
            for number, line in enumerate(text.splitlines(), 1)
            if "??" in line
        ]
        return ScriptCheckAnswer(findings=tuple(found))

    async def _language(self, _: LanguageRequest) -> LanguageAnswer:
        return LanguageAnswer(commands=COMMANDS)
