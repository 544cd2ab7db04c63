"""The pages where people come in: `/login`, `/logout`, and `/setup` for the first of them."""

from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from heliograph.api.access import (
    TheWho,
    client_of,
    cookie_of,
    end_cookie,
    give_cookie,
    require_own_origin,
    require_own_page,
)
from heliograph.api.auth import NOBODY, Book
from heliograph.api.errors import Problem, Unreadable
from heliograph.api.forms import local_path, read_form
from heliograph.api.pages import Pages
from heliograph.api.routes.parts import TheBook, ThePages
from heliograph.api.routes.routing import routing

Next = Annotated[str, Query(max_length=2000)]

router = routing(include_in_schema=False)


@router.get("/login")
async def login(book: TheBook, pages: ThePages, who: TheWho, next: Next = "/") -> Response:  # noqa: A002  # as in the address
    """The page where one logs in; who is logged in goes on at once."""
    if who is not NOBODY:
        return RedirectResponse(local_path(next), 303)
    return _shown(pages, book, "login", next=local_path(next))


@router.post("/login")
async def log_in(request: Request, book: TheBook, pages: ThePages) -> Response:
    """Begin a session, by name and password or by the gateway's own token, and go on to what was wanted."""
    require_own_origin(request)
    form = await read_form(request)
    wanted, token, client = local_path(form.get("next", "/")), form.get("token", "").strip(), client_of(request)
    try:
        if token:
            cookie = await book.log_in_with_token(token, client)
        else:
            cookie = await book.log_in(form.get("name", ""), form.get("password", ""), client)
    except Problem as problem:
        return _shown(
            pages, book, "login", problem, next=wanted, name=form.get("name", "")[:64], with_token=bool(token)
        )
    return _in(request, wanted, cookie)


@router.get("/setup")
async def setup(book: TheBook, pages: ThePages) -> Response:
    """The page where the first account is made."""
    if book.accounts.rows:
        return RedirectResponse("/login", 303)
    return _shown(pages, book, "setup")


@router.post("/setup")
async def set_up(request: Request, book: TheBook, pages: ThePages) -> Response:
    """Make the first account, of an operator, for whoever has the gateway's own token."""
    require_own_origin(request)
    form = await read_form(request)
    name, password = form.get("name", ""), form.get("password", "")
    try:
        if password != form.get("again", ""):
            raise Unreadable("The two passwords are not the same.")
        cookie = await book.set_up(form.get("token", "").strip(), name, password, client_of(request))
    except Problem as problem:
        return _shown(pages, book, "setup", problem, name=name[:64])
    return _in(request, "/", cookie)


@router.post("/logout")
async def log_out(request: Request, book: TheBook) -> Response:
    """End the session that the request comes with."""
    form = await read_form(request)
    who = await book.who_is(cookie_of(request))
    if who is not None:
        require_own_page(request, who.csrf, form.get("csrf", ""))
        await book.sessions.end(who.session, who.name)
    answer = RedirectResponse("/login", 303)
    end_cookie(request, answer)
    return answer


def _in(request: Request, wanted: str, cookie: str) -> Response:
    answer = RedirectResponse(wanted, 303)
    give_cookie(request, answer, cookie)
    return answer


def _shown(pages: Pages, book: Book, page: str, problem: Problem | None = None, **facts: Any) -> Response:
    known = {"fault": "", "name": "", "next": "/", "with_token": False, **facts}
    known |= {"is_set_up": bool(book.accounts.rows), "token": book.gateway}
    if problem is None:
        return HTMLResponse(pages.renderer.render(page, known))
    html = pages.renderer.render(page, known | {"fault": problem.detail})
    headers = {name: value for name, value in problem.headers.items() if name != "WWW-Authenticate"}
    return HTMLResponse(html, problem.status, headers)
