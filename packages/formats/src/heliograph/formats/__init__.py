"""The files that a gateway and its servers exchange: parse, validate, write. Pure: text in, values and findings out."""

from heliograph.formats.alarmfile import device_alarm, gateway_alarm
from heliograph.formats.alarmreader import AlarmRow, read_alarms
from heliograph.formats.commandfile import (
    COMMAND_FILE_LIMIT,
    Command,
    CommandError,
    CommandResult,
    parse_commands,
    parse_results,
    write_results,
)
from heliograph.formats.config import (
    Authorities,
    Authority,
    Config,
    Directory,
    FileServer,
    LimitLine,
    MqttServer,
    Server,
    ServerMode,
    ServerType,
)
from heliograph.formats.config_parser import parse_config
from heliograph.formats.config_writer import write_config
from heliograph.formats.daq import Daq, Device, SerialInterface, SerialLine, TcpInterface
from heliograph.formats.daq_parser import parse_daq
from heliograph.formats.daq_writer import write_daq
from heliograph.formats.datafile import DATA_FILE_LIMIT, BlockHeader, DataFileWriter, RowTooLarge
from heliograph.formats.datareader import DataFile, Row, read_data_file
from heliograph.formats.dates import DateForm, LocalDates
from heliograph.formats.definition import Definition, Kind, ModbusPoint, Protocol, Table, Variable
from heliograph.formats.definition_parser import parse_definition
from heliograph.formats.definition_writer import write_definition
from heliograph.formats.engineering import engineering_value, engineering_values, raw_value
from heliograph.formats.findings import Finding, Severity, has_errors
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
from heliograph.formats.plant import Plant, PlantDevice, read_plant, scale_factor_of
from heliograph.formats.schedule import DayType, ScheduleLine, Schedules
from heliograph.formats.schedule_parser import parse_schedules
from heliograph.formats.schedule_writer import write_schedules
from heliograph.formats.scripts import parse_scripts
from heliograph.formats.scripts_writer import renamed_script, with_script, without_script
from heliograph.formats.secrets import mask_secrets, resolve_secret, restore_secrets
from heliograph.formats.set_reader import named_files, read_set
from heliograph.formats.sets import ConfigurationSet, NamedFiles, VariableLimit
from heliograph.formats.uid import is_uid, uid_from_mac
from heliograph.formats.values import Value, format_row, format_value, shortest_single

__all__ = [
    "COMMAND_FILE_LIMIT",
    "DATA_FILE_LIMIT",
    "AlarmRow",
    "Authorities",
    "Authority",
    "BlockHeader",
    "Command",
    "CommandError",
    "CommandResult",
    "Config",
    "ConfigurationSet",
    "Daq",
    "DataFile",
    "DataFileWriter",
    "DateForm",
    "DayType",
    "Definition",
    "Device",
    "Directory",
    "FileKind",
    "FileServer",
    "Finding",
    "GzipText",
    "Kind",
    "LimitLine",
    "LocalDates",
    "ModbusPoint",
    "MqttServer",
    "NamedFiles",
    "OutgoingName",
    "Plant",
    "PlantDevice",
    "Protocol",
    "Row",
    "RowTooLarge",
    "ScheduleLine",
    "Schedules",
    "SerialInterface",
    "SerialLine",
    "Server",
    "ServerMode",
    "ServerType",
    "Severity",
    "Table",
    "TcpInterface",
    "Unpackable",
    "Value",
    "Variable",
    "VariableLimit",
    "command_file_name",
    "device_alarm",
    "engineering_value",
    "engineering_values",
    "format_row",
    "format_value",
    "gateway_alarm",
    "has_errors",
    "is_uid",
    "log_line",
    "mask_secrets",
    "named_files",
    "next_stamp",
    "old_command_file_name",
    "pack",
    "pandas_frame",
    "parse_commands",
    "parse_config",
    "parse_daq",
    "parse_definition",
    "parse_name",
    "parse_results",
    "parse_schedules",
    "parse_scripts",
    "polars_frame",
    "raw_value",
    "read_alarms",
    "read_data_file",
    "read_plant",
    "read_set",
    "renamed_script",
    "resolve_secret",
    "restore_secrets",
    "scale_factor_of",
    "shortest_single",
    "timestamp",
    "uid_from_mac",
    "unpack",
    "with_script",
    "without_script",
    "write_config",
    "write_daq",
    "write_definition",
    "write_results",
    "write_schedules",
]
