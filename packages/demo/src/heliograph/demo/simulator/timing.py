"""The arithmetic of a serial line, and waiting more precisely than the scheduler does."""

import time
from dataclasses import dataclass

FIXED_SILENCE_SECONDS = 0.00175
"""3.5 characters above 19200 baud, as the Modbus serial line guide fixes them."""
SPIN_SECONDS = 0.0003


@dataclass(frozen=True, slots=True)
class LineTiming:
    """How long bytes take on a line with these settings."""

    baudrate: int
    parity: str = "N"
    stop_bits: int = 1
    data_bits: int = 8

    @property
    def character(self) -> float:
        """Seconds that one byte takes: start bit, data bits, parity, stop bits."""
        return (1 + self.data_bits + (self.parity != "N") + self.stop_bits) / self.baudrate

    @property
    def silence(self) -> float:
        """Seconds of silence that end a frame: 3.5 characters, 1.75 ms above 19200 baud."""
        return FIXED_SILENCE_SECONDS if self.baudrate > 19200 else 3.5 * self.character


def wait_until(instant: float) -> None:
    """Return at this instant of `time.perf_counter`, to some microseconds: sleep, then spin the rest."""
    remaining = instant - time.perf_counter()
    if remaining > SPIN_SECONDS:
        time.sleep(remaining - SPIN_SECONDS)
    while time.perf_counter() < instant:
        pass
