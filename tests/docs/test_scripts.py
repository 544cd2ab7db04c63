"""What docs/scripts.md shows is true: its Lua runs, its files are read, its commands make a set that is good."""

import os
import re
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from heliograph.demo.simulate.plantfile import Fault
from heliograph.formats import parse_commands
from heliograph.formats.scripts import parse_scripts
from support.closed_loop import ZERO_EXPORT, lua_of_scripts

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "scripts.md").read_text(encoding="utf-8")
LIMIT = 120


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", TEXT, re.DOTALL)


class Gateway:
    """A `wd` that has one value for everything, and keeps what a script does."""

    def __init__(self, value: float) -> None:
        self.done: list[tuple[Any, ...]] = []
        self.stored: dict[str, Any] = {}
        self.functions: list[Any] = []
        self.lua = lua_of_scripts()
        self._value = value
        names = ("get", "set", "tags", "log", "alarm", "store", "every", "after", "now")
        self.lua.globals().wd = self.lua.table_from({name: getattr(self, name) for name in names})

    def get(self, device: str, variable: str) -> tuple[float, float]:
        return (self._value if device != "dark" else 100.0), 1.0

    def set(self, *given: Any) -> bool:
        self.done.append(given)
        return True

    def tags(self, tag: str) -> Any:
        points = [{"device": device, "variable": tag} for device in ("roof_1", "dark")]
        return self.lua.table_from([self.lua.table_from(point) for point in points])

    def log(self, text: str) -> None:
        self.done.append((text,))

    alarm = log

    def store(self, key: str, *value: Any) -> Any:
        if value:
            self.stored[key] = value[0]
        return self.stored.get(key)

    def every(self, seconds: float, function: Any) -> None:
        self.functions.append(function)

    after = every

    def now(self) -> float:
        return 1_000_000.0

    def run(self, source: str) -> None:
        self.lua.execute(source)
        assert self.lua.globals().header.label
        self.lua.globals().wsInit()
        for _ in range(2):
            for function in self.functions:
                function()


def test_the_first_script_switches_the_fan_with_a_lifetime():
    gateway = Gateway(36.0)
    gateway.run(blocks("lua")[0])
    assert gateway.done == [("room", "Fan", 1, 120, 1)] * 2
    assert gateway.lua.globals().status().celsius == 36.0


def test_the_second_script_tells_once_of_an_inverter_that_makes_too_little():
    gateway = Gateway(9000.0)
    gateway.run(blocks("lua")[1])
    assert gateway.done == [("dark makes less than half of the best",)]
    assert len(blocks("lua")) == 2, "a block that no test runs"


def test_the_files_that_it_shows_are_what_the_gateway_reads():
    names, findings = parse_scripts(blocks("ini")[0].encode(), "scl.ini")
    assert (list(names or ()), list(findings)) == (["zero_export.lua", "fan.lua"], [])
    (command,) = parse_commands(blocks("json")[0])
    assert (command.name, command.parameters) == ("zero_export.setLimit", {"watts": 5000})
    assert Fault.model_validate(yaml.safe_load(blocks("yaml")[0])["faults"][0]).fault == "dead"


def test_every_setting_and_every_function_of_zero_export_is_described_and_none_else():
    source = ZERO_EXPORT.read_text(encoding="utf-8")
    block = source.partition("local settings = {")[2].partition("\n}")[0]
    settings = set(re.findall(r"^  (\w+) = ", block, re.MULTILINE)) - {"power_watts"}
    table = TEXT.partition("| setting |")[2].partition("\n\n")[0]
    described = {name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1]) if row}
    assert described == settings
    for function in re.findall(r"^function (\w+)\(", source, re.MULTILINE):
        assert function == "wsInit" or f"zero_export.{function}" in TEXT


@pytest.mark.timeout(300)
def test_its_commands_make_a_set_with_the_script_that_is_good(tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "scripts").symlink_to(ROOT / "scripts")
    (plant,), (add,) = blocks("sh plant"), blocks("sh")
    lines = f"{plant.strip()} --port 0 --for 0\n{add}"
    path = f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines],
        cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "error" not in done.stdout
    assert (tmp_path / "my-set" / "SCRIPT" / "zero_export.lua").exists()
