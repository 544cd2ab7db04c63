"""`/api/v1/definitions`: the definitions that a device can have, and a new one tried (spec 2.2)."""

from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request

from heliograph.api import definitions as asked
from heliograph.api import device_examples as examples
from heliograph.api.access import may_read, may_write
from heliograph.api.devicebodies import DefinitionChecked, DefinitionList
from heliograph.api.editing import read_body
from heliograph.api.examples import shown
from heliograph.api.problems import described
from heliograph.api.routes.parts import TheView
from heliograph.api.routes.routing import routing

File = Annotated[str, Query(max_length=128, description="Name that the file is to have: findings name it")]

router = routing(prefix="/api/v1/definitions", tags=["devices"], responses=described(401))

_TEXT: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"text/plain": {"schema": {"type": "string"}, "example": examples.DEFINITION}},
    }
}


@router.get(
    "",
    summary="Definitions of the set and of the library",
    dependencies=[Depends(may_read)],
    responses={200: shown(examples.DEFINITIONS, "What a device can have")},
)
async def known(view: TheView) -> DefinitionList:
    """The library comes with Heliograph; one of it is copied into the set with the first device that has it."""
    return await asked.known(view)


@router.post(
    "/check",
    summary="Check a definition",
    dependencies=[Depends(may_write)],
    responses={200: shown(examples.CHECKED, "What it says, and what is wrong"), **described(408, 413, 422)},
    openapi_extra=_TEXT,
)
async def check(request: Request, file: File = "definition.csv") -> DefinitionChecked:
    """The body is the text of a definition file, 1 MiB at most. Nothing is kept. Needs the token."""
    return await asked.checked(await read_body(request), file)
