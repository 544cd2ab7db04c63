"""`reference/files.md`: every file on a server, with an example that the code's own writers made."""

import gzip
from collections.abc import Iterator
from typing import Final

from heliograph.formats.alarmfile import device_alarm, gateway_alarm
from heliograph.formats.commandfile import CommandResult, write_results
from heliograph.formats.config import Directory
from heliograph.formats.datafile import BlockHeader, DataFileWriter
from heliograph.formats.dates import LocalDates
from heliograph.formats.logfile import log_line
from heliograph.formats.names import FileKind, OutgoingName, command_file_name
from heliograph.formats.tracefile import Flow, TraceLine
from reference.tables import code, matched, page, table

UID: Final = "WPM00C44F"
MOMENT: Final = 1_717_236_000_000
"""2024-06-01 10:00:00 UTC, the moment of every example."""
DATES: Final = LocalDates()
DIRECTORIES: Final = {
    "CONFIG": ("read, write", "`<uid>_config.ini`, `<uid>_var.ini`, `<uid>_daq.csv`, `<uid>_scl.ini`"),
    "DEF": ("read, write", "definitions, any name"),
    "SCRIPT": ("read, write", "`<name>.lua`"),
    "CERT": ("read, write", "`<name>.pem`"),
    "DATA": ("write", "data and parameter files"),
    "CMD": ("read, write, delete", "command files and their results"),
    "ALARM": ("write", "alarm files"),
    "LOG": ("write", "logs, communication traces, debug bundles"),
    "BIN": ("read", "packages of updates, which are not supported yet"),
}
WHERE: Final = {
    FileKind.MODBUS: ("DATA", "at each connection, when Modbus devices made records"),
    FileKind.IO: ("DATA", "at each connection, when the own inputs made records"),
    FileKind.TIC: ("DATA", "at each connection, when the meter's output made records"),
    FileKind.MODBUS_PARAMETERS: ("DATA", "after the command `getParameters`"),
    FileKind.IO_PARAMETERS: ("DATA", "after the command `getParameters`"),
    FileKind.TIC_PARAMETERS: ("DATA", "after the command `getParameters`"),
    FileKind.ALARMS: ("ALARM", "at once: an alarm starts a connection; those of the next ten seconds share one more"),
    FileKind.LOG: ("LOG", "at the end of each connection, with the lines of that connection"),
    FileKind.RESULTS: ("CMD", "in the connection that read the command file when the commands end within ten seconds"),
    FileKind.BUNDLE: ("LOG", "when somebody asked for a debug bundle"),
    FileKind.TRACE_SERIAL1: ("LOG", "while and after a trace of `serial1`"),
    FileKind.TRACE_SERIAL2: ("LOG", "while and after a trace of `serial2`"),
    FileKind.TRACE_SERIAL3: ("LOG", "while and after a trace of `serial3`"),
    FileKind.TRACE_ETHERNET: ("LOG", "while and after a trace of `ethernet`"),
}
PURPOSE: Final = "Directories, names, rights and contents of all files on a server."


def text() -> str:
    """The page."""
    return page(
        "Files on a server", PURPOSE, "`heliograph/formats/names.py` and the writers beside it",
        _introduction(), _directories(), _names(), _examples(),
    )  # fmt: skip


def _introduction() -> Iterator[str]:
    yield "What each is for, and when, is told in [what your server sees](../server.md)."
    yield ""


def _directories() -> Iterator[str]:
    named = {directory.default.removeprefix("/"): directory for directory in Directory}
    matched("directories", DIRECTORIES, named)
    yield "## Directories"
    yield ""
    rows = ((code("/" + name), code(named[name].value), *DIRECTORIES[name]) for name in DIRECTORIES)
    yield from table(("directory", "another name by (`FTP_…`, `HTTP_…`)", "rights needed", "holds"), rows)


def _names() -> Iterator[str]:
    matched("kinds of files", WHERE, FileKind)
    yield "## Files that the gateway writes"
    yield ""
    yield "The timestamp is the moment the file was closed, UTC; the order of names is the order of time."
    yield ""
    rows = ((code(OutgoingName(UID, kind, MOMENT)), *WHERE[kind]) for kind in FileKind)
    yield from table(("for example", "in", "when"), rows)


def _examples() -> Iterator[str]:
    yield "## What is in them"
    yield ""
    yield from _example("A data file", FileKind.MODBUS, _data())
    yield from _example("An alarm file", FileKind.ALARMS, _alarms())
    yield from _example("A log", FileKind.LOG, _log())
    yield from _example("A communication trace", FileKind.TRACE_ETHERNET, _trace())
    yield from _example("Results of commands", FileKind.RESULTS, _results())
    yield f"It answers `{command_file_name(UID)}`; [all commands](commands.md)."
    yield ""


def _example(title: str, kind: FileKind, content: str) -> Iterator[str]:
    yield f"### {title}"
    yield ""
    yield f"`{WHERE[kind][0]}/{OutgoingName(UID, kind, MOMENT)}`"
    yield ""
    yield "```"
    yield content.rstrip("\n")
    yield "```"
    yield ""


def _data() -> str:
    header = BlockHeader("MODBUS", "1", "modbusTCP", f"{UID}_inv.csv", ("3", "7"))
    writer = DataFileWriter(DATES)
    writer.add(header, MOMENT, "106;10;14;12")
    writer.add(header, MOMENT + 600_000, "108;11;15;13")
    return gzip.decompress(writer.close()).decode()


def _alarms() -> str:
    changed = device_alarm(
        DATES.text(MOMENT + 4000), source="MODBUS", definition=f"{UID}_inv.csv", device="roof_1", variable="6", value=5
    )
    return gateway_alarm(DATES.text(MOMENT), "DEVICE LOST roof_2") + changed


def _log() -> str:
    lines = (
        ("info", "sync", "server 1: connecting to sftp plant@data.example.org:22/ with revision 3"),
        ("warning", "sync", "server 1: data: the directory /DATA does not exist; make it there, the files wait"),
    )
    return "".join(log_line(MOMENT + 250 * n, *line) for n, line in enumerate(lines))


def _trace() -> str:
    address = "192.168.1.41:502"
    asked, said = "00 01 00 00 00 06 01 03 9C 40 00 02", "00 01 00 00 00 07 01 03 04 00 6A 00 0A"
    return "\n".join(
        str(TraceLine(MOMENT + delay, flow, bytes.fromhex(frame), address))
        for delay, flow, frame in ((0, Flow.SENT, asked), (28, Flow.RECEIVED, said))
    )


def _results() -> str:
    done = CommandResult(result={"value": 60.0, "raw": 60}, caller_id="req-41")
    return write_results([done, CommandResult(error="roof_3 does not answer", caller_id="req-42")])
