"""Simulated Modbus TCP devices in a process of their own, so that their work is not counted (`bench._plants`)."""

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass

from heliograph.demo.simulator import HOLDING_REGISTER, Registers, TcpSimulator

CLUSTERS = 5
VARIABLES = 60
CLUSTER_SIZE = VARIABLES // CLUSTERS
CLUSTER_STEP = 100
"""Five clusters of twelve registers each, too far apart to be read together."""


@dataclass(frozen=True)
class Plant:
    """Ports of simulated devices, all with the same registers and the same unit numbers behind each."""

    ports: list[int]
    process: "subprocess.Popen[str]"


@contextmanager
def plant(ports: int, units: int = 1, delay: float = 0.0, dead: int = 0) -> Iterator[Plant]:
    """Serve so many ports with units 1 to `units` behind each; unit `dead` never answers."""
    command = [sys.executable, "-m", "bench._plants", str(ports), str(units), str(delay), str(dead)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    try:
        yield Plant(json.loads(process.stdout.readline()), process)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stdin.close()


def addresses() -> list[int]:
    """First register of each cluster."""
    return [cluster * CLUSTER_STEP for cluster in range(CLUSTERS)]


def definition() -> str:
    """The sixty variables: statistics and instant values, integers of one register."""
    lines = ["modbusTCP;Bench;Bench;Bench"]
    for number in range(VARIABLES):
        address = number // CLUSTER_SIZE * CLUSTER_STEP + number % CLUSTER_SIZE
        lines.append(f"{number};3;{address};U16;;Variable {number};;1;0;;{2 if number % 2 else 4}")
    return "\n".join([*lines, ""])


def _bank() -> Registers:
    bank = Registers()
    for address in addresses():
        bank.put(HOLDING_REGISTER, address, range(address, address + CLUSTER_SIZE))
    return bank


async def _serve(ports: int, units: int, delay: float, dead: int) -> None:
    async with AsyncExitStack() as stack:
        served = []
        for _ in range(ports):
            simulator = TcpSimulator({unit: _bank() for unit in range(1, units + 1)}, answer_delay=delay)
            if dead:
                simulator.faults[dead].dead = True
            served.append(await stack.enter_async_context(simulator))
        print(json.dumps([simulator.port for simulator in served]), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("ports", type=int)
    parser.add_argument("units", type=int)
    parser.add_argument("delay", type=float)
    parser.add_argument("dead", type=int)
    given = parser.parse_args()
    asyncio.run(_serve(given.ports, given.units, given.delay, given.dead))
