"""Alarms: each change of the raw value of a variable with action 8, at polling speed, and what the gateway itself says.

The last known values survive a restart in the outbox; an alarm and the value that it makes known are one commit
(spec 3.3). Joined changes move the known value only when they are told, so a kill in between loses no change.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from heliograph.collector.changes import Flow
from heliograph.collector.drafts import AlarmDraft, Draft, Known, as_known
from heliograph.contract import Alarm, AlarmSource
from heliograph.contract.records import Value
from heliograph.formats.daq import Device
from heliograph.formats.definition import Definition, Kind, Variable
from heliograph.formats.values import format_value, shortest_single
from heliograph.runtime import Clock
from heliograph.runtime.clock import milliseconds

JOIN_LOOK_SECONDS: Final = 1.0
_LOST: Final = as_known("lost")
_BACK: Final = as_known("back")


class Alarms:
    """Where all alarms of the collector are raised."""

    def __init__(self, put: Callable[[Sequence[Draft]], None], clock: Clock) -> None:
        self._put = put
        self._clock = clock
        self._watches: set[Watch] = set()
        self.known: dict[tuple[str, str], str] = {}
        """The last known values (JSON) by device name and Index, read from the outbox at the start."""

    def say(self, info: str) -> None:
        """Raise an alarm of the gateway itself."""
        self._put([gateway_alarm(info, self._clock)])

    def device_lost(self, name: str) -> None:
        """Raise `DEVICE LOST`, unless it was said and never taken back, maybe before a restart."""
        self._condition(name, _LOST, f"DEVICE LOST {name}")

    def device_back(self, name: str) -> None:
        """Raise `DEVICE BACK`, if the device had been lost."""
        if self.known.get((name, "")) == _LOST:
            self._condition(name, _BACK, f"DEVICE BACK {name}")

    def watch(self, device: Device, definition: Definition, variables: Sequence[Variable]) -> "Watch":
        """Return what watches the readings of a device once begun; `variables` are in the order of its readings."""
        return Watch(self, device, definition, variables)

    def begin(self, watch: "Watch") -> None:
        """Watch from now on."""
        self._watches.add(watch)

    def forget(self, watch: "Watch") -> None:
        """Stop watching."""
        self._watches.discard(watch)

    def tell(self, drafts: Sequence[AlarmDraft]) -> None:
        """Hand alarms over, and remember what they make known."""
        for draft in drafts:
            if draft.known is not None:
                self.known[draft.known.device_name, draft.known.variable] = draft.known.value
        self._put(drafts)

    async def run(self) -> None:
        """Tell joined changes each minute, for ever."""
        while True:
            await self._clock.sleep(JOIN_LOOK_SECONDS)
            self.tell_joined(self._clock.monotonic())

    def tell_joined(self, now: float) -> None:
        """Tell the changes joined in minutes that are over."""
        for watch in self._watches:
            if drafts := watch.joined(now):
                self.tell(drafts)

    def _condition(self, name: str, condition: str, info: str) -> None:
        if self.known.get((name, "")) != condition:
            alarm = gateway_alarm(info, self._clock)
            self.tell([AlarmDraft(alarm.identity, alarm.body, Known(name, "", condition))])


class Watch:
    """The variables of one device that raise alarms."""

    def __init__(self, alarms: Alarms, device: Device, definition: Definition, variables: Sequence[Variable]) -> None:
        self._alarms = alarms
        self._device = device
        self._definition = definition
        self._watched = [(place, variable) for place, variable in enumerate(variables) if variable.is_alarm]
        self._places = tuple(place for place, _ in self._watched)
        self._last: tuple[Value, ...] = ()
        """The watched part of the last reading."""
        self._values: dict[str, str] = {}
        """The last value seen (JSON) by Index."""
        self._flows: dict[str, Flow] = {}

    def look(self, reading: Sequence[Value], time: int, now: float) -> None:
        """Compare a reading completed at `time` (milliseconds since 1970) and `now` (monotonic) with the last one."""
        if not self._places:
            return
        watched = tuple([reading[place] for place in self._places])
        if watched == self._last:
            return
        self._last = watched
        drafts = [
            draft
            for (_, variable), value in zip(self._watched, watched, strict=True)
            if value is not None and (draft := self._compare(variable, value, time, now)) is not None
        ]
        if drafts:
            self._alarms.tell(drafts)

    def joined(self, now: float) -> list[AlarmDraft]:
        """Return what is to be told of minutes of joined changes that are over."""
        return [draft for _, variable in self._watched for draft in self._joined_of(variable, now)]

    def _compare(self, variable: Variable, value: Value, time: int, now: float) -> AlarmDraft | None:
        key = (self._device.name, variable.index)
        new, old = as_known(value), self._values.get(variable.index) or self._alarms.known.get(key)
        self._values[variable.index] = new
        if new == old:
            return None
        if old is None:
            return AlarmDraft(known=Known(*key, new))
        if not self._flows.setdefault(variable.index, Flow()).change(value, time, now):
            return None
        return self._alarm(variable, value, time)

    def _joined_of(self, variable: Variable, now: float) -> Iterable[AlarmDraft]:
        flow = self._flows.get(variable.index)
        if flow is None or (joined := flow.minute(now)) is None:
            return ()
        info = f"{joined.count} CHANGES JOINED {self._device.name} {variable.name}"
        return (self._alarm(variable, joined.value, joined.time), _gateway(info, joined.time))

    def _alarm(self, variable: Variable, value: Value, time: int) -> AlarmDraft:
        alarm = Alarm(
            identity=uuid.uuid4().hex,
            source=AlarmSource.MODBUS if self._device.kind == "MODBUS" else AlarmSource.IO,
            time=time,
            definition=self._definition.file,
            device=self._device.index,
            device_name=self._device.name,
            variable=variable.index,
            value=format_value(as_recorded(variable, value)),
        )
        known = Known(self._device.name, variable.index, as_known(value))
        return AlarmDraft(alarm.identity, alarm.model_dump_json().encode(), known)


def as_recorded(variable: Variable, value: Value) -> Value:
    """Return a raw value as it is recorded: a single as the double of its shortest form (spec 3.1)."""
    is_single = variable.point is not None and variable.point.kind is Kind.F32
    return shortest_single(value) if is_single and isinstance(value, float) else value


def gateway_alarm(info: str, clock: Clock, identity: str = "") -> AlarmDraft:
    """Return an alarm of the gateway itself, of now; with an identity it is told once, however often it is raised."""
    return _gateway(info, milliseconds(clock), identity)


def _gateway(info: str, time: int, identity: str = "") -> AlarmDraft:
    alarm = Alarm(identity=identity or uuid.uuid4().hex, source=AlarmSource.GATEWAY, time=time, info=info)
    return AlarmDraft(alarm.identity, alarm.model_dump_json().encode())
