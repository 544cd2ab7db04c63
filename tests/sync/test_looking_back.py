"""From the collector's record over a real broker to what the api is answered: exact, each once, and through kills."""

import asyncio
from contextlib import suppress

import pytest

from heliograph.contract import ConnectRequest, Record, Service
from heliograph.contract.channels import CONFIGURATION, CONNECT, RECORDS, ROWS, SERIES, STATE
from heliograph.contract.recorded import RowsRequest, SeriesRequest
from heliograph.formats import parse_definition, read_data_file
from heliograph.runtime import NoAnswer, Outgoing, SystemClock
from heliograph.sync import app
from support.keeping import MINUTE, NOW, layout_of, made
from support.syncing import DEFINITION, Running, plant_set, until

LAYOUT = layout_of(DEFINITION)


class Then(SystemClock):
    """The clock of this machine on the first of June 2024."""

    def __init__(self) -> None:
        self._shift = NOW / 1000 - super().time()

    def time(self) -> float:
        return super().time() + self._shift


@pytest.fixture
def running(broker, tmp_path) -> Running:
    running = Running(broker, tmp_path, gateway_set=plant_set(tmp_path / "set"))
    running.clock = Then()
    return running


def outgoing(record: Record) -> Outgoing:
    return Outgoing(RECORDS, {"device": record.device}, record.model_dump_json().encode(), record.identity)


def records(count: int = 12, device: str = "1") -> list[Record]:
    return [
        made(NOW - (count - n) * 10 * MINUTE, (n, 100 + n, 50.125 + n / 3, n % 3), device, LAYOUT)
        for n in range(count)
        if n != 5
    ]


async def ask(bus, channel, request):
    return await bus.request(channel, request, timeout=60)


async def all_kept(api, count: int):
    """Return the rows when so many are kept."""
    async with asyncio.timeout(60):
        while True:
            with suppress(NoAnswer):  # sync may be about to begin
                answer = await ask(api, ROWS, RowsRequest(device="1", begin=0, end=NOW))
                if len(answer.times) == count:
                    return answer
            await asyncio.sleep(0.05)


async def applied(bus) -> None:
    seen = asyncio.Event()

    async def take(_) -> None:
        seen.set()

    await bus.watch(CONFIGURATION, take)
    await asyncio.wait_for(seen.wait(), 60)


async def test_what_is_looked_back_at_is_what_the_server_got(running, connect):
    async with running.run():
        collector, api = await connect(Service.COLLECTOR), await connect(Service.API)
        await applied(collector)
        states = []

        async def hear(state) -> None:
            states.append(state)

        await api.watch(STATE, hear)
        sent = records()
        await collector.store_batch([outgoing(record) for record in sent])
        answer = await all_kept(api, len(sent))
        await ask(api, CONNECT, ConnectRequest(server=1))
        await until(lambda: running.texts(1))
        assert _as_rows(answer) == _delivered(running, "1")
        series = await ask(api, SERIES, SeriesRequest(device="1", variables=("3",), begin=0, end=NOW))
        assert series.error == ""
        assert series.times[5] == NOW - 7 * 10 * MINUTE
        assert series.series[0].mean[5] is None
        assert [mean for mean in series.series[0].mean if mean is not None] == [r.values[2] for r in sent]
        await until(lambda: states)
        assert (states[-1].kept.days, states[-1].kept.limit) == (30, 1024**3)


async def test_a_kill_between_the_two_commits_loses_nothing(running, connect, monkeypatch):
    died = asyncio.Event()

    def die(*_: object) -> None:
        died.set()
        raise BrokenPipeError("killed here")

    with monkeypatch.context() as patch:
        patch.setattr(app.Kept, "take", die)
        async with running.run():
            collector = await connect(Service.COLLECTOR)
            await applied(collector)
            await collector.store_batch([outgoing(record) for record in records()])
            await asyncio.wait_for(died.wait(), 60)
    async with running.run():
        await all_kept(await connect(Service.API), len(records()))


async def test_a_gateway_that_keeps_nothing_says_so(broker, connect, tmp_path):
    running = Running(broker, tmp_path, history_days=0, gateway_set=plant_set(tmp_path / "set"))
    async with running.run():
        api = await connect(Service.API)
        await applied(api)
        answer = await ask(api, SERIES, SeriesRequest(device="1", variables=("3",), begin=0, end=NOW))
        assert "HISTORY_DAYS=0" in answer.error


def _as_rows(answer) -> list[tuple]:
    names = {"": "instant", "minimum": "min", "maximum": "max", "mean": "mean"}
    return [
        (time // 1000, column.variable, names[column.field], value)
        for time, row in zip(answer.times, answer.rows, strict=True)
        for column, value in zip(answer.columns, row, strict=True)
    ]


def _delivered(running: Running, device: str) -> list[tuple]:
    definition, _ = parse_definition(DEFINITION.encode(), "inv.csv")
    found = []
    for name in running.names(1):
        content = running.servers[1].files[f"/DATA/{name}"]
        data, _ = read_data_file(content, name, {"inv.csv": definition}, zone="UTC")
        found += [
            (int(row.timestamp.timestamp()), row.index, row.statistic, row.value)
            for row in data.rows()
            if row.device == device
        ]
    return found
