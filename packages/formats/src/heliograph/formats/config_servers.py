"""The two servers of a `_config.ini`: what each needs, by its type, and which roles they play (spec 1.1, 1.2, 1.9)."""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Literal

from heliograph.formats.config import Directory, FileServer, MqttServer, Server, ServerMode, ServerType
from heliograph.formats.config_rules import SERVER, infix
from heliograph.formats.config_values import Values
from heliograph.formats.report import WrongValue, quote
from heliograph.formats.web_address import WebAddress, web_address

Number = Literal[1, 2]
NUMBERS: tuple[Number, Number] = (1, 2)
_WRITTEN = tuple(directory for directory in Directory if directory is not Directory.BIN)
MQTT_TYPES = {ServerType.MQTT, ServerType.MQTTS}
PLAIN_PORT = 80
DEFAULT_PORTS = {
    ServerType.FTP: 21,
    ServerType.FTPS: 21,
    ServerType.SFTP: 22,
    ServerType.WEBDAV: 443,
    ServerType.MQTT: 1883,
    ServerType.MQTTS: 8883,
}


def read_servers(values: Values) -> tuple[Server, ...]:
    """Return the servers whose type is not `none`, as far as they can be read, and report what is wrong with them."""
    addresses = {number: _web_address(f"HTTP{infix(number)}_", values) for number in NUMBERS}
    servers = tuple(server for number in NUMBERS if (server := _server(number, addresses[number], values)))
    _check_roles(values)
    _check_clients(servers, values)
    _check_topics([server for server in servers if isinstance(server, MqttServer)], values)
    _check_places([server for server in servers if isinstance(server, FileServer)], values)
    return servers


def server_type(values: Values, number: Number) -> ServerType | None:
    """Return the type of a server, or None if its type or mode is wrong."""
    names = {f"SERVER{infix(number)}_{name}" for name in SERVER}
    return None if names & values.wrong else ServerType(values.text(f"SERVER{infix(number)}_Type"))


def _web_address(prefix: str, values: Values) -> WebAddress:
    """Read `HTTP_Address`, also of a server that is not in use: a wrong address is always an error."""
    name = prefix + "Address"
    try:
        return web_address(values.text(name), allow_plain=values.flag(prefix + "AllowPlain"))
    except WrongValue as error:
        if values.text(name):
            values.error(name, str(error))
        return WebAddress("")


def _server(number: Number, web: WebAddress, values: Values) -> Server | None:
    kind = server_type(values, number)
    if kind is None or kind is ServerType.NONE:
        return None
    mode = _mode(number, kind, values)
    if kind in MQTT_TYPES:
        return _mqtt_server(number, kind, mode, values)
    return _file_server(number, kind, mode, web, values)


def _mode(number: Number, kind: ServerType, values: Values) -> ServerMode:
    """Return the mode, or its default by number and type; report one that does not fit the type."""
    name = f"SERVER{infix(number)}_Mode"
    mode = ServerMode(values.text(name) or _default_mode(number, kind))
    if (mode is ServerMode.MQTT) != (kind in MQTT_TYPES):
        allowed = ServerMode.MQTT if kind in MQTT_TYPES else f"{ServerMode.MAIN} or {ServerMode.BACKUP}"
        values.error(name, f"a server of type {kind} has the mode {allowed}")
    return mode


def _default_mode(number: Number, kind: ServerType) -> ServerMode:
    if kind in MQTT_TYPES:
        return ServerMode.MQTT
    return ServerMode.MAIN if number == 1 else ServerMode.BACKUP


def _file_server(number: Number, kind: ServerType, mode: ServerMode, web: WebAddress, values: Values) -> FileServer:
    prefix = f"{'HTTP' if kind is ServerType.WEBDAV else 'FTP'}{infix(number)}_"
    values.require(prefix + "Address")
    address = web if kind is ServerType.WEBDAV else WebAddress(values.text(prefix + "Address"))
    return FileServer(
        number=number,
        type=kind,
        mode=mode,
        address=address.host,
        port=_port(prefix, address, kind, values),
        login=values.text(prefix + "Login"),
        password=values.password(prefix + "Password"),
        root=_absolute(f"{address.path}/{values.text(prefix + 'DirRoot')}"),
        directories={directory: _absolute(values.text(prefix + directory)) for directory in Directory},
        two_steps_disabled=values.flag(prefix + "TwoStepsSendingDisabled"),
        header=values.flag(prefix + "HeaderOption"),
        euro_dates=values.flag(prefix + "EuroDateFormat"),
        sync_config=values.flag(prefix + "SyncConfig"),
        timeout_seconds=int(values.text(prefix + "Timeout")),
        ca_file=values.text(prefix + "CaFile"),
        host_key=values.text(prefix + "HostKey"),
        key_file=values.text(prefix + "KeyFile"),
        passive=values.flag(prefix + "PassiveMode"),
        plain=address.is_plain,
    )


def _mqtt_server(number: Number, kind: ServerType, mode: ServerMode, values: Values) -> MqttServer:
    prefix = f"MQTT{infix(number)}_"
    values.require(prefix + "Address")
    values.require(prefix + "TopicData")
    address = WebAddress(values.text(prefix + "Address"))
    return MqttServer(
        number=number,
        type=kind,
        mode=mode,
        address=address.host,
        port=_port(prefix, address, kind, values),
        login=values.text(prefix + "Login"),
        password=values.password(prefix + "Password"),
        client_id=values.text(prefix + "ClientId"),
        topic_data=values.text(prefix + "TopicData"),
        topic_alarm=values.text(prefix + "TopicAlarm"),
        topic_command=values.text(prefix + "TopicCommand"),
        topic_result=values.text(prefix + "TopicResult"),
        topic_status=values.text(prefix + "TopicStatus"),
        qos=int(values.text(prefix + "Qos")),
        keep_alive_seconds=int(values.text(prefix + "KeepAlive")),
        ca_file=values.text(prefix + "CaFile"),
        cert_file=values.text(prefix + "CertFile"),
        key_file=values.text(prefix + "KeyFile"),
        max_message_bytes=int(values.text(prefix + "MaxMessageBytes")),
        immediate=values.flag(prefix + "Immediate"),
        home_assistant=values.flag(prefix + "HomeAssistant"),
    )


def _port(prefix: str, address: WebAddress, kind: ServerType, values: Values) -> int:
    name = prefix + "Port"
    written = int(values.text(name) or 0)
    if written and address.port and written != address.port:
        values.error(name, f"{written} and the port {address.port} of {prefix}Address differ; take one of them away")
    return written or address.port or (PLAIN_PORT if address.is_plain else DEFAULT_PORTS[kind])


def _absolute(path: str) -> str:
    return "/" + "/".join(part for part in path.split("/") if part)


def _check_roles(values: Values) -> None:
    """Two mains, a backup without a main, or no server at all (spec 1.1, 1.10)."""
    kinds = {number: kind for number in NUMBERS if (kind := server_type(values, number))}
    if len(kinds) < len(NUMBERS):
        return
    modes = {number: _mode(number, kind, values) for number, kind in kinds.items() if kind is not ServerType.NONE}
    roles = list(modes.values())
    if not roles:
        values.report.error(1, 1, "no server is configured: SERVER_Type and SERVER2_Type are none or absent")
    elif roles.count(ServerMode.MAIN) == 2:
        values.error("SERVER2_Mode", "server 1 is the main server already; only one may be")
    elif ServerMode.BACKUP in roles and ServerMode.MAIN not in roles:
        number = next(number for number, mode in modes.items() if mode is ServerMode.BACKUP)
        values.report.warning(*_role_place(number, values), "a backup without a main server: nothing configures it")


def _check_clients(servers: Iterable[Server], values: Values) -> None:
    """One broker lets a client id in once: two sessions with the same would throw each other out (MQTT 3.1.4)."""
    sessions = [(s.address.casefold(), s.port, s.client_id) for s in servers if isinstance(s, MqttServer)]
    if len(sessions) == 2 and sessions[0] == sessions[1]:
        name = "MQTT2_ClientId" if "MQTT2_ClientId" in values.fields else "MQTT2_Address"
        values.warn(name, "both servers use this broker with the same ClientId and would throw each other out")


def _check_topics(servers: Sequence[MqttServer], values: Values) -> None:
    """What the gateway sends must not come back to it as a command: each answer would be answered, for ever."""
    uid = values.text("GATEWAY_Uid") or "{uid}"
    for server, other in product(servers, repeat=2):
        if (server.address.casefold(), server.port) != (other.address.casefold(), other.port):
            continue
        taken = f"MQTT{infix(server.number)}_TopicCommand"
        for sent in (f"MQTT{infix(other.number)}_Topic{kind}" for kind in ("Data", "Alarm", "Result", "Status")):
            topic = values.text(sent)
            if topic and topic.replace("{uid}", uid) == values.text(taken).replace("{uid}", uid):
                values.error(taken, f"{quote(topic)} is {sent} too: what is sent there would come back as a command")


def _check_places(servers: Sequence[FileServer], values: Values) -> None:
    """Two servers in one place would overwrite each other's files, and what an operator writes there (spec 1.1)."""
    if len(servers) < len(NUMBERS) or _account(servers[0]) != _account(servers[1]) or not servers[0].address:
        return
    first, second = servers
    if shared := sorted({first.path(d) for d in _WRITTEN} & {second.path(d) for d in _WRITTEN}):
        name = f"{'HTTP' if second.type is ServerType.WEBDAV else 'FTP'}2_Address"
        values.error(name, f"server 1 has the same place: {quote(shared[0])}; give server 2 directories of its own")


def _account(server: FileServer) -> tuple[object, ...]:
    return server.type, server.address.casefold(), server.port, server.login


def _role_place(number: Number, values: Values) -> tuple[int, int]:
    mode = f"SERVER{infix(number)}_Mode"
    return values.place(mode if mode in values.fields else f"SERVER{infix(number)}_Type")
