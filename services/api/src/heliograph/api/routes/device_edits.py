"""`/api/v1/devices`, written: a device added, changed or removed is one revision, or nothing (spec 1.7, 2.1)."""

from typing import Any, Final

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from heliograph.api import device_examples as examples
from heliograph.api import deviceedits as asked
from heliograph.api.access import may_write
from heliograph.api.conditional import tag
from heliograph.api.devicebodies import ChangedDevice, DeviceDone, NewDevice
from heliograph.api.editing import TheTerms, read_json
from heliograph.api.examples import shown
from heliograph.api.problems import described
from heliograph.api.routes.devices import Index
from heliograph.api.routes.parts import TheView
from heliograph.api.routes.routing import routing

router = routing(
    prefix="/api/v1/devices",
    tags=["devices"],
    dependencies=[Depends(may_write)],
    responses={200: shown(examples.DONE, "It is in force"), **described(401, 409, 412, 422, 503)},
)


def _body(model: type[BaseModel], shown_as: dict[str, Any]) -> dict[str, Any]:
    """The description of a body that the route reads by itself, with the settings of a line spelt out in it."""
    schema = model.model_json_schema()
    lines = schema.pop("$defs")
    schema["properties"]["serial"] = lines["SerialSettings"]
    content = {"application/json": {"schema": schema, "examples": shown_as}}
    return {"requestBody": {"required": True, "content": content}}


_NEW: Final = _body(NewDevice, examples.NEW)
_CHANGED: Final = _body(ChangedDevice, examples.CHANGES)


@router.post("", summary="Add a device", responses=described(408, 413), openapi_extra=_NEW)
async def add(request: Request, response: Response, view: TheView, terms: TheTerms) -> DeviceDone:
    """Its line comes into `_daq.csv`, its definition into `DEF/` where it is new. Needs the token.

    Nothing configured is overwritten. Faults of single fields are told under `errors`, those of the set that would come
    of it under `findings`.
    """
    body = await read_json(NewDevice, request)
    return _told(response, await asked.add(view, body, terms))


@router.patch("/{index}", summary="Change a device", responses=described(404, 408, 413), openapi_extra=_CHANGED)
async def change(index: Index, request: Request, response: Response, view: TheView, terms: TheTerms) -> DeviceDone:
    """What is absent stays; all else in `_daq.csv` stays byte for byte. Needs the token."""
    body = await read_json(ChangedDevice, request)
    return _told(response, await asked.change(view, index, body, terms))


@router.delete("/{index}", summary="Remove a device", responses=described(404))
async def remove(index: Index, response: Response, view: TheView, terms: TheTerms) -> DeviceDone:
    """It is not polled any more. Its records, delivered or waiting, and its definition stay. Needs the token."""
    return _told(response, await asked.remove(view, index, terms))


def _told(response: Response, done: DeviceDone) -> DeviceDone:
    if done.revision is not None:
        response.headers["ETag"] = tag(done.revision)
    return done
