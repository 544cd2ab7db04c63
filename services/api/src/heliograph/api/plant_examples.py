"""An example of the plant's figures for the description of the API."""

from typing import Final

from heliograph.api.plantnow import MeterNow, PlantNow, SumNow

_NOON: Final = 1_717_243_200_000
_METER: Final = MeterNow(
    device="4", name="grid meter", watts=-71_200.0, imported_today_kwh=3.2, exported_today_kwh=214.0
)
PLANT: Final = PlantNow(
    time=_NOON,
    midnight=_NOON - 50_400_000,
    time_zone="Europe/Paris",
    power_watts=SumNow(value=84_210.0, counted=2, expected=3, missing=("roof_3",)),
    energy_today_kwh=SumNow(value=311.4, counted=3, expected=3),
    grid=_METER,
    meters=(_METER,),
)
