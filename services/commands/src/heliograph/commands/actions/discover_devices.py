"""`discoverDevices`: a search for devices that are not configured yet; its result is the number found (spec 2.4).

The collector searches; here it is begun, followed to its end, and ended in order when it takes too long or the gateway
stops. What is found waits for a person, or comes into the configuration as one revision (decision 0014).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from heliograph.commands.errors import CommandFailed, NothingSaid
from heliograph.commands.gateway import Gateway
from heliograph.contract import (
    DetectAnswer,
    DetectionQuery,
    DetectionState,
    DetectRequest,
    DeviceCondition,
    EditAnswer,
    EditRequest,
    StopDetection,
)
from heliograph.contract.channels import DETECT, DETECTION, EDIT, STOP_DETECTION

MOST_SECONDS: Final = 1800.0
"""No search takes longer; the commands after it in its way wait."""
LEAST_SECONDS: Final = 120.0
ASKS_A_UNIT: Final = 3
"""A silent unit is asked at three places (decision 0014), each for the time limit of one answer."""
PATIENCE: Final = 2
"""A line that is polled meanwhile makes the search slower than its own waits do."""
ANSWER_SECONDS: Final = 10.0
EDIT_SECONDS: Final = 30.0
SILENCE_SECONDS: Final = 60.0
"""The bus or the collector may be away for so long before the search is given up."""
LOOK_SECONDS: Final = 1.0
TRIES: Final = 3
"""Of an edit that another one overtakes."""
METER: Final = "TIC1"
MOST_UNITS_TEXT: Final = 500
"""Of `DetectRequest.units`."""


async def run(gateway: Gateway, parameters: Mapping[str, Any]) -> int:
    """Search and return the number of devices found, those that are configured already included."""
    if parameters["protocol"] == "tic":
        return await _meters(gateway)
    state = await _searched(gateway, _request(parameters))
    if parameters.get("accept", False) and any(proposal.ticked for proposal in state.proposals):
        await _accept(gateway, state)
    return len(state.proposals)


async def _meters(gateway: Gateway) -> int:
    """Return 1 when the meter on the TIC input speaks. It is heard where the configuration has it, and only there."""
    if (await gateway.plant()).by_index(METER) is None:
        raise CommandFailed(
            f"protocol tic: a meter is heard once _daq.csv has a line with index {METER}, and there is none; "
            "what it says then stands in the status"
        )
    device = gateway.device_state(METER)
    return int(device is not None and device.condition is DeviceCondition.ANSWERING)


def _request(parameters: Mapping[str, Any]) -> DetectRequest:
    """Return what the collector is asked; raises `CommandFailed` where interface and hosts do not fit."""
    interface, hosts = parameters.get("interface", ""), _texts(parameters.get("hosts", ()))
    if not interface:
        raise CommandFailed("sunpm.discoverDevices: interface is missing: the serial line, or ethernet1 with hosts")
    if interface.startswith("serial"):
        if hosts:
            raise CommandFailed(f"sunpm.discoverDevices: hosts are for ethernet1 and ethernet2, not for {interface}")
        hosts = (interface.upper(),)
    elif not hosts:
        raise CommandFailed(f"sunpm.discoverDevices: hosts are missing: which addresses are to be asked on {interface}")
    units = ",".join(_texts(parameters.get("addresses", ())))
    if len(units) > MOST_UNITS_TEXT:
        raise CommandFailed("sunpm.discoverDevices: addresses are too many to be read: write ranges such as 1-247")
    return DetectRequest(
        targets=hosts,
        units=units,
        port=parameters.get("port", 502),
        timeout_ms=parameters.get("timeout", 1000),
        most_devices=parameters.get("maxDevices", 200),
    )


async def _searched(gateway: Gateway, request: DetectRequest) -> DetectionState:
    """Begin a search and return how it ended; one that does not come to its end is stopped."""
    otherwise = "it is not known whether the search runs"
    begun: DetectAnswer = await gateway.ask(DETECT, request, ANSWER_SECONDS, otherwise)
    if begun.detection is None:
        raise CommandFailed("the search did not begin")
    ended = False
    try:
        state = await _followed(gateway, begun.detection)
        ended = True
    finally:
        if not ended:
            await _stop(gateway, begun.detection)
    return state


async def _followed(gateway: Gateway, key: str) -> DetectionState:
    """Wait for the end of a search. Raises `CommandFailed` when it does not come."""
    begun = heard = gateway.clock.monotonic()
    while True:
        try:
            state = await _state(gateway, key)
            heard = gateway.clock.monotonic()
        except NothingSaid:
            if gateway.clock.monotonic() - heard > SILENCE_SECONDS:
                raise
        else:
            if not state.running:
                return state
            _refuse_to_wait(gateway, state, gateway.clock.monotonic() - begun)
        await gateway.pause(LOOK_SECONDS)


def _refuse_to_wait(gateway: Gateway, state: DetectionState, seconds: float) -> None:
    """Raise `CommandFailed` when the search takes too long, or the gateway stops."""
    answers = PATIENCE * ASKS_A_UNIT * state.total * state.timeout_ms / 1000
    limit = min(MOST_SECONDS, LEAST_SECONDS + answers)
    so_far = f"{state.asked} of {state.total} units were asked, {len(state.proposals)} devices found"
    if gateway.stopping.is_set():
        raise CommandFailed(f"the search was ended, the gateway stops: {so_far}; ask again")
    if seconds > limit:
        raise CommandFailed(f"the search was ended after {seconds:.0f} s: {so_far}; search less at once")


async def _state(gateway: Gateway, key: str, *, definitions: bool = False) -> DetectionState:
    query = DetectionQuery(detection=key, definitions=definitions)
    state: DetectionState = await gateway.ask(DETECTION, query, ANSWER_SECONDS, "how the search goes is not known")
    return state


async def _stop(gateway: Gateway, key: str) -> None:
    """End a search; what it found until now still waits for a person."""
    try:
        await gateway.ask(STOP_DETECTION, StopDetection(detection=key), ANSWER_SECONDS, "the search may still run")
    except CommandFailed as error:
        gateway.events.warning(f"the search could not be ended: {error}")


async def _accept(gateway: Gateway, found: DetectionState) -> None:
    """Have the new devices configured as one revision; raises `CommandFailed` when they are not."""
    state = await _state(gateway, str(found.detection), definitions=True)
    for _ in range(TRIES):
        answer = await _edited(gateway, state)
        if not answer.conflict:
            break
        await gateway.pause(LOOK_SECONDS)
    if answer.error:
        told = "; ".join((answer.error, *answer.findings[:3]))
        count = len(state.proposals)
        raise CommandFailed(f"{count} devices were found, but not configured: {told}; they wait for a person")


async def _edited(gateway: Gateway, state: DetectionState) -> EditAnswer:
    """Ask for what the new devices add to the revision in force."""
    from heliograph.runtime.acceptance import additions_of  # noqa: PLC0415  # dear in memory, and seldom needed

    revision = gateway.in_force.revision
    if revision is None:
        return EditAnswer(error="no configuration is in force yet")
    try:
        added = additions_of(state, [proposal for proposal in state.proposals if proposal.ticked], revision)
    except ValueError as error:
        return EditAnswer(error=str(error))
    if not added.files:
        return EditAnswer()
    files: dict[str, str | None] = {path: content.decode() for path, content in added.files.items()}
    edit = EditRequest(files=files, origin="command", based_on=revision.number)
    otherwise = "it is not known whether the devices are configured"
    answer: EditAnswer = await gateway.request(EDIT, edit, EDIT_SECONDS, otherwise)
    return answer


def _texts(given: str | int | Sequence[str | int]) -> tuple[str, ...]:
    return (str(given),) if isinstance(given, str | int) else tuple(map(str, given))
