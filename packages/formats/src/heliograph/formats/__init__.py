"""The files that a gateway and its servers exchange: parse, validate, write. Pure: text in, values and findings out."""

from heliograph.formats.alarmfile import device_alarm, gateway_alarm
from heliograph.formats.commandfile import (
    COMMAND_FILE_LIMIT,
    Command,
    CommandError,
    CommandResult,
    parse_commands,
    parse_results,
    write_results,
)
from heliograph.formats.datafile import DATA_FILE_LIMIT, BlockHeader, DataFileWriter, RowTooLarge
from heliograph.formats.datareader import DataFile, Row, read_data_file
from heliograph.formats.dates import DateForm, LocalDates
from heliograph.formats.frames import pandas_frame, polars_frame
from heliograph.formats.gziptext import GzipText, Unpackable, pack, unpack
from heliograph.formats.logfile import log_line
from heliograph.formats.names import (
    FileKind,
    OutgoingName,
    command_file_name,
    next_stamp,
    old_command_file_name,
    parse_name,
    timestamp,
)
from heliograph.formats.values import Value, format_row, format_value, shortest_single

__all__ = [
    "COMMAND_FILE_LIMIT",
    "DATA_FILE_LIMIT",
    "BlockHeader",
    "Command",
    "CommandError",
    "CommandResult",
    "DataFile",
    "DataFileWriter",
    "DateForm",
    "FileKind",
    "GzipText",
    "LocalDates",
    "OutgoingName",
    "Row",
    "RowTooLarge",
    "Unpackable",
    "Value",
    "command_file_name",
    "device_alarm",
    "format_row",
    "format_value",
    "gateway_alarm",
    "log_line",
    "next_stamp",
    "old_command_file_name",
    "pack",
    "pandas_frame",
    "parse_commands",
    "parse_name",
    "parse_results",
    "polars_frame",
    "read_data_file",
    "shortest_single",
    "timestamp",
    "unpack",
    "write_results",
]
