"""The gateway's own inputs and outputs: digital inputs, S0 counters, analogue inputs, the relay (spec 2.2)."""

from heliograph.collector.inputs.panel import Panel
from heliograph.collector.inputs.terminals import BadTerminal, Terminal, read_terminals
from heliograph.collector.inputs.watcher import Watcher

__all__ = ["BadTerminal", "Panel", "Terminal", "Watcher", "read_terminals"]
