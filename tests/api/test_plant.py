"""The plant at a glance over REST: with the counters as the day began, as sync's records have them."""

import asyncio

from heliograph.api.plantfigures import midnight_of
from heliograph.contract.channels import SERIES
from support.plausible import now
from support.plausible_series import Counters


def midnight() -> int:
    return midnight_of(now(), "Europe/Paris")


async def test_the_figures_hold_what_is_known_name_what_is_not_and_ask_once_a_day(api, peers):
    kept = Counters(midnight(), before={"1": 1_234_000.0, "4": 48_100.0}, today={"2": 1_234_560.0})
    await peers.sync.serve(SERIES, kept.answer)
    plant = (await api.get("/api/v1/plant")).json()
    power = plant["power_watts"]
    assert (power["counted"], power["expected"], power["missing"]) == (2, 3, ["roof_3"])
    assert 80_000 < power["value"] < 90_000
    assert plant["grid"]["name"] == "grid meter"
    assert plant["grid"]["watts"] < -100_000
    assert plant["consumption_watts"] is None
    energy = plant["energy_today_kwh"]
    assert energy["value"] == 1_234_567.8 * 2 - 1_234_000.0 - 1_234_560.0
    assert plant["energy_since"] == plant["midnight"] + 1
    assert plant["grid"]["imported_today_kwh"] == 12.25
    assert plant["time_zone"] == "Europe/Paris"
    asked = len(kept.asked)
    await asyncio.gather(*(api.get("/api/v1/plant") for _ in range(3)))
    assert len(kept.asked) == asked


async def test_without_records_the_energy_is_not_known_and_power_is(api):
    plant = (await api.get("/api/v1/plant")).json()
    assert plant["energy_today_kwh"] == {
        "value": None, "counted": 0, "expected": 3, "missing": ["roof_1", "roof_2", "roof_3"],
    }  # fmt: skip
    assert plant["power_watts"]["value"] > 0


async def test_without_a_configuration_there_is_nothing_to_sum(serve, peers):
    del peers
    plant = (await (await serve()).get("/api/v1/plant")).json()
    assert plant["power_watts"] == {"value": None, "counted": 0, "expected": 0, "missing": []}
    assert (plant["grid"], plant["meters"], plant["time_zone"]) == (None, [], "UTC")
