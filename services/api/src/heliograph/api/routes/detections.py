"""`/api/v1/detections`: SunSpec devices searched for, and those that a person accepts (spec 2.4)."""

from typing import Annotated

from fastapi import Body, Depends, Path, Response

from heliograph.api import detection_examples as examples
from heliograph.api import detections as asked
from heliograph.api.access import may_read, may_write
from heliograph.api.conditional import tag
from heliograph.api.detected import AcceptBody, DetectBody, DetectionBegun, DetectionList, DetectionNow
from heliograph.api.editing import TheTerms
from heliograph.api.examples import shown
from heliograph.api.problems import described
from heliograph.api.routes.parts import TheView
from heliograph.api.routes.routing import routing
from heliograph.api.sets import EditDone

Key = Annotated[str, Path(description="The `detection` that was answered when it began", pattern="^[0-9a-f]{12}$")]

router = routing(prefix="/api/v1/detections", tags=["detections"], responses=described(401, 503))


@router.post(
    "",
    status_code=202,
    summary="Search for SunSpec devices",
    dependencies=[Depends(may_write)],
    responses={202: shown(examples.BEGUN, "It runs"), **described(409, 413, 422)},
)
async def start(view: TheView, body: Annotated[DetectBody, Body(openapi_examples=examples.STARTS)]) -> DetectionBegun:
    """Hosts, ranges, networks and serial lines; polling goes on meanwhile. One search runs at a time. Needs the token.

    `units` such as `1-5,7`; without it unit 1 of hosts, units 1 to 32 of serial lines.
    """
    return await asked.start(view, body)


@router.get(
    "",
    summary="The newest detection",
    dependencies=[Depends(may_read)],
    responses={200: shown(examples.LIST, "It, or none")},
)
async def newest(view: TheView) -> DetectionList:
    """The one that runs or ran last. It is forgotten when the collector starts anew."""
    found = await asked.newest(view)
    return DetectionList(detections=(found,) if found else ())


@router.get(
    "/{key}",
    summary="One detection",
    dependencies=[Depends(may_read)],
    responses={200: shown(examples.NOW, "Its progress and what it proposes"), **described(404, 422)},
)
async def look(key: Key, view: TheView) -> DetectionNow:
    """Its lines of progress, what could not be searched, and the devices that it found so far."""
    return await asked.look(view, key)


@router.post(
    "/{key}/stop",
    summary="Stop a detection",
    dependencies=[Depends(may_write)],
    responses={200: shown(examples.NOW, "It is stopped"), **described(404, 422)},
)
async def stop(key: Key, view: TheView) -> DetectionNow:
    """What it found until now stays and can be accepted. Needs the token."""
    await asked.stop(view, key)
    return await asked.look(view, key)


@router.delete(
    "/{key}",
    summary="Forget a detection",
    dependencies=[Depends(may_write)],
    responses={200: shown(examples.NONE, "What is left"), **described(404, 422)},
)
async def forget(key: Key, view: TheView) -> DetectionList:
    """It is stopped, and what it found is not proposed any more. Needs the token."""
    await asked.stop(view, key, forget=True)
    return DetectionList(detections=())


@router.post(
    "/{key}/accept",
    summary="Configure found devices",
    dependencies=[Depends(may_write)],
    responses={200: shown(examples.ACCEPTED, "They are in force"), **described(404, 409, 412, 422)},
)
async def accept(
    key: Key,
    response: Response,
    view: TheView,
    body: Annotated[AcceptBody, Body(openapi_examples=examples.ACCEPTS)],
    terms: TheTerms,
) -> EditDone:
    """Their definition files and their lines of `_daq.csv` come into the set as one revision. Needs the token.

    Nothing configured is overwritten: names are made unique, indices are the next free ones.
    """
    done = await asked.accept(view, key, body, terms)
    if done.revision is not None:
        response.headers["ETag"] = tag(done.revision)
    return done
