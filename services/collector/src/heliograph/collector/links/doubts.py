"""Which answers may still be under way on a serial line, and what to ask a device to be sure that none is.

RTU answers tell neither address nor request: a late answer to a request that was given up may look like the answer to
the next one. Devices answer in order, so whatever can only be the answer to the newest request ends all doubts about a
device. Data of a size that nothing older has is such a proof; a refusal is one only where no older request had the same
function, since all refusals of a function look the same. What may be the answer to several requests is at least the one
to the oldest of them, and ends the doubts up to that.
"""

import time
from collections.abc import Iterator

from heliograph.collector.links.calls import Call, ReadCall
from heliograph.collector.links.modbus import EXCEPTION_BIT
from heliograph.formats.definition import Table

LATE_SECONDS = 10.0
"""So long after its time limit an answer may still come."""
LARGEST_PROBE_BYTES = 250


class Doubts:
    """The open requests of all units of a line, oldest first, by how their answers begin: unit, function and more."""

    def __init__(self) -> None:
        self._until: dict[int, dict[bytes, float]] = {}

    def add(self, head: bytes) -> None:
        """Note that the answer that begins with `head` was given up."""
        self._until.setdefault(head[0], {})[head] = time.perf_counter() + LATE_SECONDS

    def settle(self, unit: int) -> None:
        """Forget a unit's requests: the newest one is answered."""
        self._until.pop(unit, None)

    def came(self, answer: bytes) -> None:
        """Take an answer that may be one to several requests, or to none."""
        heads = list(self._open(answer[0]))
        oldest = next((place for place, head in enumerate(heads) if _may_answer(answer, head)), -1)
        for head in heads[: oldest + 1]:
            del self._until[answer[0]][head]

    def holds(self, head: bytes) -> bool:
        """Tell whether right answers to a call whose answer begins so may be an older request's."""
        return any(_may_be_alike(head, other) for other in self._open(head[0]))

    def about(self, head: bytes) -> bool:
        """Tell whether any answer of the unit and function that `head` begins with may be an older request's."""
        return any(_same_function(head, other) for other in self._open(head[0]))

    def probes(self, call: Call) -> Iterator[ReadCall]:
        """Give short questions, the likeliest proof first.

        First the table of the call with a count that nothing else has: every device knows that table, but it may refuse
        the count. Then a table whose function is not in doubt: even a refusal proves.
        """
        probe = self._odd_count(call.unit, call.table, call.address)
        if probe is not None:
            yield probe
        other = next((t for t in reversed(Table) if not self.about(bytes((call.unit, t)))), None)
        if other is not None:
            yield ReadCall(call.unit, other, call.address, 1)

    def _odd_count(self, unit: int, table: Table, address: int) -> ReadCall | None:
        taken = self._open(unit)
        for size in range(1, LARGEST_PROBE_BYTES // (1 if table.is_bits else 2) + 1):
            count = 8 * size if table.is_bits else size
            probe = ReadCall(unit, table, min(address, 65536 - count), count)
            head = bytes((unit, probe.function, probe.byte_count))
            if not any(_may_be_alike(head, other) for other in taken):
                return probe
        return None

    def _open(self, unit: int) -> dict[bytes, float]:
        heads = self._until.get(unit)
        if not heads:
            return {}
        now = time.perf_counter()
        self._until[unit] = {head: until for head, until in heads.items() if until > now}
        return self._until[unit]


def _same_function(head: bytes, other: bytes) -> bool:
    return head[0] == other[0] and head[1] & ~EXCEPTION_BIT == other[1]


def _may_be_alike(head: bytes, other: bytes) -> bool:
    """Tell whether one answer may begin like both; of a message that was passed on only the function is known."""
    return head.startswith(other) or other.startswith(head)


def _may_answer(answer: bytes, head: bytes) -> bool:
    return answer.startswith(head) or (bool(answer[1] & EXCEPTION_BIT) and _same_function(answer, head))
