"""The steps of a test, for people, in their order: what will be tried is known before it begins. Pure."""

from typing import Final

from heliograph.formats.config import Directory, FileServer, MqttServer, Server, ServerMode, ServerType

_WORK: Final = (Directory.ALARM, Directory.CMD, Directory.DATA, Directory.LOG)
_SET: Final = (Directory.CONFIG, Directory.DEF, Directory.SCRIPT, Directory.CERT)
TEST_LEVEL: Final = "heliograph-test"
"""What a test publishes goes below the configured topics, to one level of its own: consumers read nothing of it."""


def names_of(server: Server, uid: str) -> tuple[str, ...]:
    """Return the names of the steps that a server is tried with."""
    way = [f"Look up {server.address}", f"Reach port {server.port}", *_trust(server)]
    login = f"Log in as {server.login}" if server.login else "Log in without a name"
    after = _of_broker(server, uid) if isinstance(server, MqttServer) else _of_store(server)
    return (*way, login, *after)


def directories_of(server: FileServer) -> tuple[str, ...]:
    """Return the directories that the gateway uses on a server, as paths there, each once."""
    wanted = (*(_SET if has_set(server) else ()), *_WORK)
    return tuple(dict.fromkeys(server.path(directory) for directory in wanted))


def has_set(server: FileServer) -> bool:
    """Tell whether the configuration set lies on a server: read from a main one, copied to a backup."""
    return server.mode is not ServerMode.MAIN or server.sync_config


def is_configured_by(server: Server) -> bool:
    """Tell whether the gateway takes its configuration from a server."""
    return isinstance(server, FileServer) and server.mode is ServerMode.MAIN and server.sync_config


def topics_of(server: MqttServer, uid: str) -> tuple[str, ...]:
    """Return the topics on which the gateway publishes, each once."""
    written = (server.topic_data, server.topic_alarm, server.topic_result, server.topic_status)
    return tuple(dict.fromkeys(topic.replace("{uid}", uid) for topic in written if topic))


def command_topic(server: MqttServer, uid: str) -> str:
    """Return the topic that brings commands, empty where none does."""
    return server.topic_command.replace("{uid}", uid)


def has_tls(server: Server) -> bool:
    """Tell whether the server shows a certificate."""
    if isinstance(server, FileServer) and server.type is ServerType.WEBDAV:
        return not server.plain
    return server.type in {ServerType.FTPS, ServerType.MQTTS}


def _trust(server: Server) -> list[str]:
    if server.type is ServerType.SFTP:
        return ["Check the host key"]
    return ["Check the certificate (TLS)"] if has_tls(server) else []


def _of_store(server: FileServer) -> list[str]:
    reading = ["Read the configuration"] if is_configured_by(server) else []
    return [*reading, *(name for path in directories_of(server) for name in (f"List {path}", f"Write to {path}"))]


def _of_broker(server: MqttServer, uid: str) -> list[str]:
    publishing = [f"Publish below {topic}" for topic in topics_of(server, uid)]
    command = command_topic(server, uid)
    return [*publishing, *([f"Subscribe to {command}"] if command else [])]
