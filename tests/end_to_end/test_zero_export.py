"""Power control end to end: the plant comes to its safe limit whatever dies, and under control again afterwards.

The example plant and the script as they are shipped, but for times that a test can wait for; what the inverters were
told is read from the simulator.
"""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from heliograph.demo.simulate import Options, read_plant_file, simulated
from heliograph.demo.simulate.gatewayset import write_gateway_set
from heliograph.demo.simulate.serving import SimulatedPlant
from heliograph.runtime.setdirectory import FILE_LIMIT, read_limited
from support.closed_loop import ZERO_EXPORT
from support.stack import Stack, stack

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "plants" / "zero_export.yaml"
LIMIT_SECONDS = 120
SAFE = 5
QUICK = {"lifetime": 3, "meter_silent": 3, "wait": 2, "rise": 50, "safe": SAFE}
LIMIT, POWER, METER_UNIT = "59", "4", 10
"""Index of cmdPwrPercent in the inverters' definition, of the power in the meter's; the meter's unit."""
INVERTERS = ("roof_1", "roof_2", "roof_3")


@dataclass
class Workshop:
    """The simulated plant, and what is true there."""

    plant: SimulatedPlant

    def limits(self) -> list[float]:
        return [self._value(name, LIMIT) for name in INVERTERS]

    def feed_in_kilowatts(self) -> float:
        return self._value("grid_meter", POWER)

    def is_safe(self) -> bool:
        return self.limits() == [SAFE] * 3

    def is_controlled(self) -> bool:
        return all(20 <= limit <= 28 for limit in self.limits()) and -3 < self.feed_in_kilowatts() <= 0.1

    def silence_meter(self, *, silent: bool) -> None:
        self.plant.servers["grid_meter"].units.faults[METER_UNIT].dead = silent

    def _value(self, device: str, index: str) -> float:
        found = self.plant.signals.value((device, index), self.plant.signals.timeline.time())
        assert isinstance(found, float)
        return found


@pytest.fixture
async def workshop():
    text = EXAMPLE.read_text(encoding="utf-8").replace(", path: workshop-line", "")
    text = text.replace("values: [14000, 9000, 22000, 22000, 6000]", "values: [14000]")
    text = re.sub(r"sky: .*", "sky: 1", text)
    spec, findings = read_plant_file(
        EXAMPLE.name, text.encode(), lambda name: read_limited(EXAMPLE.parent / name, FILE_LIMIT)
    )
    assert spec is not None, findings
    async with simulated(spec, Options(first_port=0)) as plant:
        yield Workshop(plant)


@pytest.fixture
async def gateway(tmp_path, workshop):
    uid = write_gateway_set(tmp_path / "set", workshop.plant.spec, workshop.plant.places)
    script = ZERO_EXPORT.read_text(encoding="utf-8")
    for name, value in QUICK.items():
        script, count = re.subn(rf"^  {name} = \d+,", f"  {name} = {value},", script, flags=re.MULTILINE)
        assert count == 1, name
    (tmp_path / "set" / "SCRIPT" / "zero_export.lua").write_text(script, encoding="utf-8")
    (tmp_path / "set" / "CONFIG" / f"{uid}_scl.ini").write_text("SCRIPT_File[0]=zero_export.lua\n")
    (line,) = {place.device for place in workshop.plant.places if place.line}
    with stack(tmp_path / "set", tmp_path / "state", SERIAL1_DEVICE=line) as gateway:
        gateway.start()
        yield gateway
        gateway.stop()


async def comes(gateway: Stack, workshop: Workshop, what: str, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while not holds():
        if time.monotonic() >= deadline:
            state = f"{workshop.limits()} %, {workshop.feed_in_kilowatts():.1f} kW"
            said = await gateway.get("/api/v1/scripts/zero_export/log")
            raise AssertionError(f"not within {LIMIT_SECONDS} s: {what} ({state})\n{said}\n{gateway.logs()}")
        await asyncio.sleep(0.2)


def kill_script(gateway: Stack) -> None:
    """Kill the process of the script: the youngest of what commands has begun."""
    children = psutil.Process(gateway.processes()["commands"]).children(recursive=True)
    leaves = [child for child in children if not child.children()]
    assert len(leaves) == 1, children
    leaves[0].kill()


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_whatever_dies_the_inverters_come_to_the_safe_limit_and_back_under_control(gateway, workshop):
    async def controlled(what: str) -> None:
        await comes(gateway, workshop, f"under control {what}", workshop.is_controlled)

    async def safe(what: str) -> None:
        await comes(gateway, workshop, f"safe {what}", workshop.is_safe)

    await controlled("after the start")

    workshop.silence_meter(silent=True)
    await safe("with a silent meter")
    workshop.silence_meter(silent=False)
    await controlled("with the meter back")

    kill_script(gateway)
    await safe("without the script")
    assert await gateway.post("/api/v1/scripts/zero_export/start", {}) is not None, gateway.logs()
    await controlled("with the script begun again by hand")

    gateway.kill("commands")
    await safe("without commands")
    gateway.start("commands")
    await controlled("with commands back")

    gateway.kill("broker")
    await safe("without the bus")
    gateway.start("broker")
    await controlled("with the bus back")
