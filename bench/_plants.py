"""Simulated Modbus TCP devices in a process of their own, so that their work is not counted (`bench._plants`)."""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass

from heliograph.demo.simulator import HOLDING_REGISTER, Registers, RtuSimulator, TcpSimulator

CLUSTERS = 5
VARIABLES = 60
CLUSTER_SIZE = VARIABLES // CLUSTERS
CLUSTER_STEP = 100
"""Five clusters of twelve registers each, too far apart to be read together."""


@dataclass(frozen=True)
class Plant:
    """Where simulated devices are: the same registers and unit numbers behind each port, or one serial line."""

    ports: list[int]
    device: str
    process: "subprocess.Popen[str]"

    def mark(self) -> tuple[int, float]:
        """Return polls of the healthy units since the last mark, and the longest gap between two of one unit."""
        self._say("mark")
        polls, gap, _ = json.loads(self.process.stdout.readline())
        return polls, gap

    def missed(self, period: float) -> list[tuple[int, int]]:
        """Return polls of each unit since the last mark, and how many turns of `period` seconds it missed."""
        self._say("mark")
        _, _, gaps = json.loads(self.process.stdout.readline())
        return [(len(each) + 1, sum(max(0, round(gap / period) - 1) for gap in each)) for each in gaps]

    def die(self, unit: int) -> None:
        """Let a unit answer no more."""
        self._say(f"die {unit}")

    def revive(self, unit: int) -> None:
        """Let a unit answer again."""
        self._say(f"revive {unit}")

    def _say(self, words: str) -> None:
        self.process.stdin.write(f"{words}\n")
        self.process.stdin.flush()


@contextmanager
def plant(ports: int, units: int = 1, delay: float = 0.0, dead: int = 0, baudrate: int = 0) -> Iterator[Plant]:
    """Serve so many ports with units 1 to `units` behind each; the last `dead` ones never answer until revived.

    With a baud rate they are behind one serial line instead.
    """
    command = [sys.executable, "-m", "bench._plants", *map(str, (ports, units, delay, dead, baudrate))]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    try:
        where = json.loads(process.stdout.readline())
        yield Plant(where["ports"], where["device"], process)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stdin.close()


def addresses() -> list[int]:
    """First register of each cluster."""
    return [cluster * CLUSTER_STEP for cluster in range(CLUSTERS)]


def definition(protocol: str = "modbusTCP") -> str:
    """The sixty variables: statistics and instant values, integers of one register."""
    lines = [f"{protocol};Bench;Bench;Bench"]
    for number in range(VARIABLES):
        address = number // CLUSTER_SIZE * CLUSTER_STEP + number % CLUSTER_SIZE
        lines.append(f"{number};3;{address};U16;;Variable {number};;1;0;;{2 if number % 2 else 4}")
    return "\n".join([*lines, ""])


class _Polled(Registers):
    """The registers of one unit, which notes its polls by the reads of its first cluster."""

    def __init__(self) -> None:
        super().__init__()
        for address in addresses():
            self.put(HOLDING_REGISTER, address, range(address, address + CLUSTER_SIZE))
        self.polls = 0
        self.last = 0.0
        self.gaps: list[float] = []

    def read(self, table: int, address: int, count: int) -> list[int]:
        if address == 0:
            now = time.monotonic()
            if self.last:
                self.gaps.append(now - self.last)
            self.polls, self.last = self.polls + 1, now
        return super().read(table, address, count)

    def mark(self) -> tuple[int, list[float]]:
        found = self.polls, self.gaps
        self.polls, self.gaps, self.last = 0, [], 0.0
        return found


async def _serve(ports: int, units: int, delay: float, dead: int, baudrate: int) -> None:
    banks = [{unit: _Polled() for unit in range(1, units + 1)} for _ in range(ports)]
    silent = set(range(units - dead + 1, units + 1))
    async with AsyncExitStack() as stack:
        simulators = [RtuSimulator(banks[0], baudrate)] if baudrate else [_tcp(each, delay) for each in banks]
        for simulator in simulators:
            for unit in silent:
                simulator.faults[unit].dead = True
            await stack.enter_async_context(simulator)
        tcp = [simulator.port for simulator in simulators] if not baudrate else []
        print(json.dumps({"ports": tcp, "device": simulators[0].device if baudrate else ""}), flush=True)
        while words := (await asyncio.to_thread(sys.stdin.readline)).split():
            if words[0] != "mark":
                silent.add(int(words[1]))
                for simulator in simulators:
                    simulator.faults[int(words[1])].dead = words[0] == "die"
                continue
            marks = [bank.mark() for each in banks for unit, bank in each.items() if unit not in silent]
            gaps = [gaps for _, gaps in marks]
            longest = max((gap for each in gaps for gap in each), default=0.0)
            print(json.dumps([sum(polls for polls, _ in marks), longest, gaps]), flush=True)


def _tcp(banks: dict[int, Registers], delay: float) -> TcpSimulator:
    return TcpSimulator(banks, answer_delay=delay)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("ports", type=int)
    parser.add_argument("units", type=int)
    parser.add_argument("delay", type=float)
    parser.add_argument("dead", type=int)
    parser.add_argument("baudrate", type=int)
    given = parser.parse_args()
    asyncio.run(_serve(given.ports, given.units, given.delay, given.dead, given.baudrate))
