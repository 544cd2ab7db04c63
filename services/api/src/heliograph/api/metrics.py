"""The figures for Prometheus, made from the view at each scrape. Their names are stable."""

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from heliograph.api.view import View
from heliograph.contract import DeviceCondition, JournalWay, ScriptCondition, StatusDocument

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SERVICE, _DEVICE, _SERVER, _LINE = ["service"], ["device", "name"], ["server"], ["line"]


class Figures(Collector):
    """Gives the figures of the view to a registry of its own."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def text(self) -> bytes:
        """All figures, in Prometheus' text form."""
        return generate_latest(self._registry)

    def describe(self) -> list[Metric]:
        """Nothing: the figures are not known before the view is."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Make them."""
        status = self._view.status()
        yield InfoMetricFamily("heliograph_build", "Version of the gateway", {"version": installed_version()})
        yield from _services(status)
        yield from self._devices()
        yield from _lines(self._view)
        yield from _storage(status)
        yield from _servers(status)
        yield from self._commands()

    def _devices(self) -> Iterator[Metric]:
        devices = self._view.devices()
        up = GaugeMetricFamily("heliograph_device_up", "1 while the device answers", labels=_DEVICE)
        last = GaugeMetricFamily(
            "heliograph_device_last_reading_timestamp_seconds", "When it was last read", labels=_DEVICE
        )
        errors = CounterMetricFamily("heliograph_device_errors", "Failed exchanges by kind", labels=[*_DEVICE, "kind"])
        for device in devices:
            up.add_metric([device.index, device.name], device.condition is DeviceCondition.ANSWERING)
            if device.last_reading is not None:
                last.add_metric([device.index, device.name], device.last_reading / 1000)
            for kind, count in device.errors.items():
                errors.add_metric([device.index, device.name, kind], count)
        yield from (up, last, errors)
        for field, help_text in _DEVICE_COUNTERS.items():
            counter = CounterMetricFamily(f"heliograph_device_{field}", help_text, labels=_DEVICE)
            for device in devices:
                counter.add_metric([device.index, device.name], getattr(device, field))
            yield counter

    def _commands(self) -> Iterator[Metric]:
        commands = self._view.commands()
        yield CounterMetricFamily(
            "heliograph_commands_executed", "Commands answered", commands.executed if commands else 0
        )
        yield CounterMetricFamily(
            "heliograph_commands_failed", "Commands answered with an error", commands.failed if commands else 0
        )
        yield self._journal()
        yield from _scripts(self._view)
        yield from _set_points(self._view)

    def _journal(self) -> Metric:
        journal = self._view.journal
        entries = CounterMetricFamily(
            "heliograph_journal_entries",
            "Commands and changes of the plant that ended since this service began, by way",
            labels=["way", "outcome"],
        )
        for way in JournalWay:
            entries.add_metric([way, "done"], journal.done[way])
            entries.add_metric([way, "failed"], journal.failed[way])
        return entries


_DEVICE_COUNTERS = {
    "requests": "Requests sent",
    "readings": "Complete polls",
    "records": "Records made",
    "gaps": "Acquisition periods without a record",
    "refused": "Records not stored because the storage was full",
}


def installed_version() -> str:
    """The version of this service."""
    try:
        return version("heliograph-api")
    except PackageNotFoundError:
        return "unknown"


def _services(status: StatusDocument) -> Iterator[Metric]:
    up = GaugeMetricFamily("heliograph_service_up", "1 while the service reports", labels=_SERVICE)
    started = GaugeMetricFamily(
        "heliograph_service_start_time_seconds", "When the service was started", labels=_SERVICE
    )
    for service in status.services:
        up.add_metric([service.service], service.running)
        if service.started is not None:
            started.add_metric([service.service], service.started / 1000)
    yield from (up, started)
    yield GaugeMetricFamily(
        "heliograph_configuration_revision", "Number of the revision in force", status.revision or 0
    )
    yield GaugeMetricFamily("heliograph_configuration_trial", "1 while it is on trial", status.trial is not None)
    yield GaugeMetricFamily("heliograph_attention", "Things that need somebody's hand", len(status.attention))


def _lines(view: View) -> Iterator[Metric]:
    opened = GaugeMetricFamily("heliograph_line_open", "1 while the line or connection is open", labels=_LINE)
    busy = GaugeMetricFamily(
        "heliograph_line_utilisation_ratio", "Share of the last minute in which it was busy", labels=_LINE
    )
    requests = CounterMetricFamily("heliograph_line_requests", "Requests sent on the line", labels=_LINE)
    collector = view.collector()
    for line in collector.lines if collector else ():
        opened.add_metric([line.name], line.open)
        requests.add_metric([line.name], line.requests)
        if line.utilisation is not None:
            busy.add_metric([line.name], line.utilisation)
    yield from (opened, busy, requests)


def _scripts(view: View) -> Iterator[Metric]:
    scripts = view.scripts() or ()
    known = GaugeMetricFamily("heliograph_scripts", "Scripts by what they do", labels=["condition"])
    for condition in ScriptCondition:
        known.add_metric([condition], sum(script.condition is condition for script in scripts))
    restarts = CounterMetricFamily("heliograph_script_restarts", "Starts after a failure", labels=["script"])
    for script in scripts:
        restarts.add_metric([script.name], script.restarts)
    yield from (known, restarts)


def _set_points(view: View) -> Iterator[Metric]:
    points = view.set_points()
    lapsed = sum(point.lapsed for point in points)
    yield GaugeMetricFamily("heliograph_set_points", "Values with a lifetime that are kept", len(points))
    yield GaugeMetricFamily("heliograph_set_points_lapsed", "Those whose lifetime ended: fallback in force", lapsed)


def _storage(status: StatusDocument) -> Iterator[Metric]:
    storage = status.storage
    yield GaugeMetricFamily("heliograph_storage_bytes", "What waits for the servers, uncompressed", storage.bytes)
    yield GaugeMetricFamily("heliograph_storage_limit_bytes", "The most that may wait", storage.limit)
    yield GaugeMetricFamily("heliograph_storage_records", "Records that wait for the servers", storage.records)
    yield GaugeMetricFamily("heliograph_storage_files", "Files that wait for the servers", storage.files)
    yield GaugeMetricFamily("heliograph_storage_full", "1 while new records are not stored", storage.full)
    yield GaugeMetricFamily("heliograph_outbox_records", "Records not yet taken by the bus", status.outbox_records)


def _servers(status: StatusDocument) -> Iterator[Metric]:
    families = {
        field: GaugeMetricFamily(f"heliograph_server_{field}", help_text, labels=_SERVER)
        for field, help_text in _SERVER_GAUGES.items()
    }
    last = GaugeMetricFamily(
        "heliograph_server_last_success_timestamp_seconds", "When a connection last succeeded", labels=_SERVER
    )
    for server in status.servers:
        labels = [str(server.server.number)]
        for field, family in families.items():
            family.add_metric(labels, getattr(server, field))
        if server.last_success is not None:
            last.add_metric(labels, server.last_success / 1000)
    yield from (*families.values(), last)


_SERVER_GAUGES = {
    "connecting": "1 during a connection",
    "waiting_records": "Records that wait for this server",
    "waiting_files": "Files that wait for this server",
    "failures": "Failed connections in a row",
}
