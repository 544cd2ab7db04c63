"""`/metrics`: names are kept to, nothing is told that is not known, values of the plant only when asked for."""

from collections.abc import Iterator
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from heliograph.api.metrics import FIGURES
from heliograph.contract import DiskState, KeptRecords, Service, StreamState, Trial
from heliograph.contract.channels import STATE
from support.plausible import now, sync_state
from support.waiting import until

GOLDEN = Path(__file__).parent / "golden" / "metrics.txt"
LABELS = {figure.name: figure.labels for figure in FIGURES}
UNITS = ("seconds", "bytes", "ratio")


async def told(api) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families((await api.get("/metrics")).text)
    return {
        (s.name, *(s.labels[label] for label in LABELS[s.name])): s.value for family in families for s in family.samples
    }


def test_no_name_and_no_label_of_a_figure_ever_changes():
    """New figures are added to the golden list; what stands there stays, for dashboards of others are built on it."""
    lines = [f"{figure.kind} {figure.name}{{{','.join(figure.labels)}}}" for figure in FIGURES]
    assert sorted(lines) == GOLDEN.read_text(encoding="utf-8").splitlines()


def test_names_follow_the_rules_of_prometheus():
    assert [figure.name for figure in FIGURES if list(faults(figure))] == []


def faults(figure) -> Iterator[str]:
    """What `promtool check metrics` and Prometheus' own page on names would say."""
    words = figure.name.removesuffix("_total").split("_")
    if words[0] != "heliograph" or figure.name != figure.name.lower():
        yield "prefix"
    if set(words) & {"milliseconds", "ms", "minutes", "kb", "mb", "percent", "gauge", "counter", "total"}:
        yield "unit"
    if set(words[:-1]) & set(UNITS) or ("timestamp" in words) != figure.name.endswith("_timestamp_seconds"):
        yield "the unit stands last"
    if not figure.meaning or figure.meaning.endswith("."):
        yield "meaning"


async def test_a_whole_gateway_tells_every_figure_but_the_values_of_the_plant(api, peers, commands):
    moment = now()
    state = sync_state(
        memory_bytes=84_000_000,
        trial=Trial(revision=4, back_to=3, since=moment, until=moment + 60_000, failures=1),
        disk=DiskState(total=32_000_000_000, free=20_000_000_000),
        streams=(StreamState(name="RECORDS", messages=3, bytes=900, limit=67_108_864),),
        kept=KeptRecords(days=30, oldest=moment - 1000, newest=moment, records=12, bytes=4096, limit=2**30),
    )
    await peers.sync.store(STATE, state, service=Service.SYNC)

    async def names() -> set[str]:
        return {key[0] for key in await told(api)}

    async def whole() -> bool:
        return "heliograph_kept_failing" in await names()

    await until(whole)
    assert {figure.name for figure in FIGURES} - await names() == {"heliograph_value"}
    found = await told(api)
    assert found["heliograph_disk_free_bytes",] == 20_000_000_000
    assert found["heliograph_stream_limit_bytes", "RECORDS"] == 67_108_864
    assert found["heliograph_service_resident_memory_bytes", "sync"] == 84_000_000
    assert found["heliograph_configuration_trial_failures",] == 1
    assert found["heliograph_alarms_total",] == 30
    assert found["heliograph_device_condition", "3", "roof_3", "resting"] == 1
    assert found["heliograph_device_condition", "3", "roof_3", "answering"] == 0


async def test_what_a_silent_service_would_tell_is_missing_and_not_zero(api):
    found = {key[0] for key in await told(api)}
    assert "heliograph_commands_executed_total" not in found
    assert "heliograph_storage_bytes" in found


async def test_a_connection_that_still_runs_has_no_duration_yet(api, peers):
    state = sync_state()
    running = state.servers[0].last.model_copy(update={"end": None})
    servers = (state.servers[0].model_copy(update={"last": running, "connecting": True}), *state.servers[1:])
    await peers.sync.store(STATE, sync_state(servers=servers), service=Service.SYNC)

    async def connecting() -> bool:
        return (await told(api))["heliograph_server_connecting", "1"] == 1

    await until(connecting)
    found = {key[1] for key in await told(api) if key[0] == "heliograph_server_last_connection_duration_seconds"}
    assert found == {"2"}


async def test_values_of_the_plant_are_told_up_to_the_number_asked_for_in_the_order_of_the_set(serve, api, peers):
    del api  # it has the states told
    limited = await serve(api_metric_values=8)

    async def values() -> dict[tuple[str, ...], float]:
        await peers.report()
        return {key[2:]: value for key, value in (await told(limited)).items() if key[0] == "heliograph_value"}

    found = await until(values)
    assert ("roof_1", "AC power", "kW") in found
    assert {name for name, *_ in found} == {"roof_1"}
    assert len(found) <= 8
    assert not any(variable == "Serial number" for _, variable, _ in found)
