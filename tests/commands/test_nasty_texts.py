"""Texts made to break a reader: one result each that names the place, and what comes next runs."""

import json

from heliograph.formats import COMMAND_FILE_LIMIT

WRITE = {"rpcName": "sunpm.writeVariable", "parameters": {"device": 1, "variable": 1, "value": 1, "raw": True}}
GOOD = json.dumps(WRITE)
TEXTS = {
    "nothing": "",
    "null": "null",
    "NUL": "\x00" * COMMAND_FILE_LIMIT,
    "UTF-16 read as UTF-8": GOOD.encode("utf-16-le").decode(),
    "two marks": "\ufeff\ufeff" + GOOD,
    "too deep": f"[{GOOD}, {'[' * 100_000}",
    "a bomb": f'[{GOOD}, {{"rpcName": "a.b", "parameters": {{"x": [{"{}," * 300_000}{{}}]}}}}]',
    "twice": f'[{GOOD}, {{"rpcName": "sunpm.status", "rpcName": "sunpm.connect"}}]',
    "not a number": f'[{GOOD}, {{"rpcName": "sunpm.status", "expires": NaN}}]',
    "beyond a double": f'[{GOOD}, {{"rpcName": "sunpm.status", "parameters": {{"x": 1e400}}}}]',
    "many digits": f'[{GOOD}, {{"rpcName": "sunpm.status", "expires": {"9" * 5000}}}]',
    "half a pair": f'[{GOOD}, {{"rpcName": "sunpm.status", "callerId": "\\udc00"}}]',
    "cut": f"[{GOOD}, {GOOD[:-1]}",
}


async def test_a_text_that_is_wrong_anywhere_runs_nothing_and_gets_one_result_with_the_place(desk, service):
    for name, text in TEXTS.items():
        (answer,) = await desk.results_of(await desk.hand_in(text))
        assert "line 1, column" in answer["error"], name
        assert len(answer["error"]) < 300, name
        assert answer["callerId"] is None
    assert desk.peers.writes == []
    assert (await desk.ask(WRITE))[0]["result"]["raw"] == 1


async def test_what_is_odd_and_right_runs(desk, service):
    odd = "\x00\u2028\U0001f31e" + "é" * 1000
    (answer,) = await desk.results_of(await desk.hand_in("\ufeff \r\n" + json.dumps({**WRITE, "callerId": odd}) + "\n"))
    assert answer == {"result": {"value": answer["result"]["value"], "raw": 1}, "callerId": odd}
