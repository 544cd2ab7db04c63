"""Plants for tests of the simulator: a plant file as text, its definitions beside it, a clock that a test moves."""

from collections.abc import Mapping

from heliograph.demo.simulate import PlantSpec, read_plant_file
from heliograph.demo.simulate.faultscript import FaultScript
from heliograph.demo.simulate.signals import Signals
from heliograph.demo.simulate.timeline import Chance, Timeline
from heliograph.formats.findings import Finding

INVERTER = """\
modbusTCP;inverter;Test;One
1;3;0;U16;;Power;RealPower;1;0;W;4
2;3;1;U16;;Limit;cmdPwrPercent;0.1;0;%;4
3;3;2;U32;;Energy;;1;0;Wh;4
4;3;4;I16;;Temperature;;0.1;0;°C;4
5;3;5_8;String;;Serial number;;;;;1
6;3;9_0_4;Bits;;State;;;;;4
7;3;9_4_1;Bits;;Alarm;;;;;8
8;4;0;F32;;Voltage L1;;1;0;V;4
9;1;0;U8;;Run;cmdOn;;;;4
10;3;20;I16;;Scale;;;;;4
11;3;21;U16;Scale;Scaled;;1;0;V;4
"""


def read(text: str, definitions: Mapping[str, str] | None = None) -> tuple[PlantSpec | None, list[Finding]]:
    """Read a plant file; `inverter.csv` is there."""
    known = {"inverter.csv": INVERTER, **(definitions or {})}

    def load(name: str) -> bytes:
        if name not in known:
            raise FileNotFoundError(2, "No such file or directory")
        return known[name].encode()

    return read_plant_file("plant.yaml", text.encode(), load)


def plant(values: str = "", more: str = "", definitions: Mapping[str, str] | None = None) -> PlantSpec:
    """A plant of one inverter `roof`, started on a June day at six, with these values; both texts are flow YAML."""
    text = (
        f"start: 2026-06-21T06:00:00Z\ndevices:\n  - {{name: roof, definition: inverter.csv, tcp: 0, {values}}}\n{more}"
    )
    spec, findings = read(text, definitions)
    assert spec is not None, [str(finding) for finding in findings]
    return spec


def plant_of(text: str, definitions: Mapping[str, str]) -> PlantSpec:
    """A plant of a whole plant file."""
    spec, findings = read(text, definitions)
    assert spec is not None, [str(finding) for finding in findings]
    return spec


class Hands:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def signals(spec: PlantSpec, seed: int | None = None) -> Signals:
    """The values of a plant."""
    file = spec.file
    chance = Chance(file.seed if seed is None else seed)
    start = file.start.timestamp() if file.start else 0.0
    timeline = Timeline(start, file.speed, Hands())
    return Signals(spec, timeline, FaultScript(file.faults, chance), chance)
