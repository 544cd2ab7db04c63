"""The configuration in force, as the parts of sync take it, and how the servers are reached with it (spec 1.7)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from heliograph.contract import Authorities, Authority, Revision, ServerSummary, VariableLimit
from heliograph.formats.config import Config, FileServer, MqttServer, Server, ServerMode
from heliograph.formats.sets import ConfigurationSet


@dataclass(frozen=True, slots=True)
class Applied:
    """The revision in force."""

    number: int
    origin: str
    time: int
    set: ConfigurationSet
    uids: tuple[str, ...]
    """Whose files are read: the uid that names what is written, then the prefix of the set's files."""
    provisional: bool = False
    """On trial: no server's backlog is dropped for it, and it may be taken back."""
    destinations: Mapping[int, int] = field(default_factory=dict)
    """By the number of each server, for what waits for it; see `destination`."""

    @property
    def prefix(self) -> str:
        """What the paths of the set's files begin with, whatever `GATEWAY_Uid` says."""
        return self.uids[-1]

    @property
    def file_servers(self) -> dict[int, FileServer]:
        """The servers of type ftp, ftps, sftp and webdav, by number."""
        return {server.number: server for server in self.set.config.servers if isinstance(server, FileServer)}

    @property
    def main(self) -> FileServer | None:
        """The main file server, if there is one (spec 1.1)."""
        return next((server for server in self.file_servers.values() if server.mode is ServerMode.MAIN), None)

    def destination(self, number: int) -> int:
        """Return whom what waits for the server of this number belongs to; ids are numbers until a server moves."""
        return self.destinations.get(number, number)

    def revision(self) -> Revision:
        """Return what the other services get: no `_config.ini`, no certificate, no secret."""
        config = self.set.config
        return Revision(
            number=self.number,
            time=self.time,
            origin=self.origin,
            uid=self.set.uid,
            site=config.name,
            time_zone=config.time_zone,
            latitude=config.latitude,
            longitude=config.longitude,
            log_level=config.log_level,
            servers=tuple(summary(server) for server in config.servers),
            authorities=_authorities(config),
            limits=tuple(
                VariableLimit(device=limit.device, variable=limit.variable, least=limit.least, most=limit.most)
                for limit in self.set.limits
            ),
            files={path: text(content) for path, content in self.set.files.items() if _is_public(path)},
        )


Reach = tuple[tuple[Server, tuple[bytes, ...], str], ...]
"""What reaching the servers depends on: each server without its looks, the certificates that it names, and for MQTT the
uid, which is the client's name and stands in topics."""


def reach(found: ConfigurationSet) -> Reach:
    """Return how the servers of a set are reached; sets with the same reach need no trial."""
    return tuple(
        (_plain(server), _certificates(server, found.files), found.uid if isinstance(server, MqttServer) else "")
        for server in found.config.servers
    )


def begins_trial(before: Applied | None, after: Applied) -> bool:
    """Tell whether a revision is on trial by another way to its servers than the one before, or after a restart."""
    if not after.provisional:
        return False
    return before is None or not before.provisional or reach(before.set) != reach(after.set)


def summary(server: Server) -> ServerSummary:
    """Return what may be known of a server outside of sync."""
    return ServerSummary(
        number=server.number,
        type=server.type.value,
        mode=server.mode.value,
        address=server.address,
        port=server.port,
        directory="" if isinstance(server, MqttServer) else server.root,
    )


def told(server: Server) -> str:
    """Name a server as the configuration does; it holds no secret."""
    login = f"{server.login}@" if server.login else ""
    root = "" if isinstance(server, MqttServer) else server.root
    return f"{server.type} {login}{server.address}:{server.port}{root}"


def text(content: bytes) -> str:
    """Return the text of a file of the set: UTF-8, or Latin-1 where it is not."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _plain(server: Server) -> Server:
    """Return a server without the options that change what its files look like, not how it is reached."""
    if isinstance(server, MqttServer):
        return server
    return replace(server, header=True, euro_dates=False, sync_config=True)


def _certificates(server: Server, files: Mapping[str, bytes]) -> tuple[bytes, ...]:
    names = (server.ca_file, server.cert_file if isinstance(server, MqttServer) else "")
    return tuple(files.get(f"CERT/{name}", b"") if name else b"" for name in names)


def _authorities(config: Config) -> Authorities:
    said = config.authorities
    return Authorities(file=Authority(said.file), mqtt=Authority(said.mqtt), local=Authority(said.local))


def _is_public(path: str) -> bool:
    return path.startswith(("DEF/", "SCRIPT/")) or path.endswith(("_daq.csv", "_scl.ini", "_sci.ini"))
