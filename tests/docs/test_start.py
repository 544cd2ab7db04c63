"""The documents for newcomers are true: their commands run or name what there is, and what they link to exists."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from heliograph.formats import has_errors, read_set
from support.terminal import ROOT, Terminal, blocks

LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"```.*?```", re.DOTALL)
DOCUMENTS = sorted([*ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])


def test_the_commands_of_the_first_five_minutes_do_what_it_says(tmp_path):
    steps = dict(blocks("start.md"))
    assert list(steps) == ["demo", "decode", "check", "compose"]
    terminal = Terminal(tmp_path, {"8080": 8080})
    terminal.environment["COLUMNS"] = "160"
    read = terminal.run(steps["decode"].replace(".venv/bin/", ""))
    assert "2024-06-01 10:00:00" in read
    assert "error" not in terminal.run(steps["check"].replace(".venv/bin/", ""))


def test_the_files_of_the_first_inverter_make_a_set_that_a_gateway_takes(tmp_path):
    """Every block of the document that is part of a file, put where the document says."""
    found = re.findall(r"```\n(.*?)```", (ROOT / "docs/first-inverter.md").read_text(encoding="utf-8"), re.DOTALL)
    (definition,) = (text for text in found if text.startswith("modbusTCP;"))
    (devices,) = (text for text in found if text.startswith("index;"))
    (lines,) = (text for text in found if text.startswith("type;"))
    (config,) = (text for text in found if text.startswith("GATEWAY_Uid="))
    meter = (ROOT / "examples/set/DEF/WPM00C44F_SERIAL1_meter.csv").read_bytes()
    files = {
        "CONFIG/WPM00C44F_config.ini": config.encode(),
        "CONFIG/WPM00C44F_daq.csv": f"{lines}\n{devices}".encode(),
        "DEF/sunny.csv": definition.encode(),
        "DEF/meter.csv": meter,
    }
    findings = read_set(files)[1]
    assert not has_errors(findings), findings


def test_what_a_checked_set_is_said_to_show_is_shown():
    files = {f"{p.parent.name}/{p.name}": p.read_bytes() for p in (ROOT / "examples/set").glob("*/*")}
    daq = files["CONFIG/WPM00C44F_daq.csv"]
    findings = read_set({**files, "CONFIG/WPM00C44F_daq.csv": daq.replace(b";grid_meter;10;", b";grid_meter;300;")})[1]
    assert str(findings[0]) in (ROOT / "docs/operations.md").read_text(encoding="utf-8")


def test_the_python_for_data_files_makes_a_frame(monkeypatch):
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/server.md").read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(ROOT)
    made: dict[str, Any] = {}
    exec(block, made)  # as a reader does
    assert {"device", "name", "statistic", "value"} <= set(made["frame"].columns)
    assert made["frame"].height > 100
    assert not made["findings"]


async def test_the_python_of_the_description_of_plants_serves_a_plant(monkeypatch, tmp_path):
    """Both blocks are read; the first is run, on free ports."""
    text = (ROOT / "docs" / "simulate.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    made: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(block, made)  # as a reader does
    await made["plant_answers"](ROOT / "examples/plants/noon.yaml")
    assert (tmp_path / "values.csv").exists()
    assert callable(made["fault_of_the_field"])


def test_what_the_first_five_minutes_start_is_there():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    steps = dict(blocks("start.md"))
    assert re.search(rf"^{steps['demo'].split()[1]}:", makefile, re.MULTILINE)
    profile = steps["compose"].split("--profile ")[1].split()[0]
    assert f"profiles: [{profile}]" in (ROOT / "compose.yaml").read_text(encoding="utf-8")


def test_every_relative_link_and_image_of_a_document_exists_in_the_repository():
    assert [broken for document in DOCUMENTS for broken in broken_links(document)] == []


def broken_links(document: Path) -> Iterator[str]:
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    for link in LINK.findall(text):
        target = link.partition("#")[0]
        if not re.match(r"[a-z]+:|#", link) and not (document.parent / target).exists():
            yield f"{document.relative_to(ROOT)}: {link}"
