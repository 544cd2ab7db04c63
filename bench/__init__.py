"""The figures of this project: `python -m bench [name…]`. Each module with a `FIGURE` and a `run()` is one figure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a figure: what was measured, how it came out, and what was aimed at."""

    what: str
    value: str
    target: str = ""
    """Empty for baselines and remarks."""
    met: bool | None = None
