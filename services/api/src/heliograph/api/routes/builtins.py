"""`/api/v1/built-in-commands`: which commands there are and what each takes (spec 4.2)."""

from fastapi import Depends

from heliograph.api import command_examples as examples
from heliograph.api import commands as asked
from heliograph.api.access import may_read
from heliograph.api.commanded import CommandTable
from heliograph.api.examples import shown
from heliograph.api.problems import described
from heliograph.api.routes.parts import TheView
from heliograph.api.routes.routing import routing

router = routing(prefix="/api/v1/built-in-commands", tags=["commands"], responses=described(401, 409, 503))


@router.get(
    "",
    summary="The built-in commands",
    dependencies=[Depends(may_read)],
    responses={200: shown(examples.TABLE, "All, with their parameters")},
)
async def built_in(view: TheView) -> CommandTable:
    """What each parameter may hold in words, and how a person is best asked for it."""
    return await asked.table(view)
