"""The broker's side of the bus: its configuration from the table, and one password a service, made once.

`heliograph up` calls it; in Docker the one-shot service `keys` runs it as a program before the broker starts:

    python -m heliograph.runtime.broker DIRECTORY

The directory then holds `<service>/bus-password` for each service, and `broker/users.conf` for the broker alone.
"""

import argparse
import secrets
import sys
from pathlib import Path

from heliograph.contract import STREAMS, Service
from heliograph.contract.permissions import users_conf
from heliograph.runtime.bus import MAX_PAYLOAD
from heliograph.runtime.files import write_atomically

PASSWORD_FILE = "bus-password"  # noqa: S105  # the name of a file, not a password
USERS_FILE = "broker/users.conf"
PASSWORD_BYTES = 32
MEBIBYTE = 1024 * 1024


def make_keys(directory: Path) -> None:
    """Make the passwords that are not there yet, and write the broker's list of users anew from the table.

    Files are readable for their owner alone. Raises `OSError` when the directory cannot be written.
    """
    passwords = {service: _password(directory / service) for service in Service}
    _own_directory(directory / "broker")
    write_atomically(directory / USERS_FILE, users_conf(passwords).encode(), mode=0o600)


def broker_conf(*, listen: str, store: str, users: str, monitor: str = "") -> str:
    """Return a `nats.conf`: `users` is the path of `users.conf` relative to it, `monitor` where health is asked."""
    lines = [
        "# Generated from the table in heliograph.contract by `make contract`; do not edit.",
        f"listen: {listen}",
        *([f"http: {monitor}"] if monitor else []),
        f"max_payload: {MAX_PAYLOAD}",
        "jetstream {",
        f'  store_dir: "{store}"',
        "  # A confirmed message survives a power cut.",
        "  sync_interval: always",
        f"  max_file_store: {_store_bytes('file')}",
        f"  max_memory_store: {_store_bytes('memory')}",
        "}",
        f"include {users}",
    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Make the keys in the directory that the command line names; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m heliograph.runtime.broker", description="Make the bus's keys.")
    parser.add_argument("directory", type=Path)
    directory = parser.parse_args(arguments).directory
    try:
        make_keys(directory)
    except OSError as error:
        sys.stderr.write(f"keys: cannot write {error.filename or directory}: {error.strerror}\n")
        return 1
    return 0


def _password(directory: Path) -> str:
    _own_directory(directory)
    file = directory / PASSWORD_FILE
    if file.exists() and (known := file.read_text(encoding="utf-8").strip()):
        return known
    made = secrets.token_urlsafe(PASSWORD_BYTES)
    write_atomically(file, f"{made}\n".encode(), mode=0o600)
    return made


def _own_directory(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)


def _store_bytes(storage: str) -> int:
    """All streams of one kind of storage when full, and some room: the broker refuses what it could not hold."""
    return sum(stream.max_bytes for stream in STREAMS if stream.storage == storage) + 64 * MEBIBYTE


if __name__ == "__main__":
    raise SystemExit(main())
