"""Examples of kept records for the description of the API."""

from heliograph.api.lookback.models import DeviceSeries, RecordPage
from heliograph.contract.recorded import RowColumn, Series

_NOON = 1_717_243_200_000
SERIES = DeviceSeries(
    index="1",
    name="roof_1",
    begin=_NOON - 3_600_000,
    end=_NOON,
    time_zone="Europe/Berlin",
    times=(_NOON - 1_200_000, _NOON - 600_000, _NOON),
    series=(
        Series(
            variable="3", name="AC power", unit="kW", least=(40.2, 41.0, 41.7), mean=(41.1, 41.6, 42.1),
            most=(41.9, 42.2, 42.8),
        ),
    ),
)  # fmt: skip
ROWS = RecordPage(
    index="1",
    name="roof_1",
    columns=(
        RowColumn(variable="3", name="AC power", unit="kW", field="minimum"),
        RowColumn(variable="3", name="AC power", unit="kW", field="maximum"),
        RowColumn(variable="3", name="AC power", unit="kW", field="mean"),
        RowColumn(variable="4", name="State"),
    ),
    times=(_NOON - 600_000, _NOON),
    rows=((41.0, 42.2, 41.6, 4), (41.7, 42.8, 42.1, 4)),
    following=None,
)
CSV = (
    "time_utc,time_local,AC power minimum [kW],AC power maximum [kW],AC power mean [kW],State\r\n"
    "2024-06-01T12:00:00Z,2024-06-01T14:00:00+02:00,41.7,42.8,42.1,4\r\n"
)
