"""Who may do what: viewers read, operators do everything; clients of this machine read while nobody closed the gateway.

It is closed by a token that a person set, and by the first account. What counts is the client's address, not the one
listened on. A call of nobody known must also name this gateway as its host, so that a web page whose name was rebound
to this address learns nothing; and it must not come through a proxy, whose clients could be anybody. A request that
comes with a cookie and changes something must prove that a page of this gateway sent it.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from heliograph.api.auth import NOBODY, Book, Who, asking
from heliograph.api.auth.book import Client, require_operator
from heliograph.api.auth.gateway_token import GatewayToken
from heliograph.api.auth.sessions import LONGEST_MS
from heliograph.api.errors import Forbidden, LoginFirst, Unauthorised
from heliograph.api.settings import Network

COOKIE: Final = "heliograph"
SAFE_COOKIE: Final = "__Host-heliograph"
"""Under TLS: browsers take it from this very host alone."""
STREAM: Final = "/events"
CSRF_HEADER: Final = "X-CSRF-Token"
_READING: Final = {"GET", "HEAD", "OPTIONS"}
_PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_bearer = HTTPBearer(auto_error=False, description="A token of a program (`hg_…`), or the gateway's own.")
_cookie = APIKeyCookie(
    name=COOKIE,
    auto_error=False,
    scheme_name="Session",
    description="Of a browser that logged in; see `/api/v1/session`.",
)


@dataclass(frozen=True, slots=True)
class Access:
    """The rules, over those who are known."""

    book: Book
    open_to: tuple[Network, ...]
    names: frozenset[str]

    @property
    def token(self) -> GatewayToken:
        """The gateway's own token."""
        return self.book.gateway

    async def who(self, request: Request, given: str | None) -> Who:
        """Who asks. Raises `Unauthorised` for a wrong token, `Forbidden` for what another page forged, `TooMany`."""
        if given is not None:
            return await self.book.who_has(given, client_of(request))
        cookie = cookie_of(request)
        is_use = request.url.path != STREAM  # a page that is left open does it by itself
        who = await self.book.who_is(cookie, is_use=is_use) if cookie else None
        if who is None:
            return NOBODY
        if request.method not in _READING:
            require_own_page(request, who.csrf, request.headers.get(CSRF_HEADER, ""))
        return who

    def still_reads(self, request: Request, who: Who, given: str | None) -> bool:
        """Whether who began to read with this request still may: the session or token may be gone meanwhile."""
        now = self.book.still(given, cookie_of(request))
        return now.kind == who.kind and not self.read_refusal(request, now)

    def read_refusal(self, request: Request, who: Who) -> str:
        """Why this client may not read, for a person; empty when it may."""
        if who is not NOBODY:
            return ""
        gateway = self.book.gateway
        if self.book.accounts.are_there:
            return f"Reads need an account or a token: log in, or send the token of {gateway.place}."
        if gateway.is_set:
            return f"Reads need the token of {gateway.place}."
        reason = self._closed(request)
        return reason and f"{reason}, so reads need the token of {gateway.place}."

    def write_refusal(self) -> str:
        """Why nobody may write, for a person."""
        return (
            f"Writes need an operator: log in, or send the token of {self.book.gateway.place} "
            "or of a program as 'Authorization: Bearer …'."
        )

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


def require_own_page(request: Request, csrf: str, given: str) -> None:
    """Let pass what a page of this gateway sent (CSRF). Raises `Forbidden`."""
    require_own_origin(request)
    if not hmac.compare_digest(csrf.encode(), given.encode(errors="replace")):
        raise Forbidden(f"The {CSRF_HEADER} of this request is missing or not that of its session: load the page anew.")


def require_own_origin(request: Request) -> None:
    """Refuse what the page of another site sent. Raises `Forbidden`.

    Browsers tell `Sec-Fetch-Site` only under TLS and on the loopback; elsewhere `Origin` is all there is.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    host = request.headers.get("host", "").lower()
    is_own = site in ("same-origin", "none") if site else origin is None or urlsplit(origin).netloc.lower() == host
    if not is_own:
        raise Forbidden("This request was sent by the page of another site.")


def client_of(request: Request) -> Client:
    """Where a request comes from."""
    address = request.client.host if request.client else "unknown address"
    return Client(address, request.headers.get("user-agent", ""))


def is_secure(request: Request) -> bool:
    """Whether it came over TLS."""
    return request.url.scheme == "https"


def cookie_of(request: Request) -> str:
    """The cookie of its session; empty without one."""
    return request.cookies.get(SAFE_COOKIE if is_secure(request) else COOKIE, "")


def give_cookie(request: Request, response: Response, cookie: str) -> None:
    """Have the browser keep the cookie of its session: out of reach of scripts and of other sites."""
    secure = is_secure(request)
    response.set_cookie(
        SAFE_COOKIE if secure else COOKIE,
        cookie,
        max_age=LONGEST_MS // 1000,
        secure=secure,
        httponly=True,
        samesite="strict",
    )


def end_cookie(request: Request, response: Response) -> None:
    """Have the browser forget the cookie."""
    secure = is_secure(request)
    response.delete_cookie(SAFE_COOKIE if secure else COOKIE, secure=secure, httponly=True, samesite="strict")


def given_token(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    session: Annotated[str | None, Security(_cookie)],
) -> str | None:
    """The token of a call, if it has one."""
    del session  # named for the description: the cookie is read by `cookie_of`
    return credentials.credentials if credentials else None


GivenToken = Annotated[str | None, Depends(given_token)]


async def who_is_it(request: Request, given: GivenToken) -> Who:
    """Who asks; noted for all that is done in this request. Raises what becomes a problem document."""
    access: Access = request.app.state.access
    who = await access.who(request, given)
    asking(replace(who, client=request.headers.get("heliograph-client", "")))
    return who


TheWho = Annotated[Who, Depends(who_is_it)]


async def may_read(request: Request, who: TheWho) -> None:
    """Let the call pass if it may read, else raise `Unauthorised`."""
    access: Access = request.app.state.access
    refusal = access.read_refusal(request, who)
    if refusal:
        raise Unauthorised(refusal)


async def may_go_on(request: Request, who: TheWho, given: GivenToken) -> Callable[[], bool]:
    """What tells, while an answer goes on, whether it still may."""
    access: Access = request.app.state.access
    return partial(access.still_reads, request, who, given)


StillMay = Annotated[Callable[[], bool], Depends(may_go_on)]


async def may_stay(who: TheWho) -> None:
    """Let pass who is known, whatever the role, else raise `Unauthorised`."""
    if who is NOBODY:
        raise Unauthorised("This needs an account or a token: log in, or send the token as 'Authorization: Bearer …'.")


async def may_see(request: Request, who: TheWho) -> None:
    """Let a person see a page if they may, else raise `LoginFirst`: what they wanted goes on after the login."""
    access: Access = request.app.state.access
    if access.read_refusal(request, who):
        wanted = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
        raise LoginFirst(wanted)


async def may_write(request: Request, who: TheWho) -> None:
    """Let the call pass if it may write, else raise `Unauthorised` or `Forbidden`."""
    if who is NOBODY:
        access: Access = request.app.state.access
        raise Unauthorised(access.write_refusal())
    require_operator(who)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
