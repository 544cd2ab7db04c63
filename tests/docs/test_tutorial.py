"""The tutorial is true: its commands are run in their order, as a new integrator would type them."""

import pytest

from heliograph.demo.simulate import read_plant_file
from support.ports import free_port
from support.terminal import ROOT, Terminal, blocks

READY = {"plant": ("ready; Ctrl-C",), "gateway": ("Ctrl-C stops it", "page does not answer yet")}
"""What a command that is left running says when it is up."""
NO_SCAN = """
mkdir elsewhere
ln -s ../examples elsewhere/examples
(cd elsewhere && heliograph simulate examples/plants/roof.yaml --port 0 --for 0 --write-set set > said.txt)
cp elsewhere/set/DEF/sunspec_inverter.csv my-set/DEF/
grep -v -e SERIAL -e baudrate elsewhere/set/CONFIG/WPM00C44F_daq.csv | sed "s/127.0.0.1:[0-9]*/127.0.0.1:5021/" \\
    > my-set/CONFIG/WPM00C44F_daq.csv
"""
"""Does what `heliograph scan` does for the tutorial, where this version has no such command."""


@pytest.mark.long
@pytest.mark.timeout(400)
def test_the_commands_of_the_tutorial_do_what_it_says(tmp_path):
    terminal = Terminal(tmp_path, {"5021": free_port(), "8080": free_port()})
    steps = blocks("tutorial.md")
    assert [kind for kind, _ in steps] == ["plant", "", "scan", "", "", "gateway", "status", "", ""]
    (_, plant), make, scan, add, check, (_, gateway), (_, status), *last = steps
    with terminal.running(plant, READY["plant"]):
        terminal.run(make[1])
        known = "scan" in terminal.run("heliograph --help")
        terminal.run(scan[1] if known else NO_SCAN)
        terminal.run(add[1])
        assert "error" not in terminal.run(check[1])
        with terminal.running(gateway, READY["gateway"]):
            terminal.until_answering(4)
            assert terminal.run(status, check=False).count("answering") == 4
            said = "".join(terminal.run(text) for _, text in last[:1])
            assert "serial1 is traced for 1 minutes" in said
    assert terminal.run(last[-1][1]).startswith("time,device,variable,raw,engineering\n")


def test_the_examples_of_the_description_of_plants_are_whole(tmp_path):
    """The plant file in docs/simulate.md, with definitions where it names them."""
    text = (ROOT / "docs" / "simulate.md").read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    definition = (ROOT / "examples" / "plants" / "sunspec_inverter.csv").read_bytes()
    spec, findings = read_plant_file("plant.yaml", text.encode(), lambda _: definition)
    assert spec is not None, findings
    assert [device.name for device in spec.devices] == ["roof_1", "meter"]
