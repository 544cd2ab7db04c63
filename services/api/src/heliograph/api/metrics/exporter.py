"""Fills the table of figures from the view at each scrape and writes it in Prometheus' text form."""

from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from heliograph.api.errors import Silent
from heliograph.api.metrics.gateway import gateway
from heliograph.api.metrics.names import FIGURES, Figure
from heliograph.api.metrics.operating import operating
from heliograph.api.metrics.plant import plant
from heliograph.api.metrics.samples import Sample, seen
from heliograph.api.metrics.servers import servers
from heliograph.api.view import View
from heliograph.contract import AlarmPage, PageRequest
from heliograph.contract.channels import ALARM_HISTORY

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
ALARM_SECONDS: Final = 1.0
_PARTS: Final = (gateway, plant, servers, operating)


class Figures(Collector):
    """Gives the figures of the view to a registry of its own."""

    def __init__(self, view: View) -> None:
        self._view = view
        self.values = 0
        """How many values of the plant are told."""
        self._alarms: int | None = None
        self._registry = CollectorRegistry()
        self._registry.register(self)

    async def text(self) -> bytes:
        """All figures, in Prometheus' text form."""
        self._alarms = await self._newest_alarm()
        return generate_latest(self._registry)

    def describe(self) -> list[Metric]:
        """Nothing: the figures are not known before the view is."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Make them."""
        now = seen(self._view, self._alarms, self.values)
        yield from families(sample for part in _PARTS for sample in part(now))

    async def _newest_alarm(self) -> int | None:
        """Its number counts all that ever were. Without an answer soon the figure is missing: no scrape waits."""
        if self._view.sync() is None:
            return None
        try:
            page: AlarmPage = await self._view.ask(ALARM_HISTORY, PageRequest(limit=1), ALARM_SECONDS)
        except Silent:
            return None
        return page.alarms[0].number if page.alarms else (None if page.error else 0)


def families(samples: Iterable[Sample]) -> Iterator[Metric]:
    """Give the samples under their figures, in the order of the table; a figure without samples is left out."""
    told: dict[str, list[tuple[tuple[str, ...], float]]] = {figure.name: [] for figure in FIGURES}
    for name, labels, value in samples:
        if value is not None:
            told[name].append((labels, value))
    for figure in FIGURES:
        if told[figure.name]:
            yield _family(figure, told[figure.name])


def _family(figure: Figure, samples: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    kind = CounterMetricFamily if figure.kind == "counter" else GaugeMetricFamily
    family = kind(figure.name.removesuffix("_total"), figure.meaning, labels=figure.labels)
    for labels, value in samples:
        family.add_metric(labels, value)
    return family
