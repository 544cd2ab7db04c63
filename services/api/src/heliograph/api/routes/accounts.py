"""`/api/v1/accounts`: the people who may come in."""

from dataclasses import replace
from typing import Annotated

from fastapi import Body, Depends, Path, Request, Response

from heliograph.api import people_examples as examples
from heliograph.api.access import TheWho, client_of, may_stay, may_write
from heliograph.api.auth import Account, Who
from heliograph.api.auth.book import require_operator
from heliograph.api.conditional import EDITABLE, IfMatch, based_on, headers_of, tag, unchanged
from heliograph.api.errors import Forbidden, Unreadable
from heliograph.api.examples import shown
from heliograph.api.ordering import asker
from heliograph.api.people import AccountBody, AccountList, AccountNow, PasswordBody, RoleBody, Said
from heliograph.api.problems import described
from heliograph.api.routes.parts import TheBook
from heliograph.api.routes.routing import routing

Name = Annotated[str, Path(description="Name of the account", max_length=64)]

router = routing(prefix="/api/v1/accounts", tags=["access"], responses=described(401, 403))


@router.get(
    "",
    summary="All accounts",
    dependencies=[Depends(may_write)],
    responses={200: shown(examples.ACCOUNTS, "In the order in which they were made")},
)
async def accounts(book: TheBook) -> AccountList:
    """Names, roles and last logins. For operators."""
    return AccountList(accounts=tuple(map(AccountNow.of, book.accounts.rows)))


@router.post(
    "",
    status_code=201,
    summary="Make an account",
    dependencies=[Depends(may_write)],
    responses={201: shown(examples.ACCOUNT, "It is made") | EDITABLE, **described(409, 422, 503)},
)
async def add(
    body: Annotated[AccountBody, Body(openapi_examples=examples.NEW_ACCOUNT)],
    response: Response,
    book: TheBook,
) -> AccountNow:
    """For operators. The first account is an operator's: with it, reading needs an account or a token, too."""
    account = await book.add_account(body.name, body.role, body.password.get_secret_value(), asker())
    response.headers["Location"] = f"{router.prefix}/{account.name}"
    return _told(response, account)


@router.get(
    "/{name}",
    summary="One account",
    dependencies=[Depends(may_stay)],
    response_model=AccountNow,
    responses={200: shown(examples.ACCOUNT, "The account") | EDITABLE, **described(404, 422)},
)
async def account(
    name: Name, who: TheWho, request: Request, response: Response, book: TheBook
) -> AccountNow | Response:
    """For operators, and for oneself."""
    _require_own_or_operator(who, name)
    found = book.accounts.get(name)
    return unchanged(request, tag(found.version)) or _told(response, found)


@router.patch(
    "/{name}",
    summary="Change the role of an account",
    dependencies=[Depends(may_write)],
    responses={200: shown(examples.ACCOUNT, "It is changed") | EDITABLE, **described(404, 409, 412, 422, 503)},
)
async def change_role(
    name: Name,
    body: Annotated[RoleBody, Body(openapi_examples=examples.NEW_ROLE)],
    response: Response,
    book: TheBook,
    if_match: IfMatch = None,
) -> AccountNow:
    """For operators. It holds at once, for sessions that are open as well. The last operator stays one."""
    version = based_on(if_match, book.accounts.get(name).version)
    changed = await book.accounts.change(name, lambda row: replace(row, role=body.role), version)
    book.events.info(f"account {name} was made {body.role} by {asker()}")
    return _told(response, changed)


@router.put(
    "/{name}/password",
    summary="Change a password",
    dependencies=[Depends(may_stay)],
    responses={200: shown(examples.CHANGED, "It is changed"), **described(404, 409, 412, 422, 429, 503)},
)
async def change_password(
    name: Name,
    body: Annotated[PasswordBody, Body(openapi_examples=examples.NEW_PASSWORD)],
    who: TheWho,
    request: Request,
    book: TheBook,
    if_match: IfMatch = None,
) -> Said:
    """One's own with the password until now; operators change those of others. Other sessions of the account end."""
    _require_own_or_operator(who, name)
    version = based_on(if_match, book.accounts.get(name).version)
    if _is_own(who, name):
        await _require_current(book, name, body, request)
    password = body.password.get_secret_value()
    await book.change_password(name, password, asker(), but=who.session, version=version)
    return examples.CHANGED


@router.delete(
    "/{name}",
    summary="Remove an account",
    dependencies=[Depends(may_write)],
    responses={200: shown(examples.REMOVED, "It is removed"), **described(404, 409, 412, 422, 503)},
)
async def remove(name: Name, book: TheBook, if_match: IfMatch = None) -> Said:
    """For operators. Its sessions end at once. The last operator stays."""
    await book.accounts.remove(name, based_on(if_match, book.accounts.get(name).version))
    await book.sessions.end_all(name)
    book.events.info(f"account {name} was removed by {asker()}")
    return Said(detail=f"The account {name} is removed; its sessions have ended.")


def _told(response: Response, account: Account) -> AccountNow:
    response.headers.update(headers_of(tag(account.version)))
    return AccountNow.of(account)


def _is_own(who: Who, name: str) -> bool:
    return who.kind == "account" and who.name == name


def _require_own_or_operator(who: Who, name: str) -> None:
    if not _is_own(who, name):
        require_operator(who)


async def _require_current(book: TheBook, name: str, body: PasswordBody, request: Request) -> None:
    """Whoever finds an open page does not lock its owner out. Raises `Forbidden`, `TooMany`, `Unreadable`."""
    if body.current is None:
        raise Unreadable("Your password until now is needed, as `current`.")
    if not await book.knows_password(name, body.current.get_secret_value(), client_of(request)):
        raise Forbidden("The password until now is wrong.")
