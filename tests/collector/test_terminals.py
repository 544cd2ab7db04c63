"""What the environment may name as inputs and outputs, and what is behind it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.collector.inputs.files import FileTerminal
from heliograph.collector.inputs.iio import IioGauge
from heliograph.collector.inputs.kept import FILE, Kept
from heliograph.collector.inputs.terminals import NAMES, Terminal, read_terminals


def test_gpio_lines_iio_channels_and_files_are_named_with_their_options():
    terminals, faults = read_terminals(
        {
            "DI1": "gpiochip0:17, active-low, pull-up, debounce=5",
            "DI2": "/dev/gpiochip1:S0_IN",
            "AI1": "iio:device0/in_voltage3, factor=8.33",
            "RELAY1": "file:/run/relay",
            "DI3": "",
        }
    )
    assert not faults
    assert terminals == {
        "DI1": Terminal("DI1", "gpio", "gpiochip0", "17", active_low=True, bias="pull-up", debounce_ms=5),
        "DI2": Terminal("DI2", "gpio", "gpiochip1", "S0_IN"),
        "AI1": Terminal("AI1", "iio", "iio:device0", "in_voltage3", factor=8.33),
        "RELAY1": Terminal("RELAY1", "file", "/run/relay"),
    }


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("DI1", "17", "DI1: '17' is no line such as gpiochip0:17, nor file:/path"),
        ("DI1", "gpiochip0:../x", "DI1: 'gpiochip0:../x' is no line"),
        ("AI1", "gpiochip0:1", "AI1: 'gpiochip0:1' is no channel such as iio:device0/in_voltage0"),
        ("AI1", "iio:device0/../../etc", "is no channel"),
        ("DI1", "file:relative", "DI1: 'file:relative' needs the whole path of the file"),
        ("DI1", "gpiochip0:1,debounce=soon", "DI1: 'debounce=soon' is no number from 0 to 1000"),
        ("AI1", "iio:device0/in_current0,factor=nan", "AI1: 'factor=nan' is no number"),
        ("RELAY1", "gpiochip0:1,inverted", "'inverted' is no option of it; there are active-low, pull-up"),
    ],
)
def test_what_means_nothing_is_named_with_what_would(name, text, fault):
    terminals, faults = read_terminals({name: text, "DI4": "gpiochip0:4"})
    assert list(terminals) == ["DI4"], "the others stand"
    assert fault in faults[0]


@given(name=st.sampled_from(NAMES), text=st.text(max_size=60))
def test_no_text_is_worse_than_a_fault(name, text):
    terminals, faults = read_terminals({name: text})
    assert len(terminals) + len(faults) == bool(text.strip())


def test_an_iio_channel_gives_volts_or_milliamperes_at_the_terminal(tmp_path):
    device = tmp_path / "iio:device0"
    device.mkdir()
    for name, text in {
        "in_voltage3_raw": "2048", "in_voltage_scale": "0.805664062", "in_voltage3_offset": "-48",
        "in_current0_raw": "1000", "in_current0_scale": "0.012",
    }.items():  # fmt: skip
        (device / name).write_text(f"{text}\n")
    assert IioGauge("iio:device0", "in_voltage3", 2.0, tmp_path).read() == pytest.approx(2000 * 0.805664062 * 0.001 * 2)
    assert IioGauge("iio:device0", "in_current0", 1.0, tmp_path).read() == pytest.approx(12.0)
    (device / "in_current0_raw").write_text("broken")
    with pytest.raises(OSError, match="holds 'broken', which is no number"):
        IioGauge("iio:device0", "in_current0", 1.0, tmp_path)
    with pytest.raises(FileNotFoundError):
        IioGauge("iio:device1", "in_current0", 1.0, tmp_path)


def test_a_file_counts_what_was_added_since_the_last_look_and_begins_anew_when_it_did(tmp_path):
    file = tmp_path / "s0"
    terminal = FileTerminal(file)
    counted = []
    for text in ("100", "100", "117", "3"):
        file.write_text(text)
        counted.append(terminal.count())
    assert counted == [0, 0, 17, 3]
    file.write_text("x" * 1000)
    with pytest.raises(OSError, match="which is no number"):
        terminal.count()


def test_totals_and_the_relay_survive_a_restart_and_a_damaged_file_is_said(tmp_path):
    kept = Kept(tmp_path, pytest.fail)
    assert kept.add("DI1", 5) == 5
    kept.switch("RELAY1", on=True)
    kept.commit()
    again = Kept(tmp_path, pytest.fail)
    assert (again.add("DI1", 2), again.relay("RELAY1"), again.total("DI2")) == (7, True, 0)
    (tmp_path / FILE).write_bytes(b'{"totals": {"DI1": "many"')
    told: list[str] = []
    assert Kept(tmp_path, told.append).total("DI1") == 0
    assert "they begin at 0" in told[0]
    assert (tmp_path / "inputs.damaged").exists()
