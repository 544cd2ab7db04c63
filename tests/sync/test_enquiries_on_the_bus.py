"""What whoever looks at the gateway gets from a running sync: its log as it comes, planned connections, its facts."""

from heliograph.contract import LogRequest, SchedulesRequest, ServerTestQuery, ServerTestRequest, Service
from heliograph.contract.channels import LOG_HISTORY, LOG_LINE, SCHEDULES, SERVER_TEST, STATE, TEST_SERVER
from heliograph.runtime import EventLog, SystemClock
from support.syncing import Running, plant_set, until


async def test_the_log_plans_and_facts_are_told(broker, tmp_path, connect):
    running = Running(broker, tmp_path, gateway_set=plant_set(tmp_path / "set"))
    bus, lines, states = await connect(Service.API), [], []

    async def take(line):
        lines.append(line)

    async def hear(state):
        states.append(state)

    await bus.subscribe(LOG_LINE, take)
    await bus.watch(STATE, hear)
    async with running.run():
        collector = await connect(Service.COLLECTOR)
        events = EventLog(Service.COLLECTOR, SystemClock())
        events.warning("the meter is silent")
        await until(lambda: any("revision 1 applied" in line.event.text for line in lines))
        await events.flush(collector, 30)
        await until(lambda: any("the meter is silent" in line.event.text for line in lines))
        page = await bus.request(LOG_HISTORY, LogRequest(service="collector"), timeout=30)
        assert [line.event.text for line in page.lines] == ["the meter is silent"]
        plan = await bus.request(SCHEDULES, SchedulesRequest(), timeout=30)
        assert (plan.error, len(plan.connections)) == ("", 10)
        assert (await bus.request(SERVER_TEST, ServerTestQuery(), timeout=30)).test is None
        await until(lambda: any(s.service == "sync" and s.streams for s in states))
        sync = [state for state in states if state.service == "sync"][-1]
        assert sync.memory_bytes > 1_000_000
        assert 0 < sync.disk.free <= sync.disk.total
        assert {stream.name for stream in sync.streams} >= {"RECORDS", "EVENTS", "STATE"}
        refused = await bus.request(TEST_SERVER, ServerTestRequest(server=2, config="SERVER2_Type=x"), timeout=30)
        assert "SERVER2_Type" in refused.error
