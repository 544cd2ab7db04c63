"""What the environment names as the gateway's terminals (spec 2.2). Pure.

DI1_LINE=gpiochip0:17                      a line of a GPIO chip, by number or by name
DI2_LINE=gpiochip0:17,active-low,pull-up,debounce=5
RELAY1_LINE=gpiochip0:RELAY
AI1_CHANNEL=iio:device0/in_voltage3        a channel of the kernel's IIO, in volts or milliamperes
AI2_CHANNEL=iio:device0/in_voltage4,factor=8.33
DI3_LINE=file:/run/inputs/di3              a file that another program writes (for the relay: reads)
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Source = Literal["gpio", "iio", "file"]
Bias = Literal["", "pull-up", "pull-down", "bias-disabled"]

NAMES: Final = ("AI1", "AI2", "AI3", "DI1", "DI2", "DI3", "DI4", "RELAY1")
LONGEST_DEBOUNCE_MS: Final = 1000

_GPIO: Final = re.compile(r"(?:/dev/)?(gpiochip[0-9]{1,3}):([A-Za-z0-9_.+-]{1,64})")
_IIO: Final = re.compile(
    r"(iio:device[0-9]{1,3})/(in_(?:voltage|current)[0-9]{0,3}(?:-(?:voltage|current)[0-9]{1,3})?)"
)


class BadTerminal(ValueError):
    """A terminal is named in a way that means nothing; the text is for people."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """One terminal of the gateway and what is behind it."""

    name: str
    """`AI1` to `AI3`, `DI1` to `DI4`, `RELAY1`."""
    source: Source
    where: str
    """The GPIO chip, the IIO device, or the path of the file."""
    line: str = ""
    """Number or name of the GPIO line; the IIO channel."""
    active_low: bool = False
    bias: Bias = ""
    debounce_ms: int = 0
    factor: float = 1.0
    """Of an analogue input: volts or milliamperes at the terminal for one at the channel (a divider, a shunt)."""


def read_terminals(texts: Mapping[str, str]) -> tuple[dict[str, Terminal], list[str]]:
    """Return the terminals by name, and what is wrong with others, for people.

    `texts` are the settings by terminal, empty where nothing is there.
    """
    terminals: dict[str, Terminal] = {}
    faults: list[str] = []
    for name, text in texts.items():
        try:
            if text.strip():
                terminals[name] = _terminal(name, text.strip())
        except BadTerminal as fault:
            faults.append(str(fault))
    return terminals, faults


def _terminal(name: str, text: str) -> Terminal:
    place, *options = [part.strip() for part in text.split(",")]
    terminal = _placed(name, place)
    for option in options:
        terminal = _with_option(terminal, option)
    return terminal


def _placed(name: str, place: str) -> Terminal:
    if place.startswith("file:"):
        path = Path(place.removeprefix("file:"))
        if not path.is_absolute():
            raise BadTerminal(f"{name}: {place!r} needs the whole path of the file")
        return Terminal(name, "file", str(path))
    if name.startswith("AI"):
        if found := _IIO.fullmatch(place):
            return Terminal(name, "iio", found[1], found[2])
        raise BadTerminal(f"{name}: {place!r} is no channel such as iio:device0/in_voltage0, nor file:/path")
    if found := _GPIO.fullmatch(place):
        return Terminal(name, "gpio", found[1], found[2])
    raise BadTerminal(f"{name}: {place!r} is no line such as gpiochip0:17, nor file:/path")


def _with_option(terminal: Terminal, option: str) -> Terminal:
    key, _, value = option.partition("=")
    values = {name: getattr(terminal, name) for name in Terminal.__slots__}
    if key == "factor" and terminal.name.startswith("AI"):
        values["factor"] = _number(terminal.name, option, value, 1e-9, 1e9)
    elif key == "debounce" and terminal.source == "gpio":
        values["debounce_ms"] = int(_number(terminal.name, option, value, 0, LONGEST_DEBOUNCE_MS))
    elif option == "active-low" and terminal.source == "gpio":
        values["active_low"] = True
    elif option in ("pull-up", "pull-down", "bias-disabled") and terminal.source == "gpio":
        values["bias"] = option
    else:
        raise BadTerminal(f"{terminal.name}: {option!r} is no option of it; there are {_options(terminal)}")
    return Terminal(**values)


def _number(name: str, option: str, text: str, least: float, most: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not least <= number <= most:
        raise BadTerminal(f"{name}: {option!r} is no number from {least:g} to {most:g}")
    return number


def _options(terminal: Terminal) -> str:
    if terminal.name.startswith("AI"):
        return "factor=<number>"
    if terminal.source == "gpio":
        return f"active-low, pull-up, pull-down, bias-disabled, debounce=<0 to {LONGEST_DEBOUNCE_MS} ms>"
    return "none"
