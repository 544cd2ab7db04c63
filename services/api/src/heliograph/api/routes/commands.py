"""`/api/v1/commands`: commands executed at once, and the journal of all ways (spec 4.1)."""

from functools import partial
from typing import Annotated, Any, Final

from fastapi import Depends, Path, Query, Request
from starlette.responses import Response

from heliograph.api import command_examples as examples
from heliograph.api import commands as asked
from heliograph.api.access import may_read, may_write
from heliograph.api.commanded import CommandBody, CommandsDone, CommandsNow, CommandsRunning, EntryList
from heliograph.api.editing import read_body
from heliograph.api.examples import shown
from heliograph.api.ordering import Client, Key, Prefer, origin_of, wait_seconds
from heliograph.api.paging import Before, Limit, next_page
from heliograph.api.problems import described
from heliograph.api.routes.parts import TheSent, TheView
from heliograph.api.routes.routing import routing
from heliograph.api.sent import identity_of
from heliograph.contract import DeviceKey, JournalRequest, JournalResult, JournalWay

Identity = Annotated[str, Path(description="`identity` of a text, as it was answered or as the journal has it")]
WayFilter = Annotated[JournalWay | None, Query(description="Only what came in this way")]
Failed = Annotated[bool, Query(description="Only what ended with an error, as `result=failed`")]
Result = Annotated[JournalResult | None, Query(description="Only what ended so, or still runs")]
OfDevice = Annotated[DeviceKey | None, Query(description="Only what was asked of the device with this index")]
_text = partial(Query, max_length=200)
Kind = Annotated[str, _text(description="Only commands with this in their name, whatever the case", examples=["write"])]
Who = Annotated[str, _text(description="Only with this in `origin` or `callerId`, whatever the case")]
Words = Annotated[str, _text(description="Only with this in any of their texts, whatever the case")]

_SCHEMA: Final = CommandBody.model_json_schema()
_TEXT: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"anyOf": [_SCHEMA, {"type": "array", "items": _SCHEMA}]},
                "examples": examples.TEXTS,
            }
        },
    }
}

router = routing(prefix="/api/v1/commands", tags=["commands"], responses=described(401, 409, 422, 503))


@router.post(
    "",
    summary="Execute commands",
    dependencies=[Depends(may_write)],
    response_model=CommandsDone,
    responses={
        200: shown(examples.DONE, "They ran: a result or an error each"),
        202: {**shown(examples.RUNNING, "They are still running"), "model": CommandsRunning},
        **described(408, 413),
    },
    openapi_extra=_TEXT,
)
async def execute(
    request: Request, view: TheView, sent: TheSent, key: Key = None, prefer: Prefer = None, client: Client = None
) -> Response:
    """One command or an array of them, of the form of a command file, 1 MiB at most; in order. Needs the token.

    An error of one does not stop the next. What `CMD_Local` or a limit does not allow is answered with an error each.
    """
    del client  # named for the description: `asker` has it already
    body = await read_body(request)
    count = await asked.counted(body)
    identity, seconds = identity_of(key), wait_seconds(prefer)
    sent.note(identity, body, count)
    answer = await asked.execute(view, body, identity, origin_of(request), seconds)
    headers = {"Location": f"{router.prefix}/{identity}", "Preference-Applied": f"wait={seconds:g}"}
    content, status = answer.model_dump_json(exclude_unset=True), 200 if answer.finished else 202
    return Response(content, status, headers, "application/json")


@router.get(
    "",
    summary="The journal, newest first",
    dependencies=[Depends(may_read)],
    responses={200: shown(examples.JOURNAL, "A page")},
)
async def journal(
    view: TheView,
    request: Request,
    response: Response,
    limit: Limit = 50,
    before: Before = None,
    way: WayFilter = None,
    failed: Failed = False,
    result: Result = None,
    device: OfDevice = None,
    command: Kind = "",
    who: Who = "",
    text: Words = "",
) -> EntryList:
    """Commands of every way, and each change of the plant by scripts, other masters or the end of a lifetime."""
    wanted = JournalRequest(
        limit=limit, before=before, way=way, name=command, who=who, words=text,
        devices=asked.references(view, device), outcome=JournalResult.FAILED if failed else result,
    )  # fmt: skip
    page = await asked.journal(view, wanted)
    return page.model_copy(update={"next": next_page(request, response, page.before)})


@router.get(
    "/{identity}",
    name="text",
    summary="One text and what came of it",
    dependencies=[Depends(may_read)],
    responses={200: shown(examples.TEXT, "Its commands in order"), **described(404)},
)
async def one_text(identity: Identity, view: TheView, sent: TheSent) -> CommandsNow:
    """As the journal has it: of a long text the last 1,000 commands, long results shortened."""
    return await asked.text_now(view, sent, identity[:200])
