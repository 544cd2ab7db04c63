"""The REST surface: what it answers, page by page, and how it says no."""

import json

import pytest
from prometheus_client.parser import text_string_to_metric_families

from heliograph.api.models import AlarmList, ConnectionList, Device, DeviceList, DeviceVariables, ProblemDocument
from heliograph.contract import StatusDocument
from support.cases import each
from support.plausible import reading
from support.plausible_commands import entry
from support.plausible_set import FILES, UID
from support.waiting import until


def problem(answer, status: int) -> ProblemDocument:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document = ProblemDocument.model_validate_json(answer.content)
    assert document.status == status
    assert document.detail
    return document


async def test_status_is_the_status_document(api):
    answer = await api.get("/api/v1/status")
    document = StatusDocument.model_validate_json(answer.content)
    assert (document.uid, document.site, document.revision) == (UID, "Roof of the dairy", 3)
    assert [s.service for s in document.services if s.running] == ["collector", "sync", "api"]
    assert "Service commands is not running." in document.attention
    assert [s.server.number for s in document.servers] == [1, 2]


async def test_devices_have_their_configuration_and_their_condition(api):
    devices = DeviceList.model_validate_json((await api.get("/api/v1/devices")).content).devices
    assert [d.name for d in devices] == ["roof_1", "roof_2", "roof_3", "grid meter"]
    first, lost = devices[0], devices[2]
    assert (first.interface, first.address, first.period_seconds) == ("192.168.1.41:502", 1, 600)
    assert (first.condition, first.records, first.errors) == ("answering", 12, {"timeout": 2})
    assert 0 <= first.age_seconds < 3600
    assert (lost.condition, lost.cause) == ("resting", "nothing came within 0.2 s, 3 times in a row")
    one = Device.model_validate_json((await api.get("/api/v1/devices/3")).content)
    assert one.model_copy(update={"age_seconds": 0}) == lost.model_copy(update={"age_seconds": 0})


async def test_variables_have_raw_and_engineering_values_with_unit_and_age(api):
    now = DeviceVariables.model_validate_json((await api.get("/api/v1/devices/1/variables")).content)
    values = {v.name: v for v in now.variables}
    power, limit, serial = values["AC power"], values["Power limit"], values["Serial number"]
    assert power.value == pytest.approx(power.raw / 100)
    assert (power.index, power.tag, power.unit, power.action, power.writable) == ("1", "RealPower", "kW", 2, True)
    assert (limit.raw, limit.value) == (10_000, 100)
    assert (serial.raw, serial.value) == (None, None)
    assert not values["Grid frequency"].writable
    assert 0 <= now.age_seconds < 3600
    lost = DeviceVariables.model_validate_json((await api.get("/api/v1/devices/3/variables")).content)
    assert (lost.time, lost.age_seconds) == (None, None)
    assert {v.value for v in lost.variables} == {None}


@each("path", ["/api/v1/devices/9", "/api/v1/devices/9/variables", "/api/v1/devices/IO", "/nowhere"])
async def test_what_is_not_there_is_a_problem(api, path):
    problem(await api.get(path), 404)


async def test_connections_come_in_pages_newest_first(api):
    numbers, before = [], None
    for _ in range(10):
        query = {"limit": 25} | ({} if before is None else {"before": before})
        page = ConnectionList.model_validate_json((await api.get("/api/v1/connections", params=query)).content)
        numbers += [c.number for c in page.connections]
        before = page.before
        if before is None:
            break
    assert numbers == list(range(60, 0, -1))


async def test_connections_of_one_server(api):
    page = (await api.get("/api/v1/connections?server=2&limit=5")).json()
    assert {c["server"] for c in page["connections"]} == {2}
    assert page["before"] == page["connections"][-1]["number"]


async def test_alarms_come_in_pages(api):
    first = AlarmList.model_validate_json((await api.get("/api/v1/alarms?limit=20")).content)
    rest = AlarmList.model_validate_json((await api.get(f"/api/v1/alarms?limit=20&before={first.before}")).content)
    assert [a.number for a in (*first.alarms, *rest.alarms)] == list(range(30, 0, -1))
    assert rest.before is None
    assert {a.device_name for a in first.alarms} == {"", "roof_2"}


@each("query", ["limit=0", "limit=1001", "limit=x", "before=-1", f"before={10**30}", "server=3", "server="])
async def test_a_query_that_does_not_fit_is_a_problem_that_names_it(api, query):
    document = problem(await api.get(f"/api/v1/connections?{query}"), 422)
    assert document.errors[0].place == f"query.{query.partition('=')[0]}"


@pytest.mark.parametrize(("body", "server"), [({"server": 1}, 1), ({"server": 2}, 2), ({}, None), (None, None)])
async def test_a_connection_is_asked_for(api, peers, body, server):
    options = {} if body is None else {"json": body}
    answer = await api.post("/api/v1/connections", headers=api.bearer, **options)
    assert answer.status_code == 202, answer.text
    assert answer.json()["server"] == server
    assert [c.server for c in peers.connects] == [server]


async def test_a_connection_that_runs_is_stopped_and_one_that_does_not_is_refused(api, peers):
    answer = await api.send("DELETE", "/api/v1/servers/2/connection")
    assert (answer.status_code, answer.json()["server"]) == (202, 2)
    (stopped,) = peers.stops
    assert (stopped.server, stopped.origin) == (2, "REST")
    peers.refusal = "no connection to server 1 runs now"
    refused = problem(await api.send("DELETE", "/api/v1/servers/1/connection"), 409)
    assert refused.detail == peers.refusal


@each("body", ['{"server": 3}', '{"server": "1"}', '{"server": true}', '{"sever": 1}', "[]", "{", "1"])
async def test_a_body_that_does_not_fit_asks_for_nothing(api, peers, body):
    headers = api.bearer | {"Content-Type": "application/json"}
    problem(await api.post("/api/v1/connections", content=body, headers=headers), 422)
    assert peers.connects == []


async def test_a_large_body_is_refused(api, peers):
    headers = api.bearer | {"Content-Type": "application/json"}

    async def pieces():
        for _ in range(100):
            yield b" " * 1024

    problem(await api.post("/api/v1/connections", content=b" " * 100_000, headers=headers), 413)
    problem(await api.post("/api/v1/connections", content=pieces(), headers=headers), 413)
    assert peers.connects == []


async def test_a_refusal_of_sync_is_told(api, peers):
    peers.refusal = "server 2 is not configured"
    answer = await api.post("/api/v1/connections", json={"server": 2}, headers=api.bearer)
    assert problem(answer, 409).detail == "server 2 is not configured"


async def test_without_sync_the_histories_are_not_available_and_the_rest_is(serve, peers):
    await peers.configure()
    api = await serve()
    for path in ("/api/v1/connections", "/api/v1/alarms"):
        assert "sync does not answer" in problem(await api.get(path), 503).detail
    problem(await api.post("/api/v1/connections", headers=api.bearer), 503)
    assert (await api.get("/api/v1/status")).status_code == 200


async def test_health(api, broker):
    assert (await api.get("/health/live")).json() == {"status": "live"}
    assert (await api.get("/health/ready")).json() == {"status": "ready"}
    broker.stop()
    while api.context.bus.connected:
        await _moment()
    assert (await api.get("/health/live")).status_code == 200
    assert "bus is away" in problem(await api.get("/health/ready"), 503).detail
    assert (await api.get("/api/v1/devices")).status_code == 200


async def _moment() -> None:
    import asyncio

    await asyncio.sleep(0.02)


async def test_metrics_are_in_prometheus_text_form_with_stable_names(api):
    answer = await api.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = {f.name: f for f in text_string_to_metric_families(answer.text)}
    assert all(name.startswith("heliograph_") for name in families)
    assert {f.documentation for f in families.values()}.isdisjoint({""})
    up = {s.labels["name"]: s.value for s in families["heliograph_device_up"].samples}
    assert up == {"roof_1": 1, "roof_2": 1, "roof_3": 0, "grid meter": 1}
    services = {s.labels["service"]: s.value for s in families["heliograph_service_up"].samples}
    assert services == {"collector": 1, "sync": 1, "commands": 0, "api": 1}
    assert set(families) >= {
        "heliograph_build_info",
        "heliograph_configuration_revision",
        "heliograph_configuration_trial",
        "heliograph_journal_entries",
        "heliograph_set_points",
        "heliograph_set_points_lapsed",
        "heliograph_device_errors",
        "heliograph_device_gaps",
        "heliograph_device_last_reading_timestamp_seconds",
        "heliograph_device_readings",
        "heliograph_device_records",
        "heliograph_device_refused",
        "heliograph_device_requests",
        "heliograph_line_open",
        "heliograph_line_utilisation_ratio",
        "heliograph_outbox_records",
        "heliograph_server_failures",
        "heliograph_server_last_success_timestamp_seconds",
        "heliograph_server_waiting_records",
        "heliograph_storage_bytes",
        "heliograph_storage_full",
        "heliograph_storage_limit_bytes",
    }


async def test_metrics_count_commands_by_way_and_scripts_by_condition(api, commands):
    for row in (entry(70), entry(71, error="no", result=None), entry(72, ended=None, result=None)):
        await commands.tell(row)

    async def samples() -> dict[str, float]:
        families = text_string_to_metric_families((await api.get("/metrics")).text)
        return {f"{s.name}{sorted(s.labels.values())}": s.value for f in families for s in f.samples}

    async def counted() -> bool:
        return (await samples())["heliograph_journal_entries_total['failed', 'mqtt']"] == 1

    await until(counted)
    found = await samples()
    assert found["heliograph_journal_entries_total['done', 'mqtt']"] == 1
    assert found["heliograph_journal_entries_total['done', 'script']"] == 0
    assert [found[f"heliograph_scripts['{c}']"] for c in ("running", "waiting", "stopped")] == [1, 1, 0]
    assert found["heliograph_script_restarts_total['zero export']"] == 1
    assert found["heliograph_commands_executed_total[]"] == 812


async def test_a_changed_definition_forgets_readings_made_under_the_old_one(api, peers):
    changed = {**FILES, "DEF/meter.csv": FILES["DEF/meter.csv"].replace("Active power", "Apparent power")}
    await peers.configure(4, changed)
    while (await api.get("/api/v1/devices/4/variables")).json()["variables"][0]["name"] != "Apparent power":
        await _moment()
    assert (await api.get("/api/v1/devices/4/variables")).json()["time"] is None
    assert (await api.get("/api/v1/devices/1/variables")).json()["time"] is not None


async def test_a_revision_that_cannot_be_read_is_rejected_at_once_and_the_old_one_stays(api, peers):
    before = len((await api.get("/api/v1/devices")).json()["devices"])
    await peers.configure(5, {**FILES, "DEF/meter.csv": "garbage"})

    async def told() -> list[str]:
        lines = (await api.get("/api/v1/status")).json()["attention"]
        return [line for line in lines if "could not take the newest revision (5)" in line]

    assert "DEF/meter.csv:1:1" in (await until(told))[0]
    assert len((await api.get("/api/v1/devices")).json()["devices"]) == before
    assert (await api.get("/")).status_code == 200
    await peers.configure(6)

    async def taken() -> bool:
        return not await told()

    await until(taken)


async def test_values_that_are_no_numbers_are_null(api, peers):
    from heliograph.contract.channels import LIVE

    wild = reading("4").model_copy(update={"values": {"1": float("nan"), "2": float("inf"), "3": 1e308}})
    raw = json.dumps(json.loads(wild.model_dump_json())).encode()
    await peers.collector.publish(LIVE, raw, device="4")
    while (now := (await api.get("/api/v1/devices/4/variables")).json())["variables"][2]["raw"] != 1e308:
        await _moment()
    assert [v["value"] for v in now["variables"]] == [None, None, 1e308]
    assert (await api.get("/")).status_code == 200
