"""`/api/v1/devices`: the devices and their last values."""

from typing import Annotated

from fastapi import Depends, Path, Request, Response

from heliograph.api import examples
from heliograph.api.access import may_read
from heliograph.api.conditional import EDITABLE, READABLE, headers_of, tag, unchanged
from heliograph.api.models import Device, DeviceList, DeviceVariables
from heliograph.api.problems import described
from heliograph.api.routes.parts import TheView
from heliograph.api.routes.routing import routing

Index = Annotated[str, Path(description="`index` of the device in `_daq.csv`: a number, `IO` or `TIC1`", max_length=9)]

router = routing(prefix="/api/v1/devices", tags=["devices"], dependencies=[Depends(may_read)], responses=described(401))


@router.get(
    "",
    summary="All devices",
    response_model=DeviceList,
    responses={200: examples.shown(examples.DEVICES, "The devices") | READABLE},
)
async def devices(view: TheView, request: Request, response: Response) -> DeviceList | Response:
    """In the order of the configuration. The `ETag` is another one as soon as something new was heard of a device."""
    if known := unchanged(request, view.tag):
        return known
    response.headers.update(headers_of(view.tag))
    return DeviceList(devices=view.devices())


@router.get(
    "/{index}",
    summary="One device",
    responses={200: examples.shown(examples.DEVICE, "The device") | EDITABLE, **described(404, 422)},
)
async def device(index: Index, view: TheView, response: Response) -> Device:
    """Its line of the configuration, its condition and what was counted.

    The `ETag` is of its line alone, the number of the revision: give it back as `If-Match` with a change of it.
    """
    found = view.device(index)
    response.headers["ETag"] = tag(view.in_force.number or 0)
    return found


@router.get(
    "/{index}/variables",
    summary="Last values of one device",
    responses={200: examples.shown(examples.VARIABLES, "The variables"), **described(404, 422)},
)
async def variables(index: Index, view: TheView) -> DeviceVariables:
    """Raw and engineering values of the last reading, with their units and the reading's age."""
    return view.variables(index)
