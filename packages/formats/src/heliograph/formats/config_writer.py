"""Writes `_config.ini`: anew, or over one that stands so that all else in it stays byte for byte (spec 1.7, 1.9)."""

from heliograph.formats import ini
from heliograph.formats.config import Config, Directory, FileServer, LimitLine, MqttServer, Server, ServerType
from heliograph.formats.config_limits import SEPARATOR, VARIABLE
from heliograph.formats.config_parser import parse_config, read_config
from heliograph.formats.config_rules import RULES, infix
from heliograph.formats.config_servers import DEFAULT_PORTS
from heliograph.formats.draft import draft_of
from heliograph.formats.ini import Assignment, assignments
from heliograph.formats.report import Report

WEB_ADDRESS = ("Address", "Port", "DirRoot", "AllowPlain")
"""One change of these writes them all: the address may hold the port and a part of the root."""


def write_config(config: Config, base: bytes = b"") -> bytes:
    """Return a file that reads as `config`: `base` with the values that differ changed in place, new ones at its end.

    Raises `ValueError` if `base` has errors, or if a value can't stand in such a file.
    """
    before = _read(base) if base else {}
    after = _variables(config)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    changed |= {name for name in after if _group(name) & changed}
    draft = draft_of(base)
    for assignment in assignments(draft.text, Report("")):
        name = _known_name(assignment)
        if name not in changed:
            continue
        if name in after or name in RULES:
            draft.replaced[assignment.name.line] = _line(assignment, after.get(name) or RULES[name].default)
        else:
            draft.removed.add(assignment.name.line)
        changed.discard(name)
    draft.added[draft.last] += [f"{name}={value}" for name, value in after.items() if name in changed]
    content = draft.encode()
    if parse_config(content, "")[0] != config:
        raise ValueError("a value of this configuration can't stand in a _config.ini")
    return content


def _read(base: bytes) -> dict[str, str]:
    reading = read_config(base, "")
    if reading.report.rejected:
        raise ValueError("the file that is to be rewritten has errors")
    return _variables(reading.config)


def _known_name(assignment: Assignment) -> str:
    """Return the name of a variable as it is written here: `LIMIT_Params[07]` is `LIMIT_Params[7]`."""
    key = ini.index_of(assignment.name.text)
    return f"{VARIABLE}[{key[1]}]" if key and key[0] == VARIABLE else assignment.name.text


def _line(assignment: Assignment, value: str) -> str:
    return f"{assignment.name.raw}={value}"


def _group(name: str) -> set[str]:
    prefix, _, end = name.partition("_")
    is_web = prefix in {"HTTP", "HTTP2"} and end in WEB_ADDRESS
    return {f"{prefix}_{other}" for other in WEB_ADDRESS} if is_web else set()


def _variables(config: Config) -> dict[str, str]:
    """Return the variables that say what differs from the defaults, and the address and mode of each server."""
    values = {
        "GATEWAY_Uid": config.uid,
        "GATEWAY_Name": config.name,
        "NTP_TimeZone": config.time_zone,
        "GATEWAY_Latitude": "" if config.latitude is None else repr(config.latitude),
        "GATEWAY_Longitude": "" if config.longitude is None else repr(config.longitude),
        "LOG_Level": config.log_level,
        "CMD_File": config.authorities.file.value,
        "CMD_Mqtt": config.authorities.mqtt.value,
        "CMD_Local": config.authorities.local.value,
    }
    for server in config.servers:
        values |= _server(server)
    written = {name: value for name, value in values.items() if value != RULES[name].default}
    ordered = {name: written[name] for name in RULES if name in written}
    return ordered | {f"{VARIABLE}[{line.number}]": _limit(line) for line in config.limits}


def _limit(line: LimitLine) -> str:
    ends = ("" if end is None else repr(end) for end in (line.least, line.most))
    return SEPARATOR.join((line.device, line.variable, *ends))


def _server(server: Server) -> dict[str, str]:
    number = infix(server.number)
    values = {f"SERVER{number}_Type": server.type.value, f"SERVER{number}_Mode": server.mode.value}
    if isinstance(server, MqttServer):
        return values | {f"MQTT{number}_{name}": value for name, value in _mqtt(server).items()}
    family = "HTTP" if server.type is ServerType.WEBDAV else "FTP"
    return values | {f"{family}{number}_{name}": value for name, value in _files(server).items()}


def _files(server: FileServer) -> dict[str, str]:
    values = _common(server) | {
        "DirRoot": server.root,
        **{directory.value: server.directories[directory] for directory in Directory},
        "TwoStepsSendingDisabled": _flag(server.two_steps_disabled),
        "HeaderOption": _flag(server.header),
        "EuroDateFormat": _flag(server.euro_dates),
        "SyncConfig": _flag(server.sync_config),
        "Timeout": f"{server.timeout_seconds:g}",
        "HostKey": server.host_key,
        "PassiveMode": _flag(server.passive),
    }
    if not server.plain:
        return values
    host = f"[{server.address}]" if ":" in server.address else server.address
    return values | {"Address": f"http://{host}:{server.port}", "Port": "", "AllowPlain": "1"}


def _mqtt(server: MqttServer) -> dict[str, str]:
    return _common(server) | {
        "ClientId": server.client_id,
        "TopicData": server.topic_data,
        "TopicAlarm": server.topic_alarm,
        "TopicCommand": server.topic_command,
        "TopicResult": server.topic_result,
        "TopicStatus": server.topic_status,
        "Qos": str(server.qos),
        "KeepAlive": str(server.keep_alive_seconds),
        "CertFile": server.cert_file,
        "MaxMessageBytes": str(server.max_message_bytes),
        "Immediate": _flag(server.immediate),
        "HomeAssistant": _flag(server.home_assistant),
    }


def _common(server: Server) -> dict[str, str]:
    return {
        "Address": server.address,
        "Port": "" if server.port == DEFAULT_PORTS[server.type] else str(server.port),
        "Login": server.login,
        "Password": server.password,
        "CaFile": server.ca_file,
        "KeyFile": server.key_file,
    }


def _flag(value: bool) -> str:
    return "1" if value else "0"
