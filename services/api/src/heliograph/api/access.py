"""Who may do what: reads are open to clients of this machine as long as no token is set, writes always need the token.

What counts is the client's address, not the one listened on. A call without a token must also name this gateway as its
host, so that a web page whose name was rebound to this address learns nothing; and it must not come through a proxy,
whose clients could be anybody.
"""

import hmac
import secrets
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Annotated, Final

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from heliograph.api.errors import Unauthorised
from heliograph.api.settings import Network, Settings
from heliograph.runtime import write_atomically

TOKEN_FILE: Final = "api-token"  # noqa: S105  # the file's name, not a token
_PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_bearer = HTTPBearer(auto_error=False, description="The token of `GATEWAY_API_TOKEN`, or of the file `api-token`.")


@dataclass(frozen=True, slots=True)
class Token:
    """The token and where a person finds it."""

    value: str
    place: str
    is_set: bool
    """Whether a person set it: then reads need it too."""

    def fits(self, given: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(given.encode(errors="replace"), self.value.encode())


@dataclass(frozen=True, slots=True)
class Access:
    """The rules, for one token."""

    token: Token
    open_to: tuple[Network, ...]
    names: frozenset[str]

    def read_refusal(self, request: Request, given: str | None) -> str:
        """Why this client may not read, for a person; empty when it may."""
        if given is not None:
            return "" if self.token.fits(given) else self._wrong()
        if self.token.is_set:
            return f"Reads need the token of {self.token.place}."
        reason = self._closed(request)
        return reason and f"{reason}, so reads need the token of {self.token.place}."

    def write_refusal(self, given: str | None) -> str:
        """Why this client may not write, for a person; empty when it may."""
        if given is None:
            return f"Writes need the token of {self.token.place}, as 'Authorization: Bearer …'."
        return "" if self.token.fits(given) else self._wrong()

    def _wrong(self) -> str:
        return f"The token is wrong; the right one is that of {self.token.place}."

    def _closed(self, request: Request) -> str:
        """Why a client without a token is no client of this machine; empty when it is one."""
        if request.client is None or not self._is_near(request.client.host):
            return "This client is not on the gateway's own machine"
        if any(name in request.headers for name in _PROXY_HEADERS):
            return "This call came through a proxy"
        if not self._is_ours(request.headers.get("host", "")):
            return "The host name of this call is not one of the gateway's (API_NAMES)"
        return ""

    def _is_near(self, client: str) -> bool:
        address = _address(client)
        return address is not None and any(address in network for network in self.open_to)

    def _is_ours(self, host: str) -> bool:
        name = host.rpartition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]
        return _address(name) is not None or name.lower().rstrip(".") in self.names


def access_of(settings: Settings) -> Access:
    """Take the token from the environment, else from its file, else make one there (mode 0600)."""
    return Access(_token(settings), settings.open_networks, settings.names)


def given_token(credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]) -> str | None:
    """The token of a call, if it has one."""
    return credentials.credentials if credentials else None


GivenToken = Annotated[str | None, Depends(given_token)]


async def may_read(request: Request, given: GivenToken) -> None:
    """Let the call pass if it may read, else raise `Unauthorised`."""
    access: Access = request.app.state.access
    _raise(access.read_refusal(request, given))


async def may_write(request: Request, given: GivenToken) -> None:
    """Let the call pass if it may write, else raise `Unauthorised`."""
    access: Access = request.app.state.access
    _raise(access.write_refusal(given))


def _raise(refusal: str) -> None:
    if refusal:
        raise Unauthorised(refusal)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _token(settings: Settings) -> Token:
    value = settings.gateway_api_token.get_secret_value().strip()
    if value:
        return Token(value, "GATEWAY_API_TOKEN", is_set=True)
    path = (settings.state_dir / TOKEN_FILE).absolute()
    return Token(_kept(path) or _made(path), str(path), is_set=False)


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
