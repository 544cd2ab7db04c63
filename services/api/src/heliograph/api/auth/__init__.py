"""Accounts of people, tokens of programs, sessions of browsers, and the limit on wrong tries.

They lie in the state directory of the api, each kind in a file of its own. Who may do what with them is decided by
`heliograph.api.access`.
"""

from heliograph.api.auth.accounts import Account, Accounts
from heliograph.api.auth.book import Book
from heliograph.api.auth.passwords import Passwords
from heliograph.api.auth.sessions import Session, Sessions
from heliograph.api.auth.throttle import Throttle
from heliograph.api.auth.tokens import ProgramToken, Tokens
from heliograph.api.auth.who import NOBODY, Role, Who, asking, who_asks

__all__ = [
    "NOBODY",
    "Account",
    "Accounts",
    "Book",
    "Passwords",
    "ProgramToken",
    "Role",
    "Session",
    "Sessions",
    "Throttle",
    "Tokens",
    "Who",
    "asking",
    "who_asks",
]
