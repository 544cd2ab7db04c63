"""`/api/v1/scripts`: how the scripts are, what they say, and what may be done to them (spec 4.3)."""

from typing import Annotated

from fastapi import Depends, Path, Request, Response

from heliograph.api import command_examples as examples
from heliograph.api import commands as asked
from heliograph.api.access import may_read, may_write
from heliograph.api.errors import Silent
from heliograph.api.examples import shown
from heliograph.api.ordering import Client, asker
from heliograph.api.paging import Before, Limit, next_page
from heliograph.api.problems import described
from heliograph.api.routes.parts import TheView
from heliograph.api.routes.routing import routing
from heliograph.api.scripted import ScriptDone, ScriptList, ScriptLog
from heliograph.contract import ScriptAction, ScriptLogRequest

Name = Annotated[str, Path(description="The script's file name without `.lua`", max_length=255)]
Action = Annotated[ScriptAction, Path(description="What is to be done")]

router = routing(prefix="/api/v1/scripts", tags=["scripts"], responses=described(401, 503))


@router.get(
    "", summary="The scripts", dependencies=[Depends(may_read)], responses={200: shown(examples.SCRIPTS, "All")}
)
async def scripts(view: TheView) -> ScriptList:
    """Those of `_scl.ini`, in its order: their state, why one does not run, and what can be called by command."""
    known = view.scripts()
    if known is None:
        raise Silent("The service commands does not report now; try again in a moment.")
    return ScriptList(scripts=known)


@router.get(
    "/{name}/log",
    summary="A script's log, newest first",
    dependencies=[Depends(may_read)],
    responses={200: shown(examples.LOG, "A page"), **described(404, 409, 422)},
)
async def log(
    name: Name, view: TheView, request: Request, response: Response, limit: Limit = 200, before: Before = None
) -> ScriptLog:
    """Lines of `wd.log`, and what became of the script."""
    page = await asked.script_log(view, ScriptLogRequest(script=name, limit=limit, before=before))
    return page.model_copy(update={"next": next_page(request, response, page.before)})


@router.post(
    "/{name}/{action}",
    summary="Start, stop, enable or disable a script",
    dependencies=[Depends(may_write)],
    responses={200: shown(examples.STARTED, "Done"), **described(404, 409, 422)},
)
async def act(name: Name, action: Action, view: TheView, client: Client = None) -> ScriptDone:
    """`start` and `stop` hold until the next restart; `disable` until `enable`, through revisions. Needs the token."""
    del client  # named for the description: `asker` has it already
    return await asked.act(view, name, action, asker())
