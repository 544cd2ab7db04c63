"""`reference/config.md`: the variables of `_config.ini`, from the rules that check them."""

from collections.abc import Iterator, Mapping
from typing import Final

from heliograph.formats.config import Authority, ServerMode, ServerType
from heliograph.formats.config_limits import COLUMNS, EXAMPLE
from heliograph.formats.config_rules import (
    FILE_SERVER,
    GENERAL,
    LEVELS,
    MQTT_SERVER,
    SERVER,
    WEB_SERVER,
    Rule,
)
from heliograph.formats.config_servers import DEFAULT_PORTS
from reference.tables import code, matched, page, table

Described = Mapping[str, tuple[str, str | tuple[str, ...]]]
"""By variable: its meaning, and what it may hold – words, or the choices themselves."""
FLAG: Final = ("0", "1")
HOST: Final = "a name or an IP address"
FILE: Final = "a plain file name of `CERT/`"
REFERENCE: Final = "text, `env:NAME` or `file:NAME`"


def _ports(*kinds: ServerType) -> str:
    return "Absent: " + ", ".join(f"{DEFAULT_PORTS[kind]} for {kind}" for kind in kinds)


GENERAL_WORDS: Final[Described] = {
    "GATEWAY_Uid": ("Identifier of the gateway: the first part of the names of all files it writes", "1 to 32 of `A-Z a-z 0-9 _ -`"),
    "GATEWAY_Name": ("Name of the site, for people", "text"),
    "NTP_TimeZone": ("Local time of rows in files, of schedules, of `date` over MQTT", "an IANA zone, `Europe/Paris`"),
    "GATEWAY_Latitude": ("Where the plant is, for day and night (`sleeps=1`)", "-90 to 90 degrees"),
    "GATEWAY_Longitude": ("Where the plant is, for day and night (`sleeps=1`)", "-180 to 180 degrees"),
    "LOG_Level": ("What goes into the log on the servers", LEVELS),
    "CMD_File": ("What commands in a file on the main server may do", tuple(Authority)),
    "CMD_Mqtt": ("What commands over MQTT may do", tuple(Authority)),
    "CMD_Local": ("What commands over page, REST and command line may do", tuple(Authority)),
    "BIN_FileName": ("Package of an update: not supported yet, a warning says so", "a plain file name"),
    "BIN_Checksum": ("Checksum of the package", "text"),
}  # fmt: skip
SERVER_WORDS: Final[Described] = {
    "Type": ("How the server is spoken to", tuple(ServerType)),
    "Mode": ("The server's role; absent: main for server 1, backup for server 2, MQTT for a broker", tuple(ServerMode)),
}
FILE_WORDS: Final[Described] = {
    "Address": ("Where the server is", HOST),
    "Port": (_ports(ServerType.FTP, ServerType.FTPS, ServerType.SFTP), "1 to 65535"),
    "Login": ("Name of the account", "text"),
    "Password": ("Its password", REFERENCE),
    "DirRoot": ("The directory that all others are below", "a path"),
    "DirConfig": ("Configuration", "a path"),
    "DirDef": ("Definitions", "a path"),
    "DirScript": ("Scripts", "a path"),
    "DirCert": ("Certificates", "a path"),
    "DirData": ("Data files", "a path"),
    "DirCmd": ("Command files and their results", "a path"),
    "DirAlarm": ("Alarm files", "a path"),
    "DirLog": ("Logs, traces, debug bundles", "a path"),
    "DirBin": ("Packages of updates", "a path"),
    "TwoStepsSendingDisabled": ("`1` uploads under the final name at once, without `.tmp` and rename", FLAG),
    "HeaderOption": ("`1` writes the index line into data files", FLAG),
    "EuroDateFormat": ("`0` dates rows `YY/MM/DD-hh:mm:ss`, `1` `DD/MM/YY-hh:mm:ss`", FLAG),
    "SyncConfig": ("`1` follows the configuration on a main server, `0` only deposits files and takes commands", FLAG),
    "Timeout": ("Time limit of an answer, in seconds", "1 to 3600"),
    "CaFile": ("Authority of the server's certificate; absent: the system's authorities", FILE),
    "HostKey": ("SFTP: the server's fingerprint; absent: the first key seen is pinned", "`SHA256:…`"),
    "KeyFile": ("SFTP: private key, a local secret that is never uploaded", "`file:NAME`, `env:NAME` or a file name"),
    "PassiveMode": ("FTP: `1` passive, `0` active", FLAG),
}
WEB_WORDS: Final[Described] = {
    **FILE_WORDS,
    "Address": ("Where the server is; a path in it comes before `DirRoot`", "a name, an IP address or `https://…`"),
    "Port": (_ports(ServerType.WEBDAV), "1 to 65535"),
    "AllowPlain": ("`1` allows `http://`: everything, passwords too, is readable on the way", FLAG),
}
MQTT_WORDS: Final[Described] = {
    "Address": ("Where the broker is", HOST),
    "Port": (_ports(ServerType.MQTT, ServerType.MQTTS), "1 to 65535"),
    "Login": ("Name of the account", "text"),
    "Password": ("Its password", REFERENCE),
    "ClientId": ("Absent: the uid. No two sessions of a broker share one", "text"),
    "TopicData": ("Records; needed", "a topic; `{uid}` stands for the uid"),
    "TopicAlarm": ("Alarms; absent: off", "a topic"),
    "TopicCommand": ("Commands; absent: off", "a topic"),
    "TopicResult": ("Results of commands; absent: off", "a topic"),
    "TopicStatus": ("`online` and `offline`, retained; absent: off", "a topic"),
    "Qos": ("How surely a message is handed over", ("0", "1", "2")),
    "KeepAlive": ("Seconds between signs of life", "0 to 65535"),
    "CaFile": ("Authority of the broker's certificate; absent: the system's authorities", FILE),
    "CertFile": ("The gateway's own certificate", FILE),
    "KeyFile": ("Its private key, a local secret that is never uploaded", "`file:NAME`, `env:NAME` or a file name"),
    "MaxMessageBytes": ("Larger messages are split between records", "1024 to 268435455"),
    "Immediate": ("`1` sends each record within five seconds, over a session that stays", FLAG),
    "HomeAssistant": ("`1` announces every recorded variable to Home Assistant", FLAG),
}
LIMIT_WORDS: Final = {
    "device": "Name or index",
    "variable": "Name, tag or Index",
    "min": "The least engineering value that may be written; empty: no end on this side",
    "max": "The most",
}
PURPOSE: Final = (
    "Everything that `CONFIG/<uid>_config.ini` may hold: the gateway, its two servers, limits on what may be written."
)


def text() -> str:
    """The page."""
    return page(
        "Variables of `_config.ini`",
        PURPOSE,
        "`heliograph/formats/config_rules.py`",
        _introduction(),
        _sections(),
        _limits(),
    )


def _introduction() -> Iterator[str]:
    yield "`NAME=value` lines, split at the first `=`; lines that begin with `;` or `#` are comments."
    yield ""
    yield "*A wrong value* is either replaced by the default, with a warning, or it is an error that rejects the set: where"
    yield "a default would change whom the gateway talks to. An empty value is the default."
    yield ""


def _sections() -> Iterator[str]:
    yield from _section("The gateway", "", GENERAL_WORDS, GENERAL)
    yield from _section("The servers", "SERVER_", SERVER_WORDS, SERVER)
    yield from _section("A server of type ftp, ftps or sftp", "FTP_", FILE_WORDS, FILE_SERVER)
    changed = {
        name: rule for name, rule in WEB_SERVER.items() if name not in FILE_SERVER or name in {"Address", "Port"}
    }
    yield from _section("A server of type webdav", "HTTP_", {name: WEB_WORDS[name] for name in changed}, changed)
    yield "All others of `FTP_…` as well, as `HTTP_Login`, `HTTP_DirData` …"
    yield ""
    matched("HTTP_", WEB_WORDS, WEB_SERVER)
    yield from _section("A server of type mqtt or mqtts", "MQTT_", MQTT_WORDS, MQTT_SERVER)


def _section(title: str, prefix: str, words: Described, rules: Mapping[str, Rule]) -> Iterator[str]:
    matched(f"_config.ini, {title}", words, rules)
    yield f"## {title}"
    yield ""
    if prefix:
        yield f"Of server 1; server 2 has the same with a `2`: `{prefix.replace('_', '2_')}{next(iter(rules))}` …"
        yield ""
    rows = [_row(prefix + name, rule, *words[name]) for name, rule in rules.items()]
    yield from table(("variable", "meaning", "values", "default", "a wrong value"), rows)


def _row(name: str, rule: Rule, meaning: str, allowed: str | tuple[str, ...]) -> tuple[str, ...]:
    if isinstance(allowed, tuple):
        for choice in allowed:
            rule.check(choice)
        allowed = ", ".join(code(choice) for choice in allowed)
    if rule.default:
        rule.check(rule.default)
    wrong = "default, warning" if rule.is_mended else "error"
    return code(name), meaning, allowed, code(rule.default), "" if allowed == "text" else wrong


def _limits() -> Iterator[str]:
    matched(EXAMPLE, LIMIT_WORDS, COLUMNS)
    yield "## Limits on what may be written"
    yield ""
    yield f"`{EXAMPLE}={'|'.join(COLUMNS)}`, numbered from 0: for everybody who writes – commands, scripts, fallbacks, other"
    yield "masters. A doubled number, an unknown device or variable is an error."
    yield ""
    yield from table(("field", "meaning"), ((code(name), LIMIT_WORDS[name]) for name in COLUMNS))
