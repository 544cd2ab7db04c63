"""All services restart by one notice, and a factory reset deletes what each keeps, through kills at any moment."""

import asyncio
import errno
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from heliograph.contract import RestartNotice, Service
from heliograph.contract.channels import RESTART
from heliograph.runtime import BusError
from heliograph.runtime.restart import RESET_FILE, carry_out_reset, order_reset
from support.living import ended, start

TIME = 1_717_243_200_000
LIMIT = 60


def fill(directory) -> None:
    (directory / "outgoing" / "deep").mkdir(parents=True)
    (directory / "outgoing" / "deep" / "file").write_text("x")
    (directory / "sync.db").write_text("x")
    (directory / "inputs.json").write_text("{}")
    (directory / "link").symlink_to(directory.parent / "elsewhere")


def names(directory) -> set[str]:
    return {entry.name for entry in directory.iterdir()}


@pytest.fixture
def state(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "precious").write_text("not ours")
    directory = tmp_path / "state"
    directory.mkdir()
    fill(directory)
    return directory


def test_without_an_order_nothing_is_deleted(state):
    before = names(state)
    reset = carry_out_reset(state, ())
    assert (reset.time, reset.is_new, names(state)) == (None, False, before)


def test_an_order_deletes_everything_but_what_is_spared_and_follows_no_link(state):
    order_reset(state, TIME)
    reset = carry_out_reset(state, ("inputs.json",))
    assert (reset.time, reset.is_new, reset.left) == (TIME, True, ())
    assert names(state) == {RESET_FILE, "inputs.json"}
    assert (state.parent / "elsewhere" / "precious").exists()


def test_an_order_is_carried_out_once(state):
    order_reset(state, TIME)
    carry_out_reset(state, ())
    fill_again = state / "sync.db"
    fill_again.write_text("new data")
    reset = carry_out_reset(state, ())
    assert (reset.time, reset.is_new, fill_again.exists()) == (TIME, False, True)


def test_a_kill_in_the_middle_is_gone_on_with(state):
    order_reset(state, TIME)
    shutil.rmtree(state / "outgoing")  # as far as the kill let it come
    assert carry_out_reset(state, ()).is_new
    assert names(state) == {RESET_FILE}


def test_an_order_that_cannot_be_read_deletes_nothing(state):
    (state / RESET_FILE).write_text('{"time": 17')
    before = names(state)
    assert carry_out_reset(state, ()).time is None
    assert names(state) == before


def test_what_may_not_be_deleted_is_told_and_keeps_nothing_else(state, monkeypatch):
    kept = state / "outgoing" / "deep" / "file"
    unlink = Path.unlink

    def refuse(path: Path, *, missing_ok: bool = False) -> None:
        if path == kept:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    order_reset(state, TIME)
    reset = carry_out_reset(state, ("inputs.json",))
    assert f"{kept}: Permission denied" in reset.left
    assert names(state) == {RESET_FILE, "outgoing", "inputs.json"}
    assert not carry_out_reset(state, ()).is_new, "it is not tried for ever"


async def told(connect, process, notice: RestartNotice) -> None:
    """Give a notice until the process ends: it may not listen yet."""
    sync = await connect(Service.SYNC)
    async with asyncio.timeout(LIMIT):
        while process.poll() is None:
            with suppress(BusError):
                await sync.publish(RESTART, notice)
            await asyncio.sleep(0.1)


async def test_the_notice_ends_a_service_in_order(broker, connect, tmp_path):
    process = start(tmp_path, "await context.stopping.wait()", broker.url)
    await told(connect, process, RestartNotice(time=TIME, reason="a person asks for it"))
    _, said = process.communicate(timeout=LIMIT)
    assert process.returncode == 0
    assert "ends and starts again: a person asks for it" in said
    assert not (tmp_path / "state" / RESET_FILE).exists()


async def test_the_notice_of_a_reset_deletes_at_the_next_start_and_is_heard_once(broker, connect, tmp_path):
    process = start(tmp_path, "await context.stopping.wait()", broker.url)
    notice = RestartNotice(time=TIME, reason="factory reset", factory=True)
    await told(connect, process, notice)
    assert ended(process) == 0
    (tmp_path / "state" / "data").write_text("collected")
    again = start(tmp_path, "print(context.reset, file=sys.stderr); await asyncio.sleep(1)", broker.url)
    sync = await connect(Service.SYNC)
    while again.poll() is None:
        await sync.publish(RESTART, notice)
        await asyncio.sleep(0.05)
    _, said = again.communicate(timeout=LIMIT)
    assert f"\n{TIME}\n" in said
    assert "what this service kept is deleted" in said
    assert "ends and starts again" not in said
    assert names(tmp_path / "state") == {RESET_FILE}
