"""`/api/v1/commands`: executed, answered, once for a key; the journal. The service commands is played."""

import json

import pytest

from heliograph.api.commanded import CommandsDone, CommandsNow, CommandsRunning, EntryList
from heliograph.api.models import ProblemDocument
from heliograph.api.ordering import wait_seconds
from heliograph.contract import ExecuteAnswer, JournalResult, JournalWay, Way
from heliograph.formats import COMMAND_FILE_LIMIT
from support.plausible_commands import entry

PATH = "/api/v1/commands"
WRITE = {
    "rpcName": "sunpm.writeVariable",
    "parameters": {"device": "roof_1", "variable": "cmdPwrPercent", "value": 60},
    "callerId": "req-41",
}


def problem(answer, status: int) -> ProblemDocument:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return ProblemDocument.model_validate_json(answer.content)


async def test_commands_are_executed_as_they_came_and_answered_as_in_a_file(api, commands):
    text = json.dumps([WRITE, WRITE], indent=1)
    answer = await api.send("POST", PATH, content=text)
    assert answer.status_code == 200, answer.text
    assert answer.json()["results"] == [
        {"result": {"value": 60.0, "raw": 60}, "callerId": "req-41"},
        {"error": "no device x", "callerId": None},
    ]
    done = CommandsDone.model_validate_json(answer.content)
    (asked,) = commands.executed
    assert (asked.text.text, asked.text.way, asked.text.identity) == (text, Way.LOCAL, done.identity)
    assert asked.text.origin == "REST, 127.0.0.1"
    assert answer.headers["location"] == f"{PATH}/{done.identity}"


async def test_the_origin_names_who_asks_as_far_as_it_is_known(api, commands):
    for client in ("web page", "CLI", "root"):
        await api.send("POST", PATH, json=WRITE, headers={"Heliograph-Client": client})
    origins = [request.text.origin for request in commands.executed]
    assert origins == ["web page, 127.0.0.1", "CLI, 127.0.0.1", "REST, 127.0.0.1"]


async def test_what_is_still_running_is_accepted_and_can_be_followed(api, commands):
    commands.answer = ExecuteAnswer(finished=False)
    answer = await api.send("POST", PATH, json=[WRITE, WRITE], headers={"Prefer": "wait=2"})
    assert answer.status_code == 202, answer.text
    running = CommandsRunning.model_validate_json(answer.content)
    assert commands.executed[0].wait_seconds == 2
    assert answer.headers["preference-applied"] == "wait=2"
    place = answer.headers["location"]
    assert CommandsNow.model_validate_json((await api.get(place)).content).finished is False, "not yet begun"
    commands.rows = [entry(90, text=running.identity)]
    assert (await api.get(place)).json()["finished"] is False, "the second was not yet begun"
    commands.rows = [entry(91, text=running.identity, position=1), *commands.rows]
    now = CommandsNow.model_validate_json((await api.get(place)).content)
    assert (now.finished, [row.position for row in now.commands]) == (True, [0, 1])


async def test_a_key_names_one_text_alone(api, commands):
    key = {"Idempotency-Key": "order 7"}
    first = await api.send("POST", PATH, json=WRITE, headers=key)
    again = await api.send("POST", PATH, json=WRITE, headers=key)
    assert first.json()["identity"] == again.json()["identity"]
    assert len({request.text.identity for request in commands.executed}) == 1
    other = problem(await api.send("POST", PATH, json=[WRITE], headers=key), 422)
    assert "Idempotency-Key" in other.detail
    assert len(commands.executed) == 2
    without = [(await api.send("POST", PATH, json=WRITE)).json()["identity"] for _ in range(2)]
    assert len({*without, first.json()["identity"]}) == 3


async def test_a_key_that_is_none_runs_nothing(api, commands):
    for key in ("", "x" * 201):
        problem(await api.send("POST", PATH, json=WRITE, headers={"Idempotency-Key": key}), 422)
    assert commands.executed == []


async def test_what_is_no_text_of_commands_runs_nothing_and_is_told_with_its_place(api, commands):
    for text, said in (
        (b"", "line 1, column 1"),
        (b"{", "line 1"),
        (b'[\n {"rpcName": "sunpm.status",}\n]', "line 2"),
        (b'{"rpcName": "sunpm.status", "callerID": "x"}', "callerId"),
        (b'[{"rpcName": NaN}]', "line 1, column 14"),
        (b"[" * 100_000, "nested"),
        (b"\xff\xfe", "UTF-8"),
    ):
        assert said in problem(await api.send("POST", PATH, content=text), 422).detail
    assert commands.executed == []


async def test_a_text_may_have_one_mebibyte_and_not_a_byte_more(api, commands):
    text = json.dumps(WRITE).encode()
    whole = text + b" " * (COMMAND_FILE_LIMIT - len(text))
    assert (await api.send("POST", PATH, content=whole)).status_code == 200
    problem(await api.send("POST", PATH, content=whole + b" "), 413)
    assert len(commands.executed) == 1


async def test_without_the_token_nothing_runs(api, commands):
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        problem(await api.post(PATH, json=WRITE, headers=headers), 401)
    assert commands.executed == []


async def test_a_refusal_is_told(api, commands):
    commands.answer = ExecuteAnswer(error="too many texts wait: try again later")
    assert problem(await api.send("POST", PATH, json=WRITE), 409).detail == "too many texts wait: try again later"


async def test_without_the_service_commands_it_is_said_what_is_not_known(serve, peers):
    api = await serve()
    detail = problem(await api.send("POST", PATH, json=WRITE), 503).detail
    assert "commands does not answer" in detail
    assert f"GET {PATH}/local-" in detail
    problem(await api.get(PATH), 503)


async def test_the_journal_comes_in_pages_newest_first(api, commands):
    del commands
    numbers, query = [], {"limit": 25}
    while query.get("before", 0) is not None:
        page = EntryList.model_validate_json((await api.get(PATH, params=query)).content)
        numbers += [row.number for row in page.entries]
        query["before"] = page.before
    assert numbers == list(range(60, 0, -1))


async def test_an_entry_says_who_what_when_and_what_came_of_it(api, commands):
    commands.rows = [entry(7, result='{"value": 6', parameters='{"device": "ro…', caller="")]
    (row,) = (await api.get(PATH)).json()["entries"]
    assert row["parameters"] == '{"device": "ro…', "as a text where it was shortened"
    assert (row["callerId"], row["seconds"], row["way"]) == (None, 0.19, "mqtt")
    commands.rows = [entry(8)]
    (row,) = (await api.get(PATH)).json()["entries"]
    assert (row["result"], row["parameters"]["value"], row["callerId"]) == ({"value": 60.0, "raw": 60}, 60, "req-8")


async def test_the_journal_is_filtered_by_way_and_failure(api, commands):
    rows = EntryList.model_validate_json((await api.get(f"{PATH}?way=script&failed=true")).content).entries
    assert rows
    assert {(row.way, row.error is None) for row in rows} == {(JournalWay.SCRIPT, False)}
    assert (commands.asked[-1].way, commands.asked[-1].outcome) == (JournalWay.SCRIPT, JournalResult.FAILED)


FOUND = {
    "command=REBOOT": [92], "device=1&before=93": [91], "who=10.0.0.9": [92], "text=pump": [90], "result=running": [92],
    "result=failed&text=pump": [90], "text=nowhere": [],
}  # fmt: skip


async def test_the_journal_is_filtered_by_command_device_asker_words_and_result(api, commands):
    commands.rows = [
        entry(92, name="sunpm.reboot", origin="REST, 10.0.0.9", ended=None, result=None, parameters="{}"),
        entry(91, parameters='{"device": 1}'),
        entry(90, parameters='{"device": "pump"}', error="silent", result=None),
    ]
    for query, found in FOUND.items():
        answer = await api.get(f"{PATH}?{query}&limit=1")
        assert [row["number"] for row in answer.json()["entries"]] == found, query
        assert ('rel="next"' in answer.headers.get("link", "")) is bool(found)
        assert not found or query.replace("&before=93", "") in answer.json()["next"]


async def test_a_device_is_looked_for_by_its_index_and_its_name(api, commands):
    await api.get(f"{PATH}?device=1")
    assert commands.asked[-1].devices == ("1", "roof_1")
    problem(await api.get(f"{PATH}?device=a.>"), 422)
    problem(await api.get(f"{PATH}?result=perhaps"), 422)
    problem(await api.get(f"{PATH}?text={'x' * 201}"), 422)
    assert problem(await api.get(f"{PATH}?way=post"), 422).errors[0].place == "query.way"


async def test_one_text_is_told_and_an_unknown_one_is_not_there(api, commands):
    del commands
    assert (await api.get(f"{PATH}/text-12")).json()["commands"][0]["number"] == 12
    problem(await api.get(f"{PATH}/nothing"), 404)
    problem(await api.get(f"{PATH}/{'x' * 5000}"), 404)


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, 30), ("", 30), ("wait=5", 5), ("Wait = 5", 5), ("respond-async", 0), ("respond-async, wait=10", 10),
        ("wait=900", 60), ("wait=0", 0), ("wait=x", 30), ("await=5", 30), ("return=minimal; wait=3", 3),
    ],
)  # fmt: skip
def test_how_long_to_wait_is_what_prefer_says(prefer, seconds):
    assert wait_seconds(prefer) == seconds
