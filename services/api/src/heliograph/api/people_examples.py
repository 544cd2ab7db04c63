"""Examples of accounts, sessions and tokens for the description of the API."""

from typing import Any, Final

from heliograph.api.auth import Role
from heliograph.api.people import (
    AccountList,
    AccountNow,
    Said,
    SessionList,
    SessionNow,
    TokenList,
    TokenMade,
    TokenNow,
    WhoNow,
)

_NOON: Final = 1_717_243_200_000

ACCOUNT: Final = AccountNow(name="anna", role=Role.OPERATOR, created=_NOON - 86_400_000, last_login=_NOON)
ACCOUNTS: Final = AccountList(
    accounts=(ACCOUNT, AccountNow(name="dairy.office", role=Role.VIEWER, created=_NOON - 3_600_000))
)
WHO: Final = WhoNow(kind="account", name="anna", role=Role.OPERATOR, csrf="3f1c…")
SESSIONS: Final = SessionList(
    sessions=(
        SessionNow(
            key="5b0f6a52c1d09e77",
            created=_NOON - 3_600_000,
            seen=_NOON - 60_000,
            address="192.168.1.20",
            browser="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            current=True,
        ),
    )
)
TOKEN: Final = TokenNow(
    name="grafana", role=Role.VIEWER, created=_NOON, by="anna", expires=_NOON + 365 * 86_400_000, last_used=None
)
TOKENS: Final = TokenList(tokens=(TOKEN,))
MADE: Final = TokenMade(**TOKEN.model_dump(), token="hg_…shown once…")  # noqa: S106  # an example
LOGGED_OUT: Final = Said(detail="Logged out.")
ENDED: Final = Said(detail="The session has ended.")
REMOVED: Final = Said(detail="The account anna is removed; its sessions have ended.")
REVOKED: Final = Said(detail="The token grafana is revoked.")
CHANGED: Final = Said(detail="The password is changed; other sessions of the account have ended.")

LOGINS: Final[dict[str, Any]] = {
    "account": {"summary": "An account", "value": {"name": "anna", "password": "three words and more"}},
    "token": {"summary": "The gateway's own token", "value": {"token": "…"}},
}
NEW_ACCOUNT: Final[dict[str, Any]] = {
    "viewer": {
        "summary": "One who looks",
        "value": {"name": "dairy.office", "role": "viewer", "password": "green roof 42 kW"},
    }
}
NEW_ROLE: Final[dict[str, Any]] = {"operator": {"summary": "Make an operator", "value": {"role": "operator"}}}
NEW_PASSWORD: Final[dict[str, Any]] = {
    "own": {
        "summary": "One's own",
        "value": {"current": "three words and more", "password": "four words and one more"},
    },
    "other": {"summary": "Somebody else's", "value": {"password": "four words and one more"}},
}
NEW_TOKEN: Final[dict[str, Any]] = {
    "grafana": {"summary": "Reads for a year", "value": {"name": "grafana", "role": "viewer", "days": 365}}
}
