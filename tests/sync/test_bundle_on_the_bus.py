"""The debug bundle, asked for over a real bus by each that may (spec 3.4)."""

import asyncio

import pytest

from heliograph.contract import ApiState, BundleAnswer, BundleRequest, Service, ServiceState
from heliograph.contract.channels import BUNDLE, STATE
from heliograph.runtime import Bus, BusError
from support.bundles import unpacked
from support.syncing import Running, plant_set, until

SAID = ApiState(time=77, started=1)


async def asked(bus: Bus) -> BundleAnswer | None:
    """What sync answers; None while it starts."""
    try:
        answer = await bus.request(BUNDLE, BundleRequest(origin="command"), timeout=60)
    except BusError:
        return None
    if answer.error:
        assert "no configuration is in force yet" in answer.error
        return None
    return answer


async def delivered(running: Running, name: str) -> bytes:
    """The bytes of a bundle, once both servers have it."""
    await until(lambda: all(name in running.names(number, "LOG") for number in (1, 2)))
    first, second = (running.servers[number].files[f"/LOG/{name}"] for number in (1, 2))
    assert first == second
    return first


@pytest.mark.parametrize("service", [Service.API, Service.COMMANDS])
async def test_it_is_made_and_both_servers_get_it_at_once_with_what_the_services_said(
    service, broker, connect, tmp_path
):
    running = Running(broker, tmp_path, gateway_set=plant_set(tmp_path / "set", FTP_Password="hush hush"))
    async with running.run(), asyncio.timeout(120):
        bus = await connect(service)
        api = bus if service is Service.API else await connect(Service.API)
        heard: list[ServiceState] = []

        async def hear(state: ServiceState) -> None:
            heard.append(state)

        await api.watch(STATE, hear)
        await until(lambda: any(state.service == "sync" and state.revision == 1 for state in heard))
        await api.store(STATE, SAID, service="api")
        files: dict[str, str] = {}
        while "states/api.json" not in files:
            answer = await asked(bus)
            if answer is not None:
                assert answer.servers == (1, 2)
                files = unpacked(await delivered(running, answer.name))
        assert '"time": 77' in files["states/api.json"]
        assert '"broker": "2.' in files["versions.json"]
        assert "hush hush" not in "".join(files.values())
