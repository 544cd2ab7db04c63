"""Who is known to this gateway, and the ways to become known: logging in, and setting the gateway up."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from heliograph.api.auth.accounts import Account, Accounts, name_fault, plain_name
from heliograph.api.auth.gateway_token import GatewayToken
from heliograph.api.auth.passwords import Passwords, password_fault
from heliograph.api.auth.sessions import Session, Sessions, csrf_of, new_cookie
from heliograph.api.auth.throttle import Throttle, place_of
from heliograph.api.auth.tokens import Tokens, digest_of
from heliograph.api.auth.who import NOBODY, Role, Who
from heliograph.api.errors import Forbidden, Refused, TooMany, Unauthorised, Unreadable
from heliograph.runtime import Clock, EventLog
from heliograph.runtime.clock import milliseconds

LONGEST_GIVEN: Final = 4096
"""Of a password or a token that is looked at, in characters."""


@dataclass(frozen=True, slots=True)
class Client:
    """Where a request comes from."""

    address: str
    browser: str = ""


class Book:
    """Accounts, tokens, sessions, and the limit on wrong tries."""

    def __init__(
        self, directory: Path, gateway: GatewayToken, passwords: Passwords, clock: Clock, events: EventLog
    ) -> None:
        self.gateway = gateway
        self.accounts = Accounts(directory, events)
        self.tokens = Tokens(directory, events)
        self.sessions = Sessions(directory, events)
        self.passwords = passwords
        self.throttle = Throttle(clock)
        self._clock = clock
        self.events = events

    def now(self) -> int:
        """Milliseconds since 1970."""
        return milliseconds(self._clock)

    async def log_in(self, name: str, password: str, client: Client) -> str:
        """Begin a session; return its cookie. Raises `Unauthorised`, `TooMany`, `Silent`."""
        name = plain_name(name)
        account = await self._proven(name, password, client)
        cookie = await self._begin(account.name, "", client)
        await self.accounts.note_login(account.name, self.now())
        self.events.info(f"{account.name} ({account.role}) logged in from {client.address}")
        return cookie

    async def log_in_with_token(self, given: str, client: Client) -> str:
        """Begin a session of an operator with the gateway's own token; return its cookie. Raises as `log_in`."""
        self.require_gateway_token(given, client)
        cookie = await self._begin("", self.gateway.proof, client)
        self.events.info(f"logged in with the gateway's token from {client.address}")
        return cookie

    async def set_up(self, token: str, name: str, password: str, client: Client) -> str:
        """Make the first account and begin its session; return its cookie. Raises as `log_in` and `add_account`."""
        if self.accounts.rows:
            raise Refused("This gateway is set up already: log in with an account.")
        self.require_gateway_token(token, client)
        account = await self.add_account(name, Role.OPERATOR, password, f"who holds the token, from {client.address}")
        return await self._begin(account.name, "", client)

    async def add_account(self, name: str, role: Role, password: str, by: str) -> Account:
        """Make an account. Raises `Unreadable`, `Refused`, `Silent`."""
        name = plain_name(name)
        fault = name_fault(name) or password_fault(password, name)
        if fault:
            raise Unreadable(fault)
        account = Account(name, role, await self.passwords.hash(password), self.now())
        await self.accounts.add(account)
        self.events.info(f"account {name} ({role}) was made by {by}")
        return account

    async def change_password(
        self, name: str, password: str, by: str, *, but: str = "", version: int | None = None
    ) -> None:
        """Give an account another password, and end its sessions but one. Raises as `Accounts.change`, `Unreadable`."""
        self.accounts.get(name)
        fault = password_fault(password, name)
        if fault:
            raise Unreadable(fault)
        hashed = await self.passwords.hash(password)
        await self.accounts.change(name, lambda row: replace(row, hash=hashed), version)
        await self.sessions.end_all(name, but)
        self.events.info(f"the password of {name} was changed by {by}")

    async def knows_password(self, name: str, password: str, client: Client) -> bool:
        """Whether this is the password of an account. Raises `TooMany`."""
        try:
            await self._proven(name, password, client)
        except Unauthorised:
            return False
        return True

    async def _proven(self, name: str, password: str, client: Client) -> Account:
        named, placed = f"name {name}", f"login {place_of(client.address)}"
        self._require_patience(named, placed)
        self.throttle.spend(named, placed)
        account = self.accounts.find(name)
        if (
            not await self.passwords.fits(account.hash if account else None, password[:LONGEST_GIVEN])
            or account is None
        ):
            shown = "a name that no account can have" if name_fault(name) else name
            self.events.warning(f"login refused: {shown}, from {client.address}")
            raise Unauthorised("Name or password is wrong.")
        self.throttle.forget(named)
        self.throttle.refund(placed)
        return account

    def require_gateway_token(self, given: str, client: Client) -> None:
        """Let pass who has the gateway's own token. Raises `Unauthorised`, `TooMany`."""
        placed = f"token {place_of(client.address)}"
        if self.gateway.is_set or not self.gateway.fits(given):  # one that was made is beyond guessing
            self._require_patience(placed)
        if not self.gateway.fits(given):
            self.throttle.spend(placed)
            self.events.warning(f"a wrong token came from {client.address}")
            raise Unauthorised(f"The token is wrong; the gateway's own is that of {self.gateway.place}.")

    async def who_has(self, token: str, client: Client) -> Who:
        """Whose token this is. Raises `Unauthorised`, `TooMany`, `Silent`."""
        now = self.now()
        known = self.tokens.find(token, now)
        if known is not None:
            await self.tokens.note_use(known, now)
            return Who("token", known.name, known.role)
        self.require_gateway_token(token, client)
        return Who("gateway token", role=Role.OPERATOR)

    async def who_is(self, cookie: str, *, is_use: bool = True) -> Who | None:
        """Whose session this is; None where it ended. What is no use does not keep it. Raises `Silent`."""
        now = self.now()
        session = self.sessions.find(cookie, now)
        if session is None:
            return None
        who = self._who(session, csrf_of(cookie))
        if who is not None and is_use:
            await self.sessions.note_use(session, now)
        return who

    def still(self, token: str | None, cookie: str) -> Who:
        """Who would ask with these now; nothing is noted, so that what is only kept open is no use."""
        now = self.now()
        if token is not None:
            known = self.tokens.find(token, now)
            if known is not None:
                return Who("token", known.name, known.role)
            return Who("gateway token", role=Role.OPERATOR) if self.gateway.fits(token) else NOBODY
        session = self.sessions.find(cookie, now) if cookie else None
        return (session and self._who(session, csrf_of(cookie))) or NOBODY

    def _who(self, session: Session, csrf: str) -> Who | None:
        if not session.name:
            is_good = session.proof == self.gateway.proof
            return Who("gateway token", "", Role.OPERATOR, session.key, csrf) if is_good else None
        account = self.accounts.find(session.name)
        return Who("account", account.name, account.role, session.key, csrf) if account else None

    async def _begin(self, name: str, proof: str, client: Client) -> str:
        cookie, now = new_cookie(), self.now()
        session = Session(digest_of(cookie), name, proof, now, now, client.address[:64], client.browser[:120])
        await self.sessions.begin(session)
        return cookie

    def _require_patience(self, *keys: str) -> None:
        seconds = self.throttle.wait_seconds(*keys)
        if seconds:
            raise TooMany(f"Too many wrong tries: try again in {seconds} s.", seconds)


def require_operator(who: Who) -> None:
    """Let operators pass. Raises `Forbidden`."""
    if not who.operates:
        raise Forbidden(f"This needs the role operator; {who.words or 'nobody'} is a {who.role or 'stranger'}.")
