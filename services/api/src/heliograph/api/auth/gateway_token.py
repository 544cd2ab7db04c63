"""The gateway's own token: set by a person, or made at the first start. Who can read it there is an operator."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from heliograph.runtime import write_atomically

TOKEN_FILE: Final = "api-token"  # noqa: S105  # the file's name, not a token


@dataclass(frozen=True, slots=True)
class GatewayToken:
    """The token and where a person finds it."""

    value: str
    place: str
    is_set: bool
    """Whether a person set it: then reads need it too."""

    def fits(self, given: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(given.encode(errors="replace"), self.value.encode())

    @property
    def proof(self) -> str:
        """What a session keeps of it, to end when it becomes another one."""
        return hashlib.sha256(b"session of " + self.value.encode()).hexdigest()


def gateway_token(value: str, state_dir: Path) -> GatewayToken:
    """Take the token that is set, else that of the file, else make one there (mode 0600)."""
    if value.strip():
        return GatewayToken(value.strip(), "GATEWAY_API_TOKEN", is_set=True)
    path = (state_dir / TOKEN_FILE).absolute()
    return GatewayToken(_kept(path) or _made(path), str(path), is_set=False)


def _kept(path: Path) -> str:
    """The token made at an earlier start; its file is closed to others if somebody opened it."""
    if not path.exists():
        return ""
    path.chmod(0o600)
    return path.read_text(encoding="utf-8").strip()


def _made(path: Path) -> str:
    value = secrets.token_urlsafe(32)
    write_atomically(path, f"{value}\n".encode(), mode=0o600)
    return value
