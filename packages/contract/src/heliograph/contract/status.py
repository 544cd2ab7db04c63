"""The status document from the states of the services: pure, shared by the api and the command `status`."""

from collections.abc import Mapping

from heliograph.contract.states import (
    SILENCE_SECONDS,
    CollectorState,
    DeviceCondition,
    ServiceState,
    ServiceSummary,
    StatusDocument,
    SyncState,
)

SERVICES = ("collector", "sync", "commands", "api")


def status_document(states: Mapping[str, ServiceState], now: int) -> StatusDocument:
    """Assemble the status of the gateway at `now` (milliseconds since 1970) from the last state of each service."""
    services = tuple(_summary(name, states.get(name), now) for name in SERVICES)
    collector = states.get("collector")
    collector = collector if isinstance(collector, CollectorState) else CollectorState(time=0, started=0)
    sync = states.get("sync")
    sync = sync if isinstance(sync, SyncState) else SyncState(time=0, started=0)
    return StatusDocument(
        time=now,
        uid=sync.uid,
        site=sync.site,
        revision=sync.revision,
        trial=sync.trial,
        services=services,
        devices=collector.devices,
        lines=collector.lines,
        servers=sync.servers,
        storage=sync.storage,
        outbox_records=collector.outbox_records,
        findings=sync.findings,
        attention=tuple(_attention(services, collector, sync)),
    )


def _summary(name: str, state: ServiceState | None, now: int) -> ServiceSummary:
    if state is None:
        return ServiceSummary(service=name, running=False)
    running = now - state.time <= SILENCE_SECONDS * 1000
    return ServiceSummary(service=name, running=running, started=state.started, seen=state.time)


def _attention(services: tuple[ServiceSummary, ...], collector: CollectorState, sync: SyncState) -> list[str]:
    """What needs a hand, the gravest first."""
    lines = [f"Service {s.service} is not running." for s in services if not s.running]
    if sync.storage.full:
        lines.append("The storage is full: new records are not stored until an upload frees room.")
    lines.extend(_without_configuration(sync))
    if collector.rejected:
        lines.append(f"The collector could not take the newest revision: {collector.rejected}")
    for server in sync.servers:
        number = server.server.number
        if server.failures:
            lines.append(f"Server {number}: {server.failures} failed connection(s) in a row.")
        lines.extend(f"Server {number}: {problem}" for problem in server.problems)
    poor = {DeviceCondition.RESTING: "does not answer", DeviceCondition.ABSENT: "is absent"}
    lines.extend(
        f"Device {device.name} {poor[device.condition]}{': ' + device.cause if device.cause else ''}."
        for device in collector.devices
        if device.condition in poor
    )
    return lines


def _without_configuration(sync: SyncState) -> list[str]:
    """What is to be said of a set that is refused, or not there yet."""
    if sync.rejected and sync.revision is not None:
        return ["The configuration set is refused; the last good revision is in force. See the findings."]
    if sync.rejected:
        return ["The configuration set is refused and there is no earlier one: nothing is polled. See the findings."]
    if sync.started and sync.revision is None:
        return ["There is no configuration yet: nothing is polled.", *sync.findings[:1]]
    return []
