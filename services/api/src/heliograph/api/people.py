"""What the REST API says and takes of accounts, sessions and tokens: models at its border."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from heliograph.api.auth import Account, ProgramToken, Role, Session, Who
from heliograph.api.auth.accounts import NAME_PATTERN
from heliograph.api.models import Answer
from heliograph.contract.identifiers import Milliseconds

LONGEST_SECRET = 4096

Name = Annotated[str, Field(pattern=NAME_PATTERN, description="Small letters, digits, `.`, `-` and `_`; 32 at most")]
Password = Annotated[SecretStr, Field(max_length=LONGEST_SECRET, description="10 to 200 characters")]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=LONGEST_SECRET)]


class Body(BaseModel):
    """The base of every body."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LoginBody(Body):
    """Name and password of an account, or the gateway's own token."""

    name: Annotated[str, Field(max_length=64)] | None = None
    password: Secret | None = None
    token: Secret | None = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        by_account = self.name is not None and self.password is not None
        if by_account == (self.token is not None):
            raise ValueError("either name and password, or the token")
        return self


class WhoNow(Answer):
    """Who asks."""

    kind: Literal["account", "token", "gateway token", "nobody"]
    name: str = ""
    role: Role | None = None
    """`null`: nobody known, who reads because the gateway is open to its own machine."""
    csrf: str = ""
    """Of a session: what its requests that change something carry as `X-CSRF-Token`."""

    @classmethod
    def of(cls, who: Who) -> Self:
        """Without what is nobody's business."""
        return cls(kind=who.kind, name=who.name, role=who.role, csrf=who.csrf)


class SessionNow(Answer):
    """One session: a browser that is logged in."""

    key: str
    created: Milliseconds
    seen: Milliseconds
    """When it was used last, to ten minutes."""
    address: str
    browser: str
    current: bool
    """Whether this request came with it."""

    @classmethod
    def of(cls, session: Session, who: Who) -> Self:
        """As it is shown."""
        return cls(
            key=session.key,
            created=session.created,
            seen=session.seen,
            address=session.address,
            browser=session.browser,
            current=session.key == who.session,
        )


class SessionList(Answer):
    """One's own sessions, the newest first."""

    sessions: tuple[SessionNow, ...]


class AccountNow(Answer):
    """One account."""

    name: str
    role: Role
    created: Milliseconds
    last_login: Milliseconds | None = None

    @classmethod
    def of(cls, account: Account) -> Self:
        """Without its password."""
        return cls(name=account.name, role=account.role, created=account.created, last_login=account.last_login)


class AccountList(Answer):
    """All accounts, in the order in which they were made."""

    accounts: tuple[AccountNow, ...]


class AccountBody(Body):
    """An account to be made."""

    name: Name
    role: Role
    password: Password


class RoleBody(Body):
    """What is changed of an account."""

    role: Role


class PasswordBody(Body):
    """Another password."""

    password: Password
    current: Secret | None = None
    """The password until now: needed for one's own account."""


class TokenNow(Answer):
    """One token of a program; the token itself is shown once, when it is made."""

    name: str
    role: Role
    created: Milliseconds
    by: str
    """Who made it."""
    expires: Milliseconds | None = None
    last_used: Milliseconds | None = None
    """To ten minutes."""

    @classmethod
    def of(cls, token: ProgramToken) -> Self:
        """Without its digest."""
        return cls(
            name=token.name,
            role=token.role,
            created=token.created,
            by=token.by,
            expires=token.expires,
            last_used=token.last_used,
        )


class TokenList(Answer):
    """All tokens of programs, in the order in which they were made."""

    tokens: tuple[TokenNow, ...]


class TokenBody(Body):
    """A token to be made."""

    name: Name
    role: Role = Role.VIEWER
    days: Annotated[int, Field(ge=1, le=3650)] | None = None
    """It expires after so many; `null`: it does not expire."""


class TokenMade(TokenNow):
    """A new token. It is not shown again."""

    token: str


class Said(Answer):
    """It is done."""

    detail: str
