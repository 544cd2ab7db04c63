"""`/api/v1/servers` and `/api/v1/schedules`: a server tried step by step, and the connections that are planned."""

from typing import Annotated, Any, Final, Literal, TypeVar

from fastapi import Depends, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from heliograph.api import server_examples as examples
from heliograph.api import servers as asked
from heliograph.api.access import may_read, may_write
from heliograph.api.editing import read_body
from heliograph.api.examples import shown
from heliograph.api.hostkeys import host_key
from heliograph.api.problems import described
from heliograph.api.routes.parts import TheView
from heliograph.api.routes.routing import routing
from heliograph.api.tested import HostKey, HostKeyBody, PlannedList, SchedulesBody, ServerTestBegun, ServerTestBody
from heliograph.contract.servertests import ServerTestRequest, ServerTestState

Number = Annotated[Literal["1", "2"], Path(description="Server 1 or 2")]
Test = Annotated[int, Path(ge=1, le=2**53, description="The `test` that was answered when it began")]
Count = Annotated[int, Query(ge=1, le=100, description="How many connections at most")]
T = TypeVar("T", bound=BaseModel)

router = routing(prefix="/api/v1", tags=["servers"], responses=described(401, 503))


def _json(model: type[BaseModel], bodies: dict[str, Any], *, required: bool) -> dict[str, Any]:
    content = {"application/json": {"schema": model.model_json_schema(), "examples": bodies}}
    return {"requestBody": {"required": required, "content": content}}


_TEST_BODY: Final = _json(ServerTestBody, examples.TEST_BODIES, required=False)
_HOST_KEY_BODY: Final = _json(HostKeyBody, examples.HOST_KEY_BODIES, required=True)
_SCHEDULES_BODY: Final = _json(SchedulesBody, examples.SCHEDULE_BODIES, required=True)


@router.post(
    "/servers/{number}/test",
    status_code=202,
    summary="Test a server",
    dependencies=[Depends(may_write)],
    responses={202: shown(examples.BEGUN, "It runs"), **described(408, 409, 413, 422)},
    openapi_extra=_TEST_BODY,
)
async def begin(number: Number, request: Request, view: TheView) -> ServerTestBegun:
    """Each step of a connection: name, port, certificate or host key, login, each directory and right. Needs the token.

    By the settings in force, or by those of an edited `_config.ini` with the certificates that it names. One test at a
    time, beside the connections; it changes nothing on the gateway, and takes away what it put on the server.
    """
    body = await _read(ServerTestBody, request)
    wanted = ServerTestRequest(
        server=1 if number == "1" else 2, config=body.config, certificates=body.certificates, keys=body.keys
    )
    return await asked.begin_test(view, wanted)


@router.get(
    "/servers/tests/newest",
    summary="The newest test of a server",
    dependencies=[Depends(may_read)],
    responses={200: shown(examples.TEST, "Its steps"), **described(404)},
)
async def newest(view: TheView) -> ServerTestState:
    """The one that runs or ran last. It is forgotten when sync starts anew."""
    return await asked.look_at_test(view, None)


@router.get(
    "/servers/tests/{test}",
    summary="One test of a server",
    dependencies=[Depends(may_read)],
    responses={200: shown(examples.TEST, "Its steps"), **described(404, 422)},
)
async def look(test: Test, view: TheView) -> ServerTestState:
    """How each step is doing: what was found, or what is wrong and what to do."""
    return await asked.look_at_test(view, test)


@router.delete(
    "/servers/tests/{test}",
    summary="Stop a test of a server",
    dependencies=[Depends(may_write)],
    responses={200: shown(examples.TEST, "It is stopped"), **described(404, 422)},
)
async def stop(test: Test, view: TheView) -> ServerTestState:
    """What it put on the server it takes away before it leaves. Needs the token."""
    return await asked.stop_test(view, test)


@router.post(
    "/servers/host-key",
    summary="The fingerprint of a host key",
    dependencies=[Depends(may_read)],
    responses={200: shown(examples.HOST_KEY, "For `HostKey` in `_config.ini`"), **described(408, 413, 422)},
    openapi_extra=_HOST_KEY_BODY,
)
async def fingerprint(request: Request) -> HostKey:
    """Computed out of a public key in one of the forms that administrators have it in. Nothing is changed."""
    body = await _read(HostKeyBody, request)
    try:
        return host_key(body.text)
    except ValueError as error:
        raise RequestValidationError([{"loc": ("body", "text"), "msg": str(error)}]) from error


@router.get(
    "/schedules/next",
    summary="The next connections",
    dependencies=[Depends(may_read)],
    responses={200: shown(examples.PLANNED, "Soonest first"), **described(409, 422)},
)
async def planned(view: TheView, count: Count = 10) -> PlannedList:
    """What the schedules in force make; alarms, requests and retries come beside them."""
    return await asked.planned(view, None, count)


@router.post(
    "/schedules/next",
    summary="The next connections by edited schedules",
    dependencies=[Depends(may_read)],
    responses={200: shown(examples.PLANNED, "Soonest first"), **described(408, 409, 413, 422)},
    openapi_extra=_SCHEDULES_BODY,
)
async def plan(request: Request, view: TheView) -> PlannedList:
    """What the schedules of a `_var.ini` would make, with every finding about it. Nothing is changed."""
    body = await _read(SchedulesBody, request)
    return await asked.planned(view, body.text, body.count)


async def _read(model: type[T], request: Request) -> T:
    """Read a body that may be long, after the client was found to have the right to send it."""
    try:
        return model.model_validate_json(await read_body(request) or b"{}")
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in faults]) from error
