"""The terminals that a definition uses, opened, read and written as its variables (spec 2.2). Blocks: for a thread."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from heliograph.collector.fetch import Reading
from heliograph.collector.inputs.files import FileTerminal
from heliograph.collector.inputs.gpio import GpioPulses, GpioRelay, GpioSwitch
from heliograph.collector.inputs.iio import IioGauge
from heliograph.collector.inputs.kept import Kept
from heliograph.collector.inputs.terminals import Terminal
from heliograph.contract.records import Value
from heliograph.formats.definition import Variable

DECIMALS: Final = 6
"""Of volts and milliamperes: finer than any converter, and no noise of binary fractions."""
REOPEN_SECONDS: Final = 30.0

_PREFIX: Final = {"1": "AI", "2": "DI", "3": "RELAY"}
_PULSES: Final = "2"

Open = Callable[[Terminal, str, bool], Any]
"""Opens a terminal as `gauge`, `switch`, `pulses` or `relay`, a relay in the given state. Raises `OSError`."""


def terminal_of(variable: Variable) -> str:
    """Return the terminal of a variable: `AI1`, `DI1`, `RELAY1`."""
    return f"{_PREFIX[variable.info[0]]}{variable.info[1]}"


def function_of(variable: Variable) -> str:
    """Return as what its terminal is used."""
    kind = {"1": "gauge", "2": "switch", "3": "relay"}[variable.info[0]]
    return "pulses" if kind == "switch" and variable.info[2] == _PULSES else kind


def open_terminal(terminal: Terminal, function: str, on: bool) -> Any:
    """Open what is behind a terminal. Raises `OSError`."""
    if terminal.source == "file":
        opened = FileTerminal(Path(terminal.where), terminal.factor)
        if function == "relay":
            opened.write(on)
        return opened
    if terminal.source == "iio":
        return IioGauge(terminal.where, terminal.line, terminal.factor)
    if function == "relay":
        return GpioRelay(terminal, on)
    return GpioPulses(terminal) if function == "pulses" else GpioSwitch(terminal)


class Panel:
    """Reads all recorded variables at once. One thread calls it."""

    def __init__(
        self, variables: Sequence[Variable], terminals: Mapping[str, Terminal], kept: Kept, *,
        keeps_relay: bool, monotonic: Callable[[], float], open_terminal: Open = open_terminal,
    ) -> None:  # fmt: skip
        self._variables = variables
        self._terminals = terminals
        self._kept = kept
        self._keeps_relay = keeps_relay
        self._monotonic = monotonic
        self._open_terminal = open_terminal
        self._opened: dict[str, tuple[str, Any]] = {}
        """By terminal: as what it was opened, and what gives its value."""
        self._refused: dict[str, tuple[float, str]] = {}
        """By terminal: when it is tried again, and why it could not be opened."""

    def read(self) -> tuple[Reading, str]:
        """Return the values of the variables, None where missing, and what is missing and why."""
        causes: dict[str, str] = {}
        values = []
        for variable in self._variables:
            try:
                values.append(self.value(variable))
            except OSError as error:
                values.append(None)
                name = terminal_of(variable)
                causes[name] = f"{name}: {error}"
                self._let_go(name, str(error))
        return tuple(values), "; ".join(causes.values())

    def value(self, variable: Variable) -> Value:
        """Read one variable. Raises `OSError`."""
        adapter, function = self._adapter(variable), function_of(variable)
        if function == "pulses":
            return self._kept.add(terminal_of(variable), adapter.count())
        if function == "gauge":
            return round(float(adapter.read()), DECIMALS)
        return int(adapter.read())

    def write(self, variable: Variable, *, on: bool) -> Value:
        """Switch the relay and return what it says now. Raises `OSError`."""
        name = terminal_of(variable)
        relay = self._adapter(variable)
        relay.write(on)
        self._kept.switch(name, on=on)
        self._kept.commit()
        return int(relay.read())

    def close(self) -> None:
        """Let go of every terminal, and keep the totals. Raises `OSError`."""
        for _, adapter in self._opened.values():
            adapter.close()
        self._opened.clear()
        self._kept.commit()

    def _adapter(self, variable: Variable) -> Any:
        name, function = terminal_of(variable), function_of(variable)
        if name not in self._opened:
            self._opened[name] = (function, self._open(name, function))
        opened_as, adapter = self._opened[name]
        if opened_as != function:
            raise OSError(f"is used as {opened_as} by another variable, it cannot be {function} as well")
        return adapter

    def _open(self, name: str, function: str) -> Any:
        if name not in self._terminals:
            raise OSError(f"nothing is behind it: set {name}_{'CHANNEL' if name.startswith('AI') else 'LINE'}")
        retry_at, cause = self._refused.get(name, (0.0, ""))
        if self._monotonic() < retry_at:
            raise OSError(cause)
        adapter = self._open_terminal(self._terminals[name], function, self._keeps_relay and self._kept.relay(name))
        self._refused.pop(name, None)
        return adapter

    def _let_go(self, name: str, cause: str) -> None:
        """Close a terminal that failed; it is opened again after a while."""
        if name in self._opened:
            self._opened.pop(name)[1].close()
        elif name in self._terminals and self._monotonic() >= self._refused.get(name, (0.0, ""))[0]:
            self._refused[name] = (self._monotonic() + REOPEN_SECONDS, cause)
