"""What opens a server, resolved when a connection begins: passwords, private keys, authorities, pinned host keys."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from heliograph.formats.config import MqttServer, Server
from heliograph.formats.secrets import is_reference, resolve_secret
from heliograph.sync.database import Database
from heliograph.sync.errors import AccessError
from heliograph.sync.remote import Access
from heliograph.sync.tables import PinRow

SECRET_BYTES: Final = 64 * 1024


def resolve_access(
    server: Server, files: Mapping[str, bytes], environment: Mapping[str, str], directories: tuple[Path, ...]
) -> Access:
    """Return the secrets and trust of a server. `directories` are searched for `file:NAME` and a `KeyFile`.

    `files` is the configuration set: `CaFile` and `CertFile` come from its `CERT/`. Raises `AccessError`.
    """
    read = _reader(directories)
    authorities = _certificate(server.ca_file, files)
    certificate = _certificate(server.cert_file, files) if isinstance(server, MqttServer) else None
    try:
        password = resolve_secret(server.password, environment, read)
    except ValueError as error:
        raise AccessError(f"the password cannot be had: {error}") from error
    return Access(password, _private_key(server, environment, read), authorities, certificate)


class Pins:
    """Host keys first seen, kept in the database; see `HostKeyPins`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pinned(self, host: str) -> str | None:
        """See `HostKeyPins.pinned`."""
        with self._database.read() as session:
            row = session.get(PinRow, host)
            return None if row is None else row.fingerprint

    def pin(self, host: str, fingerprint: str) -> None:
        """See `HostKeyPins.pin`."""
        with self._database.write() as session:
            session.merge(PinRow(endpoint=host, fingerprint=fingerprint))


def _certificate(name: str, files: Mapping[str, bytes]) -> bytes | None:
    content = files.get(f"CERT/{name}") if name else None
    if name and content is None:
        raise AccessError(f"the certificate file CERT/{name} is not in the configuration set")
    return content


def _private_key(server: Server, environment: Mapping[str, str], read: Callable[[str], str]) -> bytes | None:
    if not server.key_file:
        return None
    name = server.key_file if is_reference(server.key_file) else f"file:{server.key_file}"
    try:
        return resolve_secret(name, environment, read).encode() + b"\n"
    except ValueError as error:
        raise AccessError(f"the private key cannot be had: {error}") from error


def _reader(directories: tuple[Path, ...]) -> Callable[[str], str]:
    """Return what reads a secret by its plain name from the first directory that has it."""

    def read(name: str) -> str:
        for directory in directories:
            path = directory / name
            if path.is_file():
                with path.open("rb") as file:
                    return file.read(SECRET_BYTES).decode()
        raise FileNotFoundError(name)

    return read
