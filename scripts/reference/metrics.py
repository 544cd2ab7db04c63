"""`reference/metrics.md`: every figure of `/metrics`, from the table that fixes their names."""

from collections.abc import Iterator
from typing import Final

from heliograph.api.metrics.names import GATEWAY, OPERATING, PLANT, SERVERS, STORAGE, Figure
from reference.tables import code, page, table

PARTS = {
    "The gateway": GATEWAY,
    "Storage": STORAGE,
    "The plant": PLANT,
    "Servers": SERVERS,
    "Commands, scripts, set points": OPERATING,
}
PURPOSE: Final = "Every figure that `GET /metrics` gives, with its type and labels."


def text() -> str:
    """The page."""
    return page(
        "Figures for Prometheus", PURPOSE, "`heliograph/api/metrics/names.py`", _introduction(),
        *(_section(title, figures) for title, figures in PARTS.items()),
    )  # fmt: skip


def _introduction() -> Iterator[str]:
    yield "Names, labels and units never change. A figure whose service does not report is missing rather than"
    yield "zero. Times are seconds since 1970. How to gather and draw them: [Observe a fleet](../observe.md)."
    yield ""


def _section(title: str, figures: tuple[Figure, ...]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    rows = ((code(f.name), f.kind, ", ".join(map(code, f.labels)), f.meaning) for f in figures)
    yield from table(("name", "type", "labels", "meaning"), rows)
