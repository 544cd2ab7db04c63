"""Kept records on a directory of a test, with a clock whose hands the test moves, and looks at them without a bus."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from heliograph.contract import Column, Layout, Record
from heliograph.contract.recorded import RowsAnswer, RowsRequest, Series, SeriesAnswer, SeriesRequest
from heliograph.contract.records import Value
from heliograph.formats import parse_definition
from heliograph.sync.kept import Bounds, Kept
from heliograph.sync.kept.reading import read_rows, read_series
from support.syncing import NOON, HandClock

MINUTE = 60_000
DAY = 86_400_000
DEFINITION = "modbusTCP;inverter;Sunny;One\n3;3;0;U16;;Power;;0.1;0;kW;2\n7;3;1;U16;;State;;1;0;;4\n"
"""The statistics of 3, the instant value of 7."""
NOW = int(NOON * 1000)


def layout_of(text: str, file: str = "inv.csv") -> Layout:
    definition, _ = parse_definition(text.encode(), file)
    columns = tuple(Column(index=v.index, fields=v.fields) for v in definition.recorded)
    return Layout(protocol=definition.written_protocol, definition=file, digest=definition.digest, columns=columns)


MONTH = Bounds(30, 1024**3)
LAYOUT = layout_of(DEFINITION)


def made(
    time: int, values: Sequence[Value] = (106, 110, 108, 12), device: str = "1", layout: Layout = LAYOUT
) -> Record:  # fmt: skip
    return Record(
        source="box", sequence=time, device=device, name=f"roof_{device}", interface="MODBUS", time=time, layout=layout,
        values=tuple(values),
    )  # fmt: skip


@dataclass
class Keeping:
    """The kept records, and what a person was told of them."""

    directory: Path
    bounds: Bounds = MONTH
    clock: HandClock = field(default_factory=HandClock)
    definitions: list[str] = field(default_factory=lambda: [DEFINITION])
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.again()

    def again(self) -> None:
        self.kept = Kept(
            self.directory, self.clock, self.bounds, contents=self._contents, warn=self.told.append,
            inform=self.told.append,
        )  # fmt: skip

    def take(self, records: Iterable[Record]) -> None:
        self.kept.take(list(records), {})

    def settle(self, most: int = 10_000) -> None:
        """Make all the room that is to be made."""
        for _ in range(most):
            if not self.kept.make_room():
                return
        raise AssertionError("there is no end of making room")

    def rows(self, begin: int = 0, end: int = NOW + DAY, device: str = "1", **more: object) -> RowsAnswer:
        request = RowsRequest(device=device, begin=begin, end=end, **more)
        return self.kept.look(lambda connection: read_rows(connection, request), 60)

    def times(self, device: str = "1") -> list[int]:
        found, begin = [], 0
        while begin is not None:
            part = self.rows(begin, device=device)
            found, begin = [*found, *part.times], part.following
        return found

    def look(self, *variables: str, begin: int = 0, end: int = NOW + DAY, points: int = 600) -> SeriesAnswer:
        request = SeriesRequest(device="1", variables=variables, begin=begin, end=end, points=points)
        return self.kept.look(lambda connection: read_series(connection, request), 60)

    def series(self, variable: str, **more: int) -> Series:
        return self.look(variable, **more).series[0]

    def _contents(self) -> dict[str, bytes]:
        return {hashlib.sha256(text.encode()).hexdigest(): text.encode() for text in self.definitions}
