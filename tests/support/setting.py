"""Inverters whose writes are counted, and what a script asks of the collector for them."""

from collections.abc import Sequence
from typing import Any

from heliograph.contract import SetPointState, VariableValue, WriteRequest
from heliograph.contract.channels import WRITE
from heliograph.demo.simulator import HOLDING_REGISTER, Registers, TcpSimulator
from support.collecting import Witness, revision

LIMIT, POWER, SEEN, SCALED, FACTOR = "1", "2", "3", "4", "5"
"""Indexes of the variables; LIMIT is not polled, SEEN is a limit that is."""
DEFINITION = """\
modbusTCP;a;b;c
1;3;0;U16;;Power limit;cmd;1;0;%;1
2;3;1;U16;;Power;;1;0;W;4
3;3;2;U16;;Seen limit;;1;0;%;4
4;3;3;U16;Factor;Scaled limit;;1;0;%;1
5;3;4;I16;;Factor;;1;0;;1
6;1;0;;;Run;;1;0;;1
7;3;5_0_1;Bits;;First bit;;1;0;;1
8;3;5_1_1;Bits;;Second bit;;1;0;;1
9;3;6;U32;;Long limit;;1;0;W;1
10;3;0;U32;;Limit and power;;1;0;;1
"""


class Inverter(Registers):
    """Registers that remember what was written to them."""

    def __init__(self) -> None:
        super().__init__()
        self.put(HOLDING_REGISTER, 0, [100, 500, 100, 1000, 0xFFFF, 0, 0, 0])
        self.put(1, 0, [1])
        self.writes: list[tuple[int, int, tuple[int, ...]]] = []

    def write(self, table: int, address: int, values: list[int]) -> None:
        self.writes.append((table, address, tuple(values)))
        super().write(table, address, values)

    def register(self, address: int) -> int:
        return self.tables[HOLDING_REGISTER][address]

    def written_to(self, address: int) -> list[int]:
        """What was written to a register, in order."""
        return [values[0] for table, at, values in self.writes if (table, at) == (HOLDING_REGISTER, address)]


def inverters(*units: int) -> TcpSimulator:
    return TcpSimulator({unit: Inverter() for unit in units})


def plan(plant: TcpSimulator, *units: int, text: str = DEFINITION, poll_ms: int = 50, **fields: Any):
    """A revision with the inverters of these units, named `roof <unit>`."""
    devices = [f"{n};127.0.0.1:{plant.port};roof {n};{n};600;400;;poll={poll_ms};;;m.csv" for n in units]
    return revision(devices, {"m.csv": text}, **fields)


async def put(sync: Witness, raw: Any, *, variable: str = LIMIT, device: str = "1", **more: Any) -> VariableValue:
    """Write as commands do."""
    request = WriteRequest(device=device, variable=variable, raw=raw, caller="script zero_export", **more)
    return await sync.commands.request(WRITE, request, timeout=60)


def set_points(sync: Witness) -> Sequence[SetPointState]:
    return sync.states[-1].set_points if sync.states else ()
