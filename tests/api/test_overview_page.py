"""The overview: figures that are honest, each need with its place, states, servers, alarms and the clock."""

import pytest

from heliograph.api.clockstate import ClockState
from heliograph.api.models import Device
from heliograph.api.pages.attention import needs
from heliograph.contract import (
    ApiState,
    CollectorState,
    CommandsState,
    DeviceCondition,
    ScriptCondition,
    ServerState,
    SetPointState,
    StorageState,
    SyncState,
    Trial,
)
from heliograph.contract.status import status_document
from support.markup import Markup
from support.plausible import SERVER_1, collector_state, now, sync_state
from support.plausible_commands import scripts


def seen(html: str) -> str:
    """What a person reads, with plain blanks."""
    return " ".join(" ".join(Markup(html).texts).replace("\u202f", " ").split())


async def test_the_plant_is_told_at_a_glance(api):
    page = (await api.get("/")).text
    text = seen(page)
    for part in (
        "2 of 3 inverters answer · without roof_3", "fed in · grid meter", "Energy today",
        "not known: neither a counter of the day nor records since midnight", "3 answering", "1 not answering",
        "Server 1 main", "Server 2 backup", "16 records waiting", "roof_3 does not answer any more", "in Europe/Paris",
    ):  # fmt: skip
        assert part in text, part
    links = Markup(page).loaded
    assert {"/devices/3", "/servers", "/devices?state=answering", "/alarms", "/system"} <= set(links)


async def test_without_anything_it_says_what_to_do_next(serve, peers):
    del peers
    text = seen((await (await serve()).get("/")).text)
    assert "No configuration is in force yet" in text
    assert "No server is configured" in text
    assert "Power now" not in text


DEVICES = [
    Device(index=index, name=name, interface="", address=1, period_seconds=600, category="", model="", definition="")
    for index, name in (("3", "roof_3"), ("4", "grid meter"))
]


def states() -> dict:
    """Services in every trouble that the status document knows."""
    sync = sync_state(
        storage=StorageState(full=True),
        rejected=True,
        servers=(ServerState(server=SERVER_1, failures=3, problems=("the directory is missing",)),),
        trial=Trial(revision=4, back_to=3, since=0, until=now() + 60_000),
    )
    lost = collector_state().devices[2]
    absent = lost.model_copy(update={"device": "4", "name": "grid meter", "condition": DeviceCondition.ABSENT})
    point = SetPointState(device="3", variable="7", raw=1, fallback=0, until=0, lapsed=True)
    collector = collector_state(devices=(lost, absent), set_points=(point,), rejected="no", rejected_revision=4)
    failed = [script for script in scripts() if script.condition is ScriptCondition.WAITING]
    commands = CommandsState(time=now() - 60_000, started=0, scripts=tuple(failed))
    return {"sync": sync, "collector": collector, "commands": commands, "api": ApiState(time=now(), started=0)}


def test_each_need_leads_to_where_it_is_mended():
    lines = status_document(states(), now()).attention
    found = {need.text: need.href for need in needs(lines, DEVICES)}
    expected = {
        "Service commands is not running.": "/system",
        "The storage is full": "/servers",
        "The configuration set is refused": "/configuration",
        "Service collector could not take": "/configuration",
        "Revision 4 is on trial": "/configuration",
        "Server 1: 3 failed": "/servers",
        "Server 1: the directory": "/servers",
        "Device roof_3": "/devices/3",
        "Device grid meter": "/devices/4",
        "The set point of roof_3": "/devices/3",
        "Script night": "/scripts/night",
    }
    for beginning, place in expected.items():
        (text,) = [text for text in found if text.startswith(beginning)]
        assert found[text] == place, text
    assert len(found) == len(expected)


def test_a_need_of_which_nothing_is_known_leads_to_a_page_all_the_same():
    unknown = ("Device gone does not answer: nothing came.", "Script a/b failed and waits: x", "Something new.")
    assert [need.href for need in needs(unknown, DEVICES)] == ["/devices", "/scripts/a%2Fb", "/system"]


def test_there_is_no_configuration_yet():
    sync = SyncState(time=now(), started=1, findings=("CONFIG/x.ini:1:1: error: nothing",))
    lines = status_document({"sync": sync, "collector": CollectorState(time=now(), started=1)}, now()).attention
    assert [need.href for need in needs(lines, ())] == ["/system", "/system", "/configuration", "/configuration"]


@pytest.mark.parametrize(("answer", "synchronised"), [(0, True), (5, False), (-1, None), (4, True)])
def test_the_kernel_tells_whether_a_time_service_keeps_the_clock(answer, synchronised):
    asked: list[int] = []
    moments = iter([0.0, 1.0, 31.0])

    def adjtimex() -> int:
        asked.append(1)
        return answer

    clock = ClockState(adjtimex, lambda: next(moments))
    assert [clock.synchronised for _ in range(3)] == [synchronised] * 3
    assert len(asked) == 2


def test_this_machine_answers():
    assert ClockState().synchronised in {True, False, None}
