"""An answer that is sent piece by piece: its end, and what is told of a fault."""

import asyncio
import logging

import pytest

from heliograph.api.pouring import pour, pour_events, send_piece


async def staying() -> dict[str, str]:
    """A client that stays."""
    return await asyncio.get_running_loop().create_future()


async def test_it_ends_when_the_client_goes():
    stopped = asyncio.Event()

    async def work() -> None:
        try:
            await staying()
        finally:
            stopped.set()

    async def going() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async with asyncio.timeout(30):
        await pour(work(), going, "something")
    assert stopped.is_set()


@pytest.mark.parametrize(("fault", "is_told"), [(ValueError("no such section"), True), (ConnectionError(), False)])
async def test_a_fault_of_ours_is_told_and_one_of_the_line_is_not(caplog, fault, is_told):
    async def work() -> None:
        raise fault

    sent: list[dict] = []

    async def send(message) -> None:
        sent.append(message)

    with caplog.at_level(logging.ERROR):
        async with asyncio.timeout(30):
            await pour_events(work(), staying, send, "events")
    assert ("events ended early" in caplog.text) is is_told
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert not sent[-1]["more_body"]


async def test_a_client_that_does_not_read_is_cut_off():
    async def send(_) -> None:
        await staying()

    with pytest.raises(TimeoutError):
        await send_piece(send, b"piece", seconds=0.01)
