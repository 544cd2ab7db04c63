"""Figure 1 of acquisition: what the cheapest plan in bus time saves against contiguous reads, and that none is cheaper.

Over the definition files of this repository, on a serial line at 9600 baud and of devices that need 20 ms to answer,
with holes of up to 124 registers allowed; and on small cases against the least that trying every cover finds.
"""

import random
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path

from bench import Row
from heliograph.collector.blocks import Block, Rules, plan
from heliograph.collector.cost import Pace, wire_of
from heliograph.collector.figures import figures
from heliograph.formats import parse_definition
from heliograph.formats.daq import SerialLine
from heliograph.formats.definition import Kind, ModbusPoint, Protocol, Table, Variable

FIGURE = "1. Plans: the cheapest in bus time against contiguous reads alone, 9600 baud, 20 ms turnaround"

ROOT = Path(__file__).parents[1]
PLACES = ("definitions", "examples/set/DEF")
LINE = SerialLine(1, baudrate=9600)
TURNAROUND_SECONDS = 0.020
GAP = 124
CASES, SPANS = 300, 7
MANY = 2000


def definitions() -> Iterator[tuple[str, tuple[Variable, ...]]]:
    """Every Modbus definition of the repository with the variables that it records."""
    for place in PLACES:
        for path in sorted((ROOT / place).rglob("*.csv")):
            definition, _ = parse_definition(path.read_bytes(), path.name)
            if definition and definition.protocol in (Protocol.MODBUS_RTU, Protocol.MODBUS_TCP) and definition.recorded:
                yield path.name, definition.recorded


def rules(gap: int) -> Rules:
    wire = wire_of(LINE)
    return Rules(gap=gap, cost=wire.cost(Pace(TURNAROUND_SECONDS, wire.byte_seconds)))


def over_definitions() -> Iterator[Row]:
    ours_seconds = theirs_seconds = 0.0
    ours_requests = theirs_requests = 0
    for name, variables in definitions():
        ours, theirs = (figures(plan(variables, rules(gap)), rules(gap).cost) for gap in (GAP, 0))
        saved = 1 - ours.least_seconds / theirs.least_seconds
        value = (
            f"{ours.requests} of {theirs.requests} requests, {ours.least_seconds:.3f} of {theirs.least_seconds:.3f} s"
        )
        never_dearer = ours.least_seconds <= theirs.least_seconds
        yield Row(f"{name}, {ours.values} variables", f"{value}, {saved:.0%} less", "never dearer", never_dearer)
        ours_seconds, theirs_seconds = ours_seconds + ours.least_seconds, theirs_seconds + theirs.least_seconds
        ours_requests, theirs_requests = ours_requests + ours.requests, theirs_requests + theirs.requests
    if theirs_seconds:
        value = f"{ours_requests} of {theirs_requests} requests, {ours_seconds / theirs_seconds:.2f} of the bus time"
        yield Row("all of them together", value)


def variables_at(chance: random.Random) -> list[Variable]:
    kinds = {Kind.U16: 1, Kind.U32: 2, Kind.U64: 4}
    found = []
    for number in range(chance.randint(2, SPANS)):
        kind = chance.choice(list(kinds))
        point = ModbusPoint(Table.HOLDING_REGISTER, chance.randint(0, 90), kinds[kind], kind)
        found.append(Variable(1, str(number), ("", "", "", ""), f"v{number}", "", 1, 0, "", 4, point))
    return found


def least(variables: list[Variable], limits: Rules) -> int:
    """The least cost of all covers by requests from any begin to any end of a variable."""
    spans = [(v.point.address, v.point.address + v.point.count) for v in variables]
    used = {address for begin, end in spans for address in range(begin, end)}
    most = limits.limit(Table.HOLDING_REGISTER)
    reads = {
        (begin, end)
        for begin, _ in spans
        for _, end in spans
        if begin < end <= begin + most and widest_hole(begin, end, used) <= limits.gap
    }
    costs = []
    for count in range(1, len(spans) + 1):
        costs += [
            sum(limits.cost.of(Table.HOLDING_REGISTER, e - b) for b, e in chosen)
            for chosen in combinations(sorted(reads), count)
            if all(any(b <= begin and end <= e for b, e in chosen) for begin, end in spans)
        ]
        if costs and count * limits.cost.request_nanoseconds >= min(costs):
            break
    return min(costs)


def widest_hole(begin: int, end: int, used: set[int]) -> int:
    widest = run = 0
    for address in range(begin, end):
        run = 0 if address in used else run + 1
        widest = max(widest, run)
    return widest


def cost_of(blocks: tuple[Block, ...], limits: Rules) -> int:
    return sum(limits.cost.of(block.table, span.count) for block in blocks for span in block.spans)


def against_brute_force() -> Iterator[Row]:
    chance = random.Random(1)
    equal = 0
    for _ in range(CASES):
        wanted = variables_at(chance)
        limits = replace(rules(chance.choice((0, 5, 20, GAP))), max_registers=chance.choice((8, 30, 125)))
        equal += cost_of(plan(wanted, limits), limits) == least(wanted, limits)
    yield Row("small cases as cheap as the least of all covers", f"{equal} of {CASES}", "all", equal == CASES)


def time_of_many() -> Iterator[Row]:
    chance = random.Random(2)
    addresses = chance.sample(range(0, 30_000, 3), MANY)
    points = [ModbusPoint(Table.HOLDING_REGISTER, address, 2, Kind.U32) for address in addresses]
    wanted = [Variable(1, str(n), ("", "", "", ""), f"v{n}", "", 1, 0, "", 4, p) for n, p in enumerate(points)]
    began = time.process_time()
    blocks = plan(wanted, rules(GAP))
    seconds = time.process_time() - began
    yield Row(f"planning {MANY} scattered variables ({len(blocks)} requests)", f"{1000 * seconds:.0f} ms of CPU")


def run() -> Iterator[Row]:
    yield from over_definitions()
    yield from against_brute_force()
    yield from time_of_many()
