"""The fields of the form of a server: which variable of `_config.ini` each is, and what it is called on site. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from heliograph.formats.config import Directory, ServerMode, ServerType
from heliograph.formats.config_rules import RULES

Kind = Literal["text", "number", "password", "flag", "file", "key"]
_FTP: Final = (ServerType.FTP, ServerType.FTPS)
_WEB: Final = (ServerType.WEBDAV,)
_SSH: Final = (ServerType.SFTP,)
_FILES: Final = (*_FTP, *_SSH, *_WEB)
_MQTT: Final = (ServerType.MQTT, ServerType.MQTTS)
TYPES: Final = {
    ServerType.NONE: "Not used",
    ServerType.SFTP: "SFTP",
    ServerType.FTP: "FTP, not encrypted",
    ServerType.FTPS: "FTPS",
    ServerType.WEBDAV: "WebDAV",
    ServerType.MQTT: "MQTT, not encrypted",
    ServerType.MQTTS: "MQTT over TLS",
}
ROLES: Final = {
    "": "As usual: server 1 main, server 2 backup",
    ServerMode.MAIN: "Main: data, commands and configuration",
    ServerMode.BACKUP: "Backup: copies",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field."""

    name: str
    """Of the variable, without the prefix of its family."""
    label: str
    types: Sequence[ServerType]
    """Of servers that have it."""
    kind: Kind = "text"
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Input:
    """A field of one server, as the template needs it."""

    variable: str
    label: str
    types: str
    kind: Kind
    hint: str
    default: str


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together."""

    title: str
    inputs: tuple[Input, ...]


_MASKED: Final = "*** keeps the one in force. env:NAME or file:NAME stands for one that the gateway keeps elsewhere."
_REACHING: Final = (
    Field("Address", "Address", (*_FTP, *_SSH, *_MQTT), hint="Name or IP address, without port and directory"),
    Field("Address", "Address", _WEB, hint="https://name/directory, or a name alone"),
    Field("Port", "Port", (*_FILES, *_MQTT), "number", "Empty: the usual one of the type"),
    Field("Login", "Login", (*_FILES, *_MQTT)),
    Field("Password", "Password", (*_FILES, *_MQTT), "password", _MASKED),
    Field("ClientId", "Client id", _MQTT, hint="Empty: the gateway's uid"),
    Field("Timeout", "Time limit, s", _FILES, "number", "Of each step"),
)
_TRUST: Final = (
    Field(
        "HostKey",
        "Host key",
        _SSH,
        hint="SHA256:…, or the server's public key as ssh-keyscan prints it; empty: the first one seen is kept",
    ),
    Field(
        "KeyFile", "Private key", (*_SSH, *_MQTT), "key", "Name of a file among the gateway's secrets, or given below"
    ),
    Field(
        "CaFile",
        "Authorities",
        (ServerType.FTPS, *_WEB, ServerType.MQTTS),
        "file",
        "A file of CERT, or given below; empty: the system's",
    ),
    Field("CertFile", "Certificate of the gateway", (ServerType.MQTTS,), "file", "A file of CERT, or given below"),
    Field("AllowPlain", "Allow http:// without encryption", _WEB, "flag"),
    Field("PassiveMode", "Passive mode", _FTP, "flag", "Off where the server opens the data connections"),
)
_DIRECTORIES: Final = (
    Field("DirRoot", "Root", _FILES, hint="All others lie below it"),
    *(
        Field(directory.value, directory.default.removeprefix("/"), _FILES)
        for directory in Directory
        if directory is not Directory.BIN
    ),
)
_SENDING: Final = (
    Field("SyncConfig", "Take the configuration from this server", _FILES, "flag"),
    Field("HeaderOption", "Index line in data files", _FILES, "flag"),
    Field("EuroDateFormat", "Dates as day/month/year", _FILES, "flag"),
    Field("TwoStepsSendingDisabled", "Send without a temporary name", _FILES, "flag"),
)
_MESSAGES: Final = (
    Field("TopicData", "Topic of data", _MQTT, hint="{uid} stands for the gateway's uid"),
    Field("TopicAlarm", "Topic of alarms", _MQTT),
    Field("TopicCommand", "Topic of commands", _MQTT),
    Field("TopicResult", "Topic of results", _MQTT),
    Field("TopicStatus", "Topic of the status", _MQTT),
    Field("Qos", "Quality of service", _MQTT, "number", "0, 1 or 2"),
    Field("KeepAlive", "Keep alive, s", _MQTT, "number"),
    Field("MaxMessageBytes", "Longest message, bytes", _MQTT, "number"),
    Field("Immediate", "Send each record at once", _MQTT, "flag"),
    Field("HomeAssistant", "Announce to Home Assistant", _MQTT, "flag"),
)
_GROUPS: Final = (
    ("How it is reached", _REACHING),
    ("Whom to trust", _TRUST),
    ("Directories", _DIRECTORIES),
    ("What is sent", _SENDING),
    ("Topics and messages", _MESSAGES),
)


def groups(number: int) -> tuple[Group, ...]:
    """Return the form of server 1 or 2: a field for each family of variables that has it."""
    return tuple(Group(title, tuple(_inputs(number, fields))) for title, fields in _GROUPS)


def settings_of(text: str, number: int) -> list[tuple[str, str]]:
    """Return what a `_config.ini`, its secrets masked, says of a server: label and value, in the form's order."""
    written = _written(text)
    infix = _infix(number)
    kind = written.get(f"SERVER{infix}_Type", "none")
    if kind not in list(ServerType) or kind == ServerType.NONE:
        return []
    inputs = [entry for group in groups(number) for entry in group.inputs if kind in entry.types.split()]
    known = [(entry.label, _said(entry, written[entry.variable])) for entry in inputs if written.get(entry.variable)]
    return [("Type", TYPES[ServerType(kind)]), *known]


def _said(entry: Input, value: str) -> str:
    if entry.kind == "flag":
        return "yes" if value == "1" else "no"
    return "set, not shown" if value == "***" else value


def _written(text: str) -> dict[str, str]:
    lines = (line.partition("=") for line in text.splitlines() if not line.lstrip().startswith((";", "#")))
    return {name.strip(): value.strip() for name, sign, value in lines if sign}


def _inputs(number: int, fields: Sequence[Field]) -> list[Input]:
    found = []
    for field in fields:
        for family in dict.fromkeys(_family(kind) for kind in field.types):
            variable = f"{family}{_infix(number)}_{field.name}"
            types = " ".join(kind for kind in field.types if _family(kind) == family)
            found.append(Input(variable, field.label, types, field.kind, field.hint, RULES[variable].default))
    return found


def _family(kind: ServerType) -> str:
    return "HTTP" if kind in _WEB else "MQTT" if kind in _MQTT else "FTP"


def _infix(number: int) -> str:
    return "" if number == 1 else "2"
