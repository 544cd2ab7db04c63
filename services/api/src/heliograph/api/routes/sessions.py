"""`/api/v1/session` and `/api/v1/sessions`: logging in and out, who one is, and one's own sessions."""

from typing import Annotated

from fastapi import Body, Depends, Path, Request, Response

from heliograph.api import people_examples as examples
from heliograph.api.access import TheWho, client_of, end_cookie, give_cookie, may_read, may_stay, require_own_origin
from heliograph.api.auth import Who
from heliograph.api.errors import Unreadable
from heliograph.api.examples import shown
from heliograph.api.people import LoginBody, Said, SessionList, SessionNow, WhoNow
from heliograph.api.problems import described
from heliograph.api.routes.parts import TheBook
from heliograph.api.routes.routing import routing

Key = Annotated[str, Path(description="`key` of the session", pattern="^[0-9a-f]{16}$")]

router = routing(prefix="/api/v1", tags=["access"])


@router.post(
    "/session",
    status_code=201,
    summary="Log in",
    responses={201: shown(examples.WHO, "Logged in: the cookie comes along"), **described(401, 403, 422, 429, 503)},
)
async def log_in(
    body: Annotated[LoginBody, Body(openapi_examples=examples.LOGINS)],
    request: Request,
    response: Response,
    book: TheBook,
) -> WhoNow:
    """For browsers: sets a cookie. Its requests that change something carry `csrf` as `X-CSRF-Token`.

    A session ends after 12 hours without use, and after 30 days. Programs send a token with each request instead.
    """
    require_own_origin(request)
    client = client_of(request)
    if body.token is not None:
        cookie = await book.log_in_with_token(body.token.get_secret_value(), client)
    elif body.password is not None:
        cookie = await book.log_in(body.name or "", body.password.get_secret_value(), client)
    else:
        raise Unreadable("Name and password are wanted, or the token.")
    give_cookie(request, response, cookie)
    return WhoNow.of(await book.who_is(cookie) or Who("nobody"))


@router.get(
    "/session",
    summary="Who one is",
    dependencies=[Depends(may_read)],
    responses={200: shown(examples.WHO, "Who asks"), **described(401)},
)
async def who_am_i(who: TheWho) -> WhoNow:
    """By the session or the token that comes with this request."""
    return WhoNow.of(who)


@router.delete(
    "/session",
    summary="Log out",
    dependencies=[Depends(may_stay)],
    responses={200: shown(examples.LOGGED_OUT, "Logged out"), **described(401, 403, 503)},
)
async def log_out(who: TheWho, request: Request, response: Response, book: TheBook) -> Said:
    """Ends the session that this request comes with."""
    if who.session:
        await book.sessions.end(who.session, who.name)
    end_cookie(request, response)
    return examples.LOGGED_OUT


@router.get(
    "/sessions",
    summary="One's own sessions",
    dependencies=[Depends(may_stay)],
    responses={200: shown(examples.SESSIONS, "The newest first"), **described(401)},
)
async def sessions(who: TheWho, book: TheBook) -> SessionList:
    """Of the account, or those begun with the gateway's own token."""
    if who.kind == "token":
        return SessionList(sessions=())
    return SessionList(sessions=tuple(SessionNow.of(row, who) for row in book.sessions.of(who.name, book.now())))


@router.delete(
    "/sessions/{key}",
    summary="End one of one's own sessions",
    dependencies=[Depends(may_stay)],
    responses={200: shown(examples.ENDED, "It has ended"), **described(401, 403, 404, 422, 503)},
)
async def end_session(key: Key, who: TheWho, book: TheBook) -> Said:
    """Its browser is asked to log in again."""
    await book.sessions.end(key, who.name if who.kind != "token" else " ")
    return examples.ENDED
