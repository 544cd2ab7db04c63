"""`reboot`, `factory` and `updateFirmware` against a real broker: what is asked of whom, and what is never said."""

import asyncio

import pytest

from heliograph.commands.actions import reboot
from heliograph.contract import FactoryRequest, Outcome, RestartNotice
from heliograph.contract.channels import FACTORY, RESTART

LIMIT = 60


@pytest.fixture(autouse=True)
async def _running(service):
    return service


@pytest.fixture
async def orders(desk) -> list[FactoryRequest]:
    """What sync is asked to delete; it takes the uid W alone."""
    asked: list[FactoryRequest] = []

    async def answer(request: FactoryRequest) -> Outcome:
        asked.append(request)
        return Outcome(error="" if request.confirm == "W" else "confirm is not this gateway's uid")

    await desk.sync.serve(FACTORY, answer)
    return asked


async def test_reboot_is_answered_and_then_all_services_are_told(desk, monkeypatch):
    monkeypatch.setattr(reboot, "HAND_OVER_SECONDS", 0.05)
    told: asyncio.Queue[tuple[RestartNotice, int]] = asyncio.Queue()

    async def hear(notice: RestartNotice) -> None:
        await told.put((notice, len(desk.results)))

    await desk.sync.subscribe(RESTART, hear)
    assert (await desk.call("reboot"))["result"] == "OK"
    notice, results = await asyncio.wait_for(told.get(), LIMIT)
    assert (notice.factory, results) == (False, 1), "the results are handed over before"


async def test_factory_is_asked_of_sync_which_confirms_it(desk, orders):
    assert (await desk.call("factory", confirm="W"))["result"] == "OK"
    assert orders == [FactoryRequest(confirm="W", origin="command")]


async def test_factory_without_the_uid_is_refused(desk, orders):
    assert (await desk.call("factory", confirm="X"))["error"] == "confirm is not this gateway's uid"
    assert (await desk.call("factory"))["error"] == "sunpm.factory: confirm is missing: the gateway's uid"
    assert "confirm is to be the gateway's uid" in (await desk.call("factory", confirm=1))["error"]
    assert [order.confirm for order in orders] == ["X"]


async def test_without_sync_nobody_knows_whether_everything_is_deleted(desk):
    assert "not known whether everything will be deleted" in (await desk.call("factory", confirm="W"))["error"]


async def test_update_firmware_is_not_supported_once_its_parameters_are_right(desk):
    good = {"url": "https://example.org/wgapp_6.spm", "login": "a", "password": "hush", "checksum": "0" * 32}
    assert "is not supported by this version" in (await desk.call("updateFirmware", **good))["error"]
    for wrong in ({"checksum": "0" * 31}, {"url": ""}, {"login": 1}, {"interface": []}):
        assert f"{next(iter(wrong))} is to be" in (await desk.call("updateFirmware", **good | wrong))["error"]


@pytest.mark.parametrize("password", [4711_0815, ["hush-4711"], "hush-4711" * 100])
async def test_a_password_of_the_wrong_form_is_quoted_nowhere(desk, password, tmp_path, caplog):
    error = (await desk.call("updateFirmware", url="https://example.org/x", password=password))["error"]
    assert "password is to be a text" in error
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("commands*") if file.is_file()).decode("latin-1")
    for secret in ("4711", "0815"):
        assert secret not in error + kept + caplog.text
