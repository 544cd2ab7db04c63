"""The figures of the gateway itself: services, configuration, storage, disk, streams of the bus, records kept."""

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from heliograph.api.metrics.samples import Sample, Seen, of_each, seconds
from heliograph.contract import ServiceState, SyncState


def installed_version() -> str:
    """The version of this service."""
    try:
        return version("heliograph-api")
    except PackageNotFoundError:
        return "unknown"


def gateway(now: Seen) -> Iterator[Sample]:
    """All of them."""
    yield "heliograph_build_info", (installed_version(),), 1
    yield "heliograph_attention", (), len(now.status.attention)
    yield "heliograph_alarms_total", (), now.alarms
    yield from _services(now)
    if now.sync is not None:
        yield "heliograph_site_info", (now.sync.uid, now.sync.site), 1
        yield from _configuration(now, now.sync)
        yield from _storage(now.sync)
        yield from _disk(now.sync)
        yield from _kept(now.sync)
    if now.collector is not None:
        yield "heliograph_outbox_records", (), now.collector.outbox_records


def _services(now: Seen) -> Iterator[Sample]:
    states: dict[str, ServiceState] = {state.service: state for state in now.view.states()}
    for service in now.status.services:
        name, state = service.service, states.get(service.service)
        yield "heliograph_service_up", (name,), service.running
        yield "heliograph_service_start_time_seconds", (name,), seconds(service.started)
        if state is not None and service.running:
            yield "heliograph_service_revision", (name,), state.revision
            yield "heliograph_service_resident_memory_bytes", (name,), state.memory_bytes


def _configuration(now: Seen, sync: SyncState) -> Iterator[Sample]:
    trial = sync.trial
    yield "heliograph_configuration_revision", (), sync.revision or 0
    yield "heliograph_configuration_trial", (), trial is not None
    yield "heliograph_configuration_trial_failures", (), trial.failures if trial else 0
    yield "heliograph_configuration_trial_end_timestamp_seconds", (), seconds(trial.until) if trial else None
    yield "heliograph_configuration_rejected", (), any(map(_rejects, now.view.states()))
    yield "heliograph_configuration_findings", (), len(sync.findings)


def _rejects(state: ServiceState) -> bool:
    return bool(state.rejected)


def _storage(sync: SyncState) -> Iterator[Sample]:
    storage = sync.storage
    yield "heliograph_storage_bytes", (), storage.bytes
    yield "heliograph_storage_limit_bytes", (), storage.limit
    yield "heliograph_storage_records", (), storage.records
    yield "heliograph_storage_files", (), storage.files
    yield "heliograph_storage_full", (), storage.full
    yield "heliograph_storage_full_devices", (), len(storage.full_devices)


def _disk(sync: SyncState) -> Iterator[Sample]:
    if sync.disk is not None:
        yield "heliograph_disk_size_bytes", (), sync.disk.total
        yield "heliograph_disk_free_bytes", (), sync.disk.free
    for stream in sync.streams:
        yield from of_each(
            (stream.name,),
            {
                "heliograph_stream_messages": stream.messages,
                "heliograph_stream_bytes": stream.bytes,
                "heliograph_stream_limit_bytes": stream.limit,
            },
        )


def _kept(sync: SyncState) -> Iterator[Sample]:
    kept = sync.kept
    if kept is None:
        return
    yield "heliograph_kept_records", (), kept.records
    yield "heliograph_kept_bytes", (), kept.bytes
    yield "heliograph_kept_limit_bytes", (), kept.limit
    yield "heliograph_kept_oldest_timestamp_seconds", (), seconds(kept.oldest)
    yield "heliograph_kept_newest_timestamp_seconds", (), seconds(kept.newest)
    yield "heliograph_kept_failing", (), bool(kept.problem)
