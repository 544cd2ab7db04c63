"""What can be made to go wrong with a simulated device, while it runs."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from heliograph.demo.simulator.answers import answer, refusal
from heliograph.demo.simulator.banks import ILLEGAL_ADDRESS, TARGET_SILENT, Bank

BROADCAST_UNIT = 0
COUNTED = (1, 2, 3, 4)
"""Functions whose answer tells how many bytes follow."""


@dataclass(slots=True)
class Faults:
    """The faults of one unit; all off. Set an attribute to switch one on, `clear()` ends them all."""

    dead: bool = False
    """Never answers."""
    late: float = 0.0
    """Seconds that an answer takes."""
    noise: bytes = b""
    """Sent before the answer."""
    wrong_unit: int = 0
    """Added to its address in what it answers."""
    wrong_function: bool = False
    """Answers another function than asked."""
    bad_crc: bool = False
    """Serial line: one bit of the check sum is wrong. Modbus TCP: the transaction id is."""
    half_frame: bool = False
    """Only the first half of the answer is sent."""
    exception: int = 0
    """Refuses with this code."""
    echo: bool = False
    """The request comes back before the answer, as from an RS-485 adapter that hears itself."""
    wrong_count: int = 0
    """Added to the byte count that its answer to a read tells; the data stay as they are."""
    other_exception: bool = False
    """Refuses another function than asked."""
    empty: bool = False
    """Answers with a frame of no length: unit and check sum on a serial line, a header and no more over TCP."""
    twice: bool = False
    """Sends each answer twice, one right behind the other."""
    trailing: bytes = b""
    """Sent right behind the answer."""
    drip: float = 0.0
    """Seconds between two bytes of an answer; 0 sends it in one piece."""

    def message(self, reply: bytes) -> bytes:
        """Return what becomes of an answer, from its function code on."""
        if self.other_exception:
            return refusal(reply[0] ^ 0x07, ILLEGAL_ADDRESS)
        if self.wrong_function:
            reply = bytes((reply[0] ^ 0x07,)) + reply[1:]
        if self.wrong_count and reply[0] in COUNTED:
            reply = bytes((reply[0], (reply[1] + self.wrong_count) & 0xFF)) + reply[2:]
        return b"" if self.empty else reply

    def sent(self, frame: bytes) -> bytes:
        """Return what is sent for a whole frame."""
        if self.half_frame:
            frame = frame[: len(frame) // 2]
        return self.noise + frame * (2 if self.twice else 1) + self.trailing

    def clear(self) -> None:
        """Be a healthy device again."""
        Faults.__init__(self)


Respond = Callable[[bytes], Sequence[tuple[float, bytes | None]]]
"""What answers a whole request frame instead of the units: whole frames, or None to cut the connection.

Each with its time: seconds from the first byte of the request to the last byte of the answer.
"""


@dataclass(slots=True)
class Units:
    """The devices behind one line or socket, their faults, and how often each was asked."""

    banks: Mapping[int, Bank]
    faults: defaultdict[int, Faults] = field(default_factory=lambda: defaultdict(Faults))
    requests: Counter[int] = field(default_factory=Counter)

    def answer(self, unit: int, request: bytes, *, gateway: bool = False) -> bytes | None:
        """Return the answer to a request, or None when nobody answers (a gateway answers for who is not there)."""
        self.requests[unit] += 1
        bank = self.banks.get(unit)
        fault = self.faults.get(unit)
        if bank is None:
            return refusal(request[0], TARGET_SILENT) if gateway else None
        if fault is None:
            return answer(bank, request)
        if fault.dead:
            return None
        if fault.exception:
            return refusal(request[0], fault.exception)
        return fault.message(answer(bank, request))

    def tell_all(self, request: bytes) -> None:
        """Let every unit take a request to all; none answers."""
        self.requests[BROADCAST_UNIT] += 1
        for unit, bank in self.banks.items():
            fault = self.faults.get(unit)
            if fault is None or not fault.dead:
                answer(bank, request)
