"""How much a way may bring: commands at once and a minute, sizes of answers; what is beyond is answered."""

import json

from heliograph.commands import runner
from heliograph.commands.budget import ERROR_LEFT_OUT, MAX_BYTES, RESULT_LEFT_OUT, Budget
from heliograph.commands.entries import MAX_ERROR, json_text
from heliograph.commands.executor import MAX_COMMANDS
from heliograph.commands.rate import A_MINUTE, AT_ONCE, Rate
from heliograph.contract import CommandResults, Way
from heliograph.formats import COMMAND_FILE_LIMIT, CommandResult, write_results
from heliograph.runtime.bus import MAX_PAYLOAD


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


def admitted(rate: Rate) -> int:
    count = 0
    while rate.admits():
        count += 1
    return count


def test_a_way_brings_so_many_at_once_and_then_so_many_a_minute():
    clock = Hands()
    rate = Rate(clock, at_once=50, a_minute=120)
    assert admitted(rate) == 50
    clock.now += 30
    assert admitted(rate) == 50
    clock.now += 0.25
    assert admitted(rate) == 0
    clock.now += 0.5
    assert admitted(rate) == 1
    clock.now += 3600
    assert admitted(rate) == 50


def test_a_full_text_and_a_thousand_in_a_minute_are_within_the_rate():
    assert AT_ONCE >= 2 * MAX_COMMANDS
    assert A_MINUTE > 1000


def test_answers_beyond_the_limit_are_left_out_and_each_command_stays_answered():
    budget, half = Budget(), json_text("x" * (MAX_BYTES // 2))
    assert budget.within(half, None) == (half, None)
    assert budget.within('"OK"', None) == ('"OK"', None)
    assert budget.within(half, None) == (None, RESULT_LEFT_OUT)
    assert budget.within(None, "why") == (None, "why")
    assert budget.within(None, "é" * MAX_BYTES) == (None, ERROR_LEFT_OUT)


def test_the_largest_answers_fit_a_message():
    """Every command failed with a long text full of quotes, and callers fill the text that was sent."""
    budget, answers = Budget(), []
    caller = '"' * (COMMAND_FILE_LIMIT // 2 // MAX_COMMANDS)
    for _ in range(MAX_COMMANDS):
        _, error = budget.within(None, '"' * MAX_ERROR)
        answers.append(CommandResult(error=error, caller_id=caller))
    payload = CommandResults(identity="x" * 64, way=Way.LOCAL, text=write_results(answers))
    assert len(payload.model_dump_json().encode()) < MAX_PAYLOAD


async def test_a_flood_in_one_way_is_answered_and_held_back_in_none_of_the_others(desk, service, monkeypatch):
    monkeypatch.setattr(runner, "Rate", lambda clock: Rate(clock, at_once=20, a_minute=1))
    flood = [{"rpcName": "sunpm.connect", "callerId": str(n)} for n in range(30)]
    answers = await desk.ask(*flood, way=Way.MQTT)
    assert [a["callerId"] for a in answers] == [str(n) for n in range(30)]
    assert ["error" in a for a in answers] == [False] * 20 + [True] * 10
    assert "commands a minute came this way" in answers[-1]["error"]
    assert (await desk.ask(flood[0]))[0]["result"] == "OK"
    assert len(desk.peers.connects) == 21


async def test_a_full_text_is_answered_command_by_command_in_order(desk, service):
    """Of the largest number; most are too late, which costs nothing."""
    late = {"rpcName": "sunpm.connect", "expires": 1}
    commands = [{**late, "callerId": str(n)} for n in range(MAX_COMMANDS - 1)]
    text = json.dumps([*commands, {"rpcName": "sunpm.connect"}], separators=(",", ":"))
    assert len(text) < COMMAND_FILE_LIMIT
    answers = await desk.results_of(await desk.hand_in(text))
    assert [a["callerId"] for a in answers] == [*(str(n) for n in range(MAX_COMMANDS - 1)), None]
    assert answers[-1]["result"] == "OK"
