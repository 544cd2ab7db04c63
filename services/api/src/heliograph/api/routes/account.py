"""`/account`: one's own password and sessions; for operators, the accounts of people and the tokens of programs."""

from fastapi import Depends
from starlette.responses import HTMLResponse

from heliograph.api.access import TheWho
from heliograph.api.auth import NOBODY
from heliograph.api.errors import LoginFirst
from heliograph.api.people import AccountNow, SessionNow, TokenNow
from heliograph.api.routes.parts import TheBook, ThePages
from heliograph.api.routes.routing import routing

PATH = "/account"

router = routing(include_in_schema=False)


async def _must_be_known(who: TheWho) -> None:
    """Lead to the login who is not known."""
    if who is NOBODY:
        raise LoginFirst(PATH)


@router.get(PATH, dependencies=[Depends(_must_be_known)])
async def account(who: TheWho, book: TheBook, pages: ThePages) -> HTMLResponse:
    """The page; made for who asks alone."""
    now = book.now()
    sessions = book.sessions.of(who.name, now) if who.kind != "token" else ()
    facts = {
        "sessions_of_mine": [SessionNow.of(row, who) for row in sessions],
        "accounts": [AccountNow.of(row) for row in book.accounts.rows] if who.operates else [],
        "tokens": [TokenNow.of(row) for row in book.tokens.rows] if who.operates else [],
        "now": now,
    }
    sections = {"identity": pages.renderer.identity()}
    html = pages.renderer.shell("account_page", sections, book.gateway.place, stream={"page": "account"}, **facts)
    return HTMLResponse(html)
