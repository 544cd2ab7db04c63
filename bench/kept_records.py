"""What keeping records for looking back costs the intake and the disk, and how long a look takes."""

import math
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from statistics import median

from bench import Row

FIGURE = "Records kept for looking back: CPU of the intake, bytes on the disk, time of a look"
DEVICES = 20
STATISTICS, INSTANTS = 20, 40
ROUNDS = 9
PERIODS = 60
MONTH_MINUTES = 30 * 24 * 60
MINUTE = 60_000
DAY = 24 * 60 * MINUTE
RATIO = 1.15
LIMIT_BYTES = 1024**3


def run() -> Iterable[Row]:
    tests = str(Path(__file__).parents[1] / "tests")
    if tests not in sys.path:
        sys.path.insert(0, tests)
    base = Path(tempfile.mkdtemp(prefix="heliograph-bench-"))
    try:
        yield from _intake(base)
        yield from _looks(base / "month")
    finally:
        shutil.rmtree(base)


def _intake(base: Path) -> Iterator[Row]:
    """Records of all devices that fall due together, as the bus brings them, with and without keeping."""
    from heliograph.contract.channels import RECORDS
    from support.keeping import Keeping
    from support.syncing import Bench

    batches = [[record.model_dump_json().encode() for record in _due(n)] for n in range(ROUNDS * PERIODS)]
    ratios, plain, both = [], [], []
    for number in range(ROUNDS):
        some = batches[number * PERIODS : (number + 1) * PERIODS]
        times = []
        for keeps in (False, True):
            bench = Bench(base / f"{number}-{keeps}")
            keeping = Keeping(bench.directory, definitions=[_definition()])

            def take(batch: list[bytes], bench=bench, keeping=keeping, keeps=keeps) -> None:
                records = [RECORDS.adapter.validate_json(data) for data in batch]
                taken = bench.spool.take_records(records)
                if keeps:
                    keeping.kept.take(records, taken.written)

            take(some[0])
            times.append(_cpu(lambda take=take, some=some: [take(batch) for batch in some[1:]]))
            keeping.kept.close()
            bench.close()
        plain.append(times[0])
        both.append(times[1])
        ratios.append(times[1] / times[0])
    count = (PERIODS - 1) * DEVICES
    yield Row("baseline: intake without keeping", f"{median(plain) / count * 1e6:.0f} µs of CPU a record")
    yield Row("intake with keeping", f"{median(both) / count * 1e6:.0f} µs of CPU a record")
    ratio = median(ratios)
    yield Row("ratio, median of the rounds", f"{ratio:.2f}", f"≤ {RATIO}", ratio <= RATIO)


def _looks(directory: Path) -> Iterator[Row]:
    from support.keeping import Keeping

    keeping = Keeping(directory, definitions=[_definition()])
    first = int(keeping.clock.time() * 1000) - MONTH_MINUTES * MINUTE
    for begin in range(0, MONTH_MINUTES, 500):
        keeping.take(_record(n, 1, first + n * MINUTE) for n in range(begin + 1, min(begin + 501, MONTH_MINUTES + 1)))
    keeping.settle()
    state = keeping.kept.state()
    each = state.bytes / state.records
    yield Row(f"{STATISTICS} variables with statistics, {INSTANTS} without", f"{each:,.0f} bytes a record")
    for minutes in (10, 1):
        size = each * DEVICES * MONTH_MINUTES / minutes
        yield Row(
            f"30 days, {DEVICES} devices, every {minutes} min", f"{size / 1e6:,.0f} MB", "≤ 1 GiB", size <= LIMIT_BYTES
        )
    end = first + MONTH_MINUTES * MINUTE
    rows = _wall(lambda: _day(keeping, end))
    yield Row("baseline: one day's 1,440 records as rows", f"{rows:.2f} s")
    for days in (1, 30):
        taken = _wall(lambda days=days: keeping.look("1", begin=end - days * DAY, end=end))
        yield Row(
            f"series of one variable, {days} days, 600 points", f"{taken:.3f} s, {taken / rows:.2f} of the baseline"
        )
    keeping.kept.close()


def _day(keeping, end: int) -> None:
    begin: int | None = end - DAY
    while begin is not None:
        begin = keeping.rows(begin, end).following


def _due(period: int) -> list:
    return [
        _record(period * DEVICES + device, device, 1_717_200_000_000 + period * MINUTE)
        for device in range(1, DEVICES + 1)
    ]


def _record(sequence: int, device: int, time: int):
    from heliograph.contract import Record

    values: list[float] = []
    for variable in range(STATISTICS + INSTANTS):
        middle = 3000 + 2500 * math.sin(time / DAY * 2 * math.pi + variable / 9)
        noise = (sequence * 2_654_435_761 + variable * 40_503) % 97
        if variable < STATISTICS:
            values += [int(middle) - noise, int(middle) + noise, middle + noise / 7]
        else:
            values.append(int(middle) + noise)
    return Record(
        source="box", sequence=sequence, device=str(device), name=f"inverter {device}", interface="MODBUS", time=time,
        layout=_layout(), values=tuple(values),
    )  # fmt: skip


@cache
def _layout():
    from support.keeping import layout_of

    return layout_of(_definition())


def _definition() -> str:
    lines = [
        f"{n + 1};3;{n};U16;;Variable {n + 1};;0.1;0;kW;{2 if n < STATISTICS else 4}"
        for n in range(STATISTICS + INSTANTS)
    ]
    return "\n".join(["modbusTCP;inverter;Sunny;One", *lines, ""])


def _cpu(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _wall(work: Callable[[], object]) -> float:
    found = []
    for _ in range(3):
        begun = time.perf_counter()
        work()
        found.append(time.perf_counter() - begun)
    return min(found)
