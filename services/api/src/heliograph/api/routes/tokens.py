"""`/api/v1/tokens`: the programs that may come in."""

from typing import Annotated, Final

from fastapi import Body, Depends, Path, Response

from heliograph.api import people_examples as examples
from heliograph.api.access import may_write
from heliograph.api.auth import ProgramToken
from heliograph.api.auth.tokens import digest_of, new_token
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
    responses={201: shown(examples.MADE, "The token: it is not shown again"), **described(409, 422, 503)},
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
    return TokenMade(**TokenNow.of(token).model_dump(), token=value)


@router.delete(
    "/{name}",
    summary="Revoke a token",
    responses={200: shown(examples.REVOKED, "It is revoked"), **described(404, 422, 503)},
)
async def revoke(name: Name, book: TheBook) -> Said:
    """It is worth nothing from now on. For operators."""
    await book.tokens.remove(name)
    book.events.info(f"token {name} was revoked by {asker()}")
    return Said(detail=f"The token {name} is revoked.")
