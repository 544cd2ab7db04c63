"""Kept records over REST: series, pages and files, read back by who reads such files; sync's part is the real one."""

import asyncio
import csv
import datetime as dt
import io
import subprocess
import sys
import time

import httpx
import pytest

from heliograph.api.errors import Silent
from heliograph.api.lookback import asking, download
from heliograph.api.lookback.files import AT_ONCE, Form
from heliograph.api.lookback.models import DeviceSeries, RecordPage
from heliograph.api.lookback.parquet import WriterFailed, parquet_pieces
from heliograph.api.models import ProblemDocument
from heliograph.api.plots import Sparklines, sparkline
from heliograph.contract import Service
from heliograph.contract.recorded import RowColumn, RowsAnswer, Series, SeriesAnswer
from heliograph.sync.kept import Looking
from support.cases import each
from support.keeping import MINUTE, Keeping, layout_of, made
from support.plausible_set import INVERTER
from support.waiting import until

DEVICE = "/api/v1/devices/1"
LAYOUT = layout_of(INVERTER)
COUNT = 700


def problem(answer, status: int) -> ProblemDocument:
    assert answer.status_code == status, answer.text
    document = ProblemDocument.model_validate_json(answer.content)
    assert document.status == status
    return document


def values(n: int) -> tuple:
    """AC power (minimum, maximum, mean), power factor, voltage, temperature, energy, state, limit, its scale, grid."""
    return (4000 + n, 4200 + n, 4100.5 + n, 998, 6124, None if n % 7 == 3 else 412, 12_345_678 + n, 4, 10_000, -2, 5001)


@pytest.fixture
def keeping(tmp_path):
    keeping = Keeping(tmp_path / "kept", definitions=[INVERTER])
    now = int(time.time()) * 1000 // MINUTE * MINUTE
    keeping.clock.set(now / 1000)
    keeping.now = now
    keeping.take(made(now - (COUNT - 1 - n) * MINUTE, values(n), layout=LAYOUT) for n in range(COUNT))
    yield keeping
    keeping.kept.close()


@pytest.fixture
async def recorded(api, peers, keeping):
    await Looking(keeping.kept).serve(peers.sync)
    return api


async def test_a_series_has_values_with_name_unit_and_zone(recorded, keeping):
    answer = await recorded.get(f"{DEVICE}/series?variables=1,4&points=2000")
    found = DeviceSeries.model_validate_json(answer.content)
    assert (found.index, found.name, found.time_zone) == ("1", "roof_1", "Europe/Paris")
    assert found.times == tuple(keeping.now - (COUNT - 1 - n) * MINUTE for n in range(COUNT))
    power, temperature = found.series
    assert (power.name, power.unit) == ("AC power", "kW")
    assert (power.least[0], power.mean[0], power.most[0]) == (40.0, 41.005, 42.0)
    assert temperature.mean[2:5] == (41.2, None, 41.2)


async def test_a_series_has_no_more_points_than_asked_for(recorded):
    found = (await recorded.get(f"{DEVICE}/series?variables=1&points=50")).json()
    assert len(found["times"]) == 50
    assert found["series"][0]["least"][0] == 40.0
    assert found["series"][0]["most"][-1] == pytest.approx(42 + (COUNT - 1) / 100)


async def test_a_variable_without_records_has_its_name_and_one_that_is_not_there_is_a_problem(recorded):
    found = (await recorded.get(f"{DEVICE}/series?variables=10")).json()
    assert found["series"][0]["name"] == "Serial number"
    assert set(found["series"][0]["mean"]) == {None}
    assert "no variable with the index '99'" in problem(await recorded.get(f"{DEVICE}/series?variables=99"), 404).detail


@each(
    "path, status",
    [
        ("/api/v1/devices/99/series?variables=1", 404), ("/api/v1/devices/99/records.csv", 404),
        ("/api/v1/devices/99/records.parquet", 404), (f"{DEVICE}/series", 422),
        (f"{DEVICE}/series?variables=", 422), (f"{DEVICE}/series?variables=1&points=0", 422),
        (f"{DEVICE}/series?variables={','.join('1' * 17)}", 422), (f"{DEVICE}/records?begin=5&end=5", 422),
        (f"{DEVICE}/records.csv?begin=-1", 422), (f"{DEVICE}/records.csv?end={2**60}", 422),
    ],
)  # fmt: skip
async def test_what_cannot_be_answered_is_a_problem(recorded, path, status):
    problem(await recorded.get(path), status)


async def test_records_come_in_pages(recorded, keeping):
    begin, seen = keeping.now - COUNT * MINUTE, []
    while begin is not None:
        page = RecordPage.model_validate_json((await recorded.get(f"{DEVICE}/records?begin={begin}&limit=300")).content)
        seen += page.times
        begin = page.following
    assert seen == [keeping.now - (COUNT - 1 - n) * MINUTE for n in range(COUNT)]
    assert page.rows[-1][:3] == (46.99, 48.99, 47.995)
    assert [c.field for c in page.columns[:4]] == ["minimum", "maximum", "mean", ""]


async def test_csv_is_read_back_by_pandas_with_times_names_and_units(recorded, keeping):
    import pandas as pd

    answer = await recorded.get(f"{DEVICE}/records.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"].startswith('attachment; filename="WPM00C44F_1_roof_1_')
    assert answer.text.count("\r\n") == COUNT + 1
    frame = pd.read_csv(io.BytesIO(answer.content))
    assert list(frame.columns[:6]) == [
        "time_utc", "time_local", "AC power minimum [kW]", "AC power maximum [kW]", "AC power mean [kW]",
        "Power factor",
    ]  # fmt: skip
    assert len(frame) == COUNT
    utc, local = pd.to_datetime(frame["time_utc"]), pd.to_datetime(frame["time_local"], utc=True)
    assert list(utc) == list(local)
    assert int(utc.iloc[-1].timestamp() * 1000) == keeping.now
    assert frame["time_local"].iloc[0][-6:] in {"+01:00", "+02:00"}
    assert list(frame["AC power mean [kW]"]) == [pytest.approx((4100.5 + n) / 100, abs=0) for n in range(COUNT)]
    assert frame["Cabinet temperature [°C]"].isna().sum() == COUNT // 7
    assert list(frame["Energy total [kWh]"])[-1] == (12_345_678 + COUNT - 1) / 10


async def test_parquet_is_read_back_by_polars_and_pandas_with_its_metadata(recorded):
    import pandas as pd
    import polars as pl
    import pyarrow.parquet as pq

    answer = await recorded.get(f"{DEVICE}/records.parquet")
    assert answer.status_code == 200, answer.text
    frame = pl.read_parquet(io.BytesIO(answer.content))
    assert (frame.height, frame.schema["time"]) == (COUNT, pl.Datetime("ms", "UTC"))
    text = (await recorded.get(f"{DEVICE}/records.csv")).text
    lines = list(csv.reader(io.StringIO(text)))
    assert frame.columns[1:] == lines[0][2:]
    for row, line in zip(frame.rows(), lines[1:], strict=True):
        assert row[0] == dt.datetime.fromisoformat(line[0])
        assert list(row[1:]) == [float(cell) if cell else None for cell in line[2:]]
    assert len(pd.read_parquet(io.BytesIO(answer.content))) == COUNT
    schema = pq.read_schema(io.BytesIO(answer.content))
    assert schema.metadata[b"device_name"] == b"roof_1"
    assert schema.field("AC power mean [kW]").metadata == {
        b"variable": b"1", b"name": b"AC power", b"unit": b"kW", b"statistic": b"mean",
    }  # fmt: skip


async def test_a_changed_definition_gives_a_file_all_columns(recorded, keeping):
    import pandas as pd

    changed = INVERTER.replace("AC power;RealPower;0.01;0;kW", "AC power;RealPower;10;0;W")
    keeping.definitions = [changed]
    keeping.kept.learn()
    keeping.take([made(keeping.now + MINUTE, values(0), layout=layout_of(changed))])
    answer = await recorded.get(f"{DEVICE}/records.csv?begin={keeping.now - 2 * MINUTE}&end={keeping.now + MINUTE}")
    frame = pd.read_csv(io.BytesIO(answer.content))
    assert list(frame["AC power mean [W]"].fillna(-1)) == [-1, -1, 41_005]
    assert list(frame["AC power mean [kW]"].fillna(-1)) == [pytest.approx(47.985), pytest.approx(47.995), -1]
    assert frame["DC voltage [V]"].notna().all()


async def test_without_records_a_file_has_a_header_alone(recorded):
    import polars as pl

    answer = await recorded.get("/api/v1/devices/2/records.csv")
    assert answer.text == "time_utc,time_local\r\n"
    assert pl.read_parquet(io.BytesIO((await recorded.get("/api/v1/devices/2/records.parquet")).content)).height == 0


async def test_a_gateway_that_keeps_nothing_says_why(recorded, keeping):
    keeping.kept.bounds = type(keeping.kept.bounds)(0, 2**20)
    for path in ("series?variables=1", "records", "records.csv", "records.parquet"):
        assert "HISTORY_DAYS" in problem(await recorded.get(f"{DEVICE}/{path}"), 409).detail


async def test_a_failure_in_the_middle_cuts_the_connection(recorded, monkeypatch):
    real = asking._rows

    async def fail(view, index, span, begin, limit, *, survey=False):
        if not survey:
            raise Silent("gone")
        return await real(view, index, span, begin, limit, survey=survey)

    monkeypatch.setattr(asking, "_rows", fail)
    with pytest.raises(httpx.RemoteProtocolError):
        await recorded.get(f"{DEVICE}/records.csv")
    problem(await recorded.get(f"{DEVICE}/records.parquet"), 503)  # of which nothing was sent yet


async def test_a_client_that_goes_away_ends_the_work_and_few_are_served_at_once(recorded, monkeypatch):
    real, held = asking._rows, asyncio.Event()

    async def hold(view, index, span, begin, limit, *, survey=False):
        if not survey:
            await held.wait()
        return await real(view, index, span, begin, limit, survey=survey)

    monkeypatch.setattr(asking, "_rows", hold)
    client = recorded.client()
    streams = [client.stream("GET", f"{DEVICE}/records.csv") for _ in range(AT_ONCE[Form.CSV])]
    for stream in streams:
        await stream.__aenter__()
    problem(await recorded.get(f"{DEVICE}/records.csv"), 503)
    for stream in streams:
        await stream.__aexit__(None, None, None)
    held.set()

    async def served() -> bool:
        return (await recorded.get(f"{DEVICE}/records.csv")).status_code == 200

    await until(served)


async def test_a_file_has_limits_of_size_and_time(recorded, monkeypatch):
    monkeypatch.setattr(download, "MOST_BYTES", 30_000)
    with pytest.raises(httpx.RemoteProtocolError):
        await recorded.get(f"{DEVICE}/records.csv")
    monkeypatch.setattr(download, "MOST_BYTES", 2**31)
    monkeypatch.setattr(download, "MOST_SECONDS", 0)
    with pytest.raises(httpx.RemoteProtocolError):
        await recorded.get(f"{DEVICE}/records.csv")


async def test_a_writer_that_dies_is_told():
    async def parts():
        column = RowColumn(variable="1", name="Power")
        for n in range(50):
            yield RowsAnswer(columns=(column,), times=(n,), rows=((1.5,),), following=n, survey=(column,))

    with pytest.raises(WriterFailed):
        async for _ in parquet_pieces(parts(), {}, (sys.executable, "-c", "import sys; sys.exit(3)")):
            pass


def test_the_service_holds_no_pyarrow():
    held = "import sys, heliograph.api.app; sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", held], check=False).returncode == 0


def test_the_pen_of_a_sparkline_is_lifted_over_a_gap():
    series = Series(variable="1", name="A<b", unit="", least=(1, None, 3), mean=(1, None, 3), most=(1, None, 3))
    day = 86_400_000
    picture = sparkline(series, (0, day // 2, day), 0, day)
    assert (picture.count("M"), picture.count("L")) == (2, 0)
    assert "A&lt;b, last 24 hours: 1 to 3" in picture
    assert not sparkline(series.model_copy(update={"mean": (None,) * 3}), (0, day // 2, day), 0, day)


class Looked:
    """The view, as far as pictures need it."""

    def __init__(self, now, ask) -> None:
        self.now, self.ask, self.revision = (lambda: now), ask, None

    def device(self, index: str):
        return Named(index)

    def variables(self, index: str):
        del index
        return Variables()


@pytest.mark.parametrize(("hours", "words"), [(2, "last 2 hours"), (23, "last 24 hours"), (0, "last 1 min")])
async def test_a_picture_of_a_device_s_first_hours_is_not_nearly_empty(hours, words):
    hour = 60 * MINUTE
    times = tuple(range(100 * hour, 102 * hour, hour // 4))
    level = (1.0,) * len(times)

    async def ask(channel, request, seconds):
        del channel, request, seconds
        return SeriesAnswer(
            times=times, series=(Series(variable="1", name="Power", unit="W", least=level, mean=level, most=level),)
        )

    pictures = await Sparklines(Looked((100 + hours) * hour, ask)).of("1", ["1"])
    assert words in pictures["1"]


async def test_sparklines_are_drawn_once_for_all_who_look(recorded, connect, keeping):
    asked = []

    async def ask(channel, request, seconds):
        asked.append(request)
        return await bus.request(channel, request, timeout=seconds)

    bus = await connect(Service.API)
    lines = Sparklines(Looked(keeping.now, ask))
    pictures = await lines.of("1", [str(n) for n in range(1, 11)])
    assert set(pictures) == {str(n) for n in range(1, 10)}, "a text has no picture"
    assert 'aria-label="AC power, last 12 hours: 40 to 48.99 kW"' in pictures["1"]
    assert await lines.of("1", ["1"]) == {"1": pictures["1"]}
    assert len(asked) == 1


class Named:
    def __init__(self, index: str) -> None:
        self.index, self.name = index, f"roof_{index}"


class Variables:
    variables = (type("V", (), {"index": "10", "name": "Serial", "unit": ""})(),)
