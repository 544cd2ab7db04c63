"""A server as an edited `_config.ini` has it, before anything of it is in force: for a test of the server."""

from heliograph.formats import parse_config
from heliograph.formats.config import Config, Server
from heliograph.formats.findings import Severity
from heliograph.formats.secrets import restore_secrets
from heliograph.sync.applied import Applied
from heliograph.sync.desk import moved_with_masked_password
from heliograph.sync.errors import AccessError
from heliograph.sync.placing import CONFIG

TOLD_ERRORS = 3


def server_of(number: int, edited: str | None, applied: Applied) -> Server:
    """Return a server of the set in force, or as the edited text has it. Raises `AccessError` where there is none."""
    config = applied.set.config if edited is None else _config(edited, applied)
    found = next((server for server in config.servers if server.number == number), None)
    if found is None:
        raise AccessError(f"there is no server {number} in the configuration: give it a type and an address")
    return found


def _config(edited: str, applied: Applied) -> Config:
    path = f"{CONFIG}/{applied.prefix}_config.ini"
    content = restore_secrets(edited.encode(), applied.set.files.get(path, b""))
    if moved := moved_with_masked_password(edited, content, applied):
        raise AccessError(moved)
    config, findings = parse_config(content, path, applied.prefix)
    if config is None:
        errors = [str(finding) for finding in findings if finding.severity is Severity.ERROR]
        raise AccessError("the configuration has errors: " + "; ".join(errors[:TOLD_ERRORS]))
    return config
