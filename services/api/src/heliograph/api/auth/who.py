"""Who asks: a person with an account, a program with a token, whoever has the gateway's own token, or nobody known."""

from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal


class Role(StrEnum):
    """What somebody may do."""

    VIEWER = "viewer"
    """Reads everything."""
    OPERATOR = "operator"
    """Does everything."""


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks, for one request."""

    kind: Literal["account", "token", "gateway token", "nobody"]
    name: str = ""
    """Of the account or the token."""
    role: Role | None = None
    session: str = ""
    """Key of the session that the request came with; empty without one."""
    csrf: str = ""
    """What a request of this session that changes something has to carry."""
    client: str = ""
    """What the request calls its sender: `web page`, `CLI`."""

    @property
    def operates(self) -> bool:
        """Whether it may change something."""
        return self.role is Role.OPERATOR

    @property
    def acts(self) -> bool:
        """Whether what changes something is shown: to operators, and to people who may log in for it."""
        return self.operates or self.kind == "nobody"

    @property
    def words(self) -> str:
        """For people, as the page shows it; empty for nobody."""
        return "the gateway's token" if self.kind == "gateway token" else self.name

    @property
    def asker(self) -> str:
        """For the journal: by which way, and who."""
        way = self.client if self.client in ("web page", "CLI") else "web page" if self.session else "REST"
        match self.kind:
            case "account":
                return f"{way}: {self.name}"
            case "token":
                return f"{way} token {self.name}"
            case _:
                return way


NOBODY: Final = Who("nobody")
_asks: ContextVar[Who] = ContextVar("who asks", default=NOBODY)


def who_asks() -> Who:
    """Who asks in the request that is being answered; nobody outside of one."""
    return _asks.get()


def asking(who: Who) -> None:
    """Note who asks, for all that is done in this request."""
    _asks.set(who)
