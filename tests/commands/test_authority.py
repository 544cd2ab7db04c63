"""Who may do what: the switch of each way, looked at when a command runs, refusals answered and in the journal."""

import pytest

from heliograph.commands.authority import READING, SWITCHES, refuse_unauthorised
from heliograph.commands.errors import CommandFailed
from heliograph.commands.language import COMMANDS
from heliograph.contract import Authorities, Authority, JournalRequest, JournalResult, Service, Way
from heliograph.contract.channels import CONFIGURATION, JOURNAL
from support.plausible import revision
from support.plausible_set import UID

NAMES = [*(f"sunpm.{name}" for name in COMMANDS), "zero_export.pause", "sunpm2.status", "status"]


def refusal(name: str, way: Way, authority: Authority) -> str:
    """Why it is refused; empty when it is not."""
    others = dict.fromkeys(("file", "mqtt", "local"), Authority.ALL if authority is Authority.NONE else Authority.NONE)
    force = revision().model_copy(update={"authorities": Authorities(**others | {way.value: authority})})
    try:
        refuse_unauthorised(name, way, force)
    except CommandFailed as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize("way", Way)
def test_the_switch_of_the_way_alone_decides(way):
    """`read` lets the three pass that change nothing; a script's function acts, whatever its name."""
    for name in NAMES:
        reads = name in {f"sunpm.{function}" for function in READING}
        assert refusal(name, way, Authority.ALL) == ""
        assert bool(refusal(name, way, Authority.READ)) is not reads
        assert f"{SWITCHES[way]}=none in CONFIG/{UID}_config.ini" in refusal(name, way, Authority.NONE)


@pytest.mark.parametrize("way", Way)
def test_before_a_configuration_is_in_force_only_reading_is_done(way):
    refuse_unauthorised("sunpm.status", way, None)
    with pytest.raises(CommandFailed, match=f"{SWITCHES[way]} is not known"):
        refuse_unauthorised("sunpm.connect", way, None)


async def test_a_refusal_is_answered_and_in_the_journal_and_a_new_revision_counts_for_the_next_command(
    desk, service, connect
):
    desk.peers.registers["1", "1"] = 7
    write = {"rpcName": "sunpm.writeVariable", "parameters": {"device": 1, "variable": 1, "value": 5, "raw": True}}
    read = {"rpcName": "sunpm.readVariable", "parameters": {"device": 1, "variable": 1}}
    await desk.configure(4, file=Authority.READ, mqtt=Authority.NONE)
    by_file, reading = await desk.ask(write, read)
    (by_mqtt,) = await desk.ask(read, way=Way.MQTT)
    assert f"CMD_File=read in CONFIG/{UID}_config.ini" in by_file["error"]
    assert reading["result"]["raw"] == 7
    assert f"CMD_Mqtt=none in CONFIG/{UID}_config.ini" in by_mqtt["error"]
    assert desk.peers.writes == []
    api = await connect(Service.API)
    page = await api.request(JOURNAL, JournalRequest(outcome=JournalResult.FAILED), timeout=60)
    assert [entry.error for entry in page.entries] == [by_mqtt["error"], by_file["error"]]
    await desk.configure(5)
    assert (await desk.ask(write))[0]["result"]["raw"] == 5


async def test_a_text_that_waited_on_the_bus_meets_the_switch_of_the_first_revision(desk, started):
    """The text comes at once at the start, the revision a little later: the write waits for it."""
    await desk.sync.store(
        CONFIGURATION, revision(9).model_copy(update={"authorities": Authorities(file=Authority.NONE)})
    )
    identity = await desk.hand_in([{"rpcName": "sunpm.connect"}])
    await started()
    (answer,) = await desk.results_of(identity)
    assert "CMD_File=none" in answer["error"]
    assert desk.peers.connects == []
