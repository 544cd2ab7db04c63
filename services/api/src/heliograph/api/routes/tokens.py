"""`/api/v1/tokens`: the programs that may come in."""

from typing import Annotated, Final

from fastapi import Body, Depends, Path, Response

from heliograph.api import people_examples as examples
from heliograph.api.access import may_write
from heliograph.api.auth import ProgramToken
from heliograph.api.auth.tokens import digest_of, new_token
from heliograph.api.conditional import EDITABLE, IfMatch, based_on, tag
from heliograph.api.examples import shown
from heliograph.api.ordering import asker
from heliograph.api.people import Said, TokenBody, TokenList, TokenMade, TokenNow
from heliograph.api.problems import described
from heliograph.api.routes.parts import TheBook
from heliograph.api.routes.routing import routing

DAY_MS: Final = 86_400_000

Name = Annotated[str, Path(description="Name of the token", max_length=64)]

router = routing(
    prefix="/api/v1/tokens", tags=["access"], dependencies=[Depends(may_write)], responses=described(401, 403)
)


@router.get(
    "", summary="All tokens of programs", responses={200: shown(examples.TOKENS, "In the order of their making")}
)
async def tokens(book: TheBook) -> TokenList:
    """Names, roles, last use and expiry; never the tokens themselves. For operators."""
    return TokenList(tokens=tuple(map(TokenNow.of, book.tokens.rows)))


@router.post(
    "",
    status_code=201,
    summary="Make a token for a program",
    responses={201: shown(examples.MADE, "The token: it is not shown again") | EDITABLE, **described(409, 422, 503)},
)
async def make(
    body: Annotated[TokenBody, Body(openapi_examples=examples.NEW_TOKEN)],
    response: Response,
    book: TheBook,
) -> TokenMade:
    """The program sends it as `Authorization: Bearer hg_…`. For operators."""
    value, now, by = new_token(), book.now(), asker()
    expires = now + body.days * DAY_MS if body.days else None
    token = ProgramToken(body.name, body.role, digest_of(value), now, by, expires)
    await book.tokens.add(token)
    book.events.info(f"token {body.name} ({body.role}) was made by {by}")
    response.headers["Location"] = f"{router.prefix}/{body.name}"
    response.headers["ETag"] = tag(token.created)
    return TokenMade(**TokenNow.of(token).model_dump(), token=value)


@router.get(
    "/{name}",
    summary="One token of a program",
    responses={200: shown(examples.TOKEN, "What is known of it") | EDITABLE, **described(404, 422)},
)
async def token(name: Name, response: Response, book: TheBook) -> TokenNow:
    """Its name, role, last use and expiry; never the token itself. For operators."""
    found = book.tokens.get(name)
    response.headers["ETag"] = tag(found.created)
    return TokenNow.of(found)


@router.delete(
    "/{name}",
    summary="Revoke a token",
    responses={200: shown(examples.REVOKED, "It is revoked"), **described(404, 412, 422, 503)},
)
async def revoke(name: Name, book: TheBook, if_match: IfMatch = None) -> Said:
    """It is worth nothing from now on, and streams that it opened end. For operators."""
    await book.tokens.remove(name, based_on(if_match, book.tokens.get(name).created))
    book.events.info(f"token {name} was revoked by {asker()}")
    return Said(detail=f"The token {name} is revoked.")
