"""A simulated line in a process of its own: prints its device, serves until its input ends, prints the silences."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from heliograph.demo.simulator import HOLDING_REGISTER, Registers, RtuSimulator


@dataclass
class Line:
    device: str
    requests: int = 0
    early: int = 0


@contextmanager
def line(baudrate: int, units: int, registers: int) -> Iterator[Line]:
    """A running line; the counts stand in it after the block."""
    command = [sys.executable, "-m", "bench._line", str(baudrate), str(units), str(registers)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        served = Line(process.stdout.readline().strip())
        try:
            yield served
        finally:
            output, _ = process.communicate(timeout=10)
        served.requests, served.early = json.loads(output)


async def serve(baudrate: int, units: int, registers: int) -> None:
    banks = {
        unit: Registers({HOLDING_REGISTER: {n: n % 65536 for n in range(registers)}}) for unit in range(1, units + 1)
    }
    async with RtuSimulator(banks, baudrate) as simulator:
        print(simulator.device, flush=True)
        await asyncio.to_thread(sys.stdin.read)
        print(json.dumps([simulator.silences.requests, simulator.silences.early]), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(*map(int, sys.argv[1:])))
