"""The status document from the states of the services: pure, shared by the api and the command `status`."""

from collections.abc import Mapping

from heliograph.contract.states import (
    SILENCE_SECONDS,
    ApiState,
    CollectorState,
    CommandsState,
    DeviceCondition,
    ScriptCondition,
    ServiceState,
    ServiceSummary,
    StatusDocument,
    SyncState,
    Trial,
)

SERVICES = ("collector", "sync", "commands", "api")


def status_document(states: Mapping[str, ServiceState], now: int) -> StatusDocument:
    """Assemble the status of the gateway at `now` (milliseconds since 1970) from the last state of each service."""
    services = tuple(_summary(name, states.get(name), now) for name in SERVICES)
    collector = states.get("collector")
    collector = collector if isinstance(collector, CollectorState) else CollectorState(time=0, started=0)
    sync = states.get("sync")
    sync = sync if isinstance(sync, SyncState) else SyncState(time=0, started=0)
    commands = states.get("commands")
    commands = commands if isinstance(commands, CommandsState) else CommandsState(time=0, started=0)
    api = states.get("api")
    api = api if isinstance(api, ApiState) else ApiState(time=0, started=0)
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
        kept=sync.kept,
        disk=sync.disk,
        streams=sync.streams,
        certificate=api.certificate,
        clock_kept=api.clock_kept,
        outbox_records=collector.outbox_records,
        traces=collector.traces,
        set_points=collector.set_points,
        scripts=commands.scripts,
        findings=sync.findings,
        attention=tuple(_attention(services, states, collector, sync, api, now)),
    )


def trial_words(trial: Trial, now: int) -> str:
    """What a trial comes to at `now` (milliseconds since 1970), for people: the way back, and how near it is."""
    seconds = max(0, trial.until - now) // 1000
    left = f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"
    tried = f"; {trial.failures} of {trial.tries} tries failed" if trial.failures else ""
    return f"back to revision {trial.back_to} in {left} unless the main server is reached{tried}"


def _summary(name: str, state: ServiceState | None, now: int) -> ServiceSummary:
    if state is None:
        return ServiceSummary(service=name, running=False)
    running = now - state.time <= SILENCE_SECONDS * 1000
    return ServiceSummary(service=name, running=running, started=state.started, seen=state.time)


def _attention(
    services: tuple[ServiceSummary, ...],
    states: Mapping[str, ServiceState],
    collector: CollectorState,
    sync: SyncState,
    api: ApiState,
    now: int,
) -> list[str]:
    """What needs a hand, the gravest first."""
    lines = [f"Service {s.service} is not running." for s in services if not s.running]
    if sync.storage.full:
        lines.append("The storage is full: new records are not stored until an upload frees room.")
    if sync.kept is not None and sync.kept.problem:
        lines.append(f"{sync.kept.problem[:1].upper()}{sync.kept.problem[1:]}.")
    lines.extend(_without_configuration(sync))
    lines.extend(_not_taken(states))
    if sync.trial is not None:
        lines.append(f"Revision {sync.trial.revision} is on trial: {trial_words(sync.trial, now)}.")
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
    lines.extend(_not_operating(collector, states.get("commands")))
    lines.extend(_of_machine(api))
    return lines


def _not_operating(collector: CollectorState, commands: ServiceState | None) -> list[str]:
    """What is to be said of set points that lapsed, and of scripts that failed."""
    names = {device.device: device.name for device in collector.devices}
    lines = [
        f"The set point of {names.get(point.device, point.device)}, variable {point.variable}, lapsed: "
        f"{'the fallback is not written: ' + point.cause if point.cause else 'the fallback is in force'}."
        for point in collector.set_points
        if point.lapsed
    ]
    scripts = commands.scripts if isinstance(commands, CommandsState) else ()
    lines.extend(
        f"Script {script.name} failed and waits: {script.cause or 'its log tells why'}."
        for script in scripts
        if script.condition is ScriptCondition.WAITING
    )
    return lines


def _of_machine(api: ApiState) -> list[str]:
    """What is to be said of the page's certificate and of the clock."""
    problem = api.certificate.problem if api.certificate else ""
    lines = [f"The certificate of the page: {problem}"] if problem else []
    if api.clock_kept is False:
        lines.append("No time service keeps the gateway's clock, which dates every record: set up NTP on its host.")
    return lines


def _not_taken(states: Mapping[str, ServiceState]) -> list[str]:
    """What is to be said of services that go on with an older revision than the newest."""
    found = []
    for name in SERVICES:
        state = states.get(name)
        if isinstance(state, CollectorState | CommandsState | ApiState) and state.rejected:
            number = "" if state.rejected_revision is None else f" ({state.rejected_revision})"
            found.append(f"Service {name} could not take the newest revision{number}: {state.rejected}")
    return found


def _without_configuration(sync: SyncState) -> list[str]:
    """What is to be said of a set that is refused, or not there yet."""
    if sync.rejected and sync.revision is not None:
        return ["The configuration set is refused; the last good revision is in force. See the findings."]
    if sync.rejected:
        return ["The configuration set is refused and there is no earlier one: nothing is polled. See the findings."]
    if sync.started and sync.revision is None:
        return ["There is no configuration yet: nothing is polled.", *sync.findings[:1]]
    return []
