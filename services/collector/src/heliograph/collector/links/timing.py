"""How long bytes take on a serial line, and how long it must be silent between frames."""

from heliograph.formats.daq import SerialLine

FIXED_SILENCE_SECONDS = 0.00175
"""3.5 characters above 19200 baud, as the Modbus serial line guide fixes them."""


def character_seconds(line: SerialLine) -> float:
    """Return how long one byte takes: start bit, data bits, parity bit, stop bits."""
    return (1 + line.data_bits + (line.parity != "N") + line.stop_bits) / line.baudrate


def silence_seconds(line: SerialLine) -> float:
    """Return the silence that ends a frame: 3.5 characters, above 19200 baud 1.75 ms."""
    return FIXED_SILENCE_SECONDS if line.baudrate > 19200 else 3.5 * character_seconds(line)


def pause_seconds(line: SerialLine) -> float:
    """Return the silence to keep before a request: that which ends a frame, and the line's interframe time."""
    return silence_seconds(line) + line.interframe_ms / 1000
