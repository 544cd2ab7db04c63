"""Command files in, results out (spec 4.1)."""

import contextlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.formats import (
    COMMAND_FILE_LIMIT,
    Command,
    CommandError,
    CommandResult,
    parse_commands,
    parse_results,
    write_results,
)

EXAMPLE = (
    '[{"rpcName": "sunpm.writeVariable", "parameters": {"device": "roof_1", "variable": "cmdPwrPercent", "value": 60}, '
    '"callerId": "req-41"}]'
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def test_the_example_of_the_specification():
    parameters = {"device": "roof_1", "variable": "cmdPwrPercent", "value": 60}
    assert parse_commands(EXAMPLE) == [Command("sunpm", "writeVariable", parameters, "req-41")]


def test_a_single_object_may_stand_without_brackets():
    assert parse_commands('{"rpcName": "sunpm.status"}') == [Command("sunpm", "status")]


def test_optional_members_may_be_null_and_bytes_may_have_a_mark():
    content = b'\xef\xbb\xbf{"rpcName": "sunpm.status", "parameters": null, "callerId": null, "expires": null}\r\n'
    assert parse_commands(content) == [Command("sunpm", "status")]


def test_a_script_name_may_hold_blanks_and_dots():
    command = parse_commands('{"rpcName": "night mode 1.2.start", "expires": 1717236000000}')[0]
    assert (command.script, command.function, command.expires) == ("night mode 1.2", "start", 1_717_236_000_000)
    assert command.name == "night mode 1.2.start"


def test_no_commands_are_no_error():
    assert parse_commands("[]") == []


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("", "line 1, column 1", "JSON value is expected"),
        ("hello", "line 1, column 1", "JSON value is expected"),
        ('[\n  {"rpcName": "a.b"},\n  7\n]', "line 3, column 3", "object is expected"),
        ('[\n  {"rpcName": "a.b"}\n  {"rpcName": "a.b"}]', "line 3, column 3", "',' or ']' is missing"),
        ('[{"rpcName": "a.b"},]', "line 1, column 21", "JSON value is expected"),
        ('[{"rpcName": "a.b"}', "line 1, column 20", "',' or ']' is missing"),
        ('[{"rpcName": "a.b"}] x', "line 1, column 22", "more text"),
        ('{"rpcname": "a.b"}', "line 1, column 2", 'unknown key "rpcname"; did you mean'),
        ('{"colour": 1}', "line 1, column 2", "known: rpcName"),
        ('{"parameters": {}}', "line 1, column 1", "rpcName is missing"),
        ('{"rpcName": null}', "line 1, column 13", "rpcName is missing"),
        ('{"rpcName": "status"}', "line 1, column 13", "<script>.<function>"),
        ('{"rpcName": "a.b", "parameters": [1]}', "line 1, column 34", "parameters is to be an object"),
        ('{"rpcName": "a.b", "callerId": 7}', "line 1, column 32", "callerId is to be a text"),
        ('{"rpcName": "a.b", "expires": "soon"}', "line 1, column 31", "expires is to be a whole number"),
        ('{"rpcName": "a.b", "expires": true}', "line 1, column 31", "expires is to be a whole number"),
        ('{"rpcName": "a.b", "rpcName": "a.c"}', "line 1, column 20", "stands twice"),
        ('{"rpcName": "a.b", "parameters": {"value": NaN}}', "line 1, column 44", "NaN and Infinity are none"),
        ('{"rpcName": "a.b", "parameters": {"value": 1e999}}', "line 1, column 44", "too large"),
        ('{"rpcName": "a.b", "parameters": {"value": -}}', "line 1, column 44", "JSON value is expected"),
        ('{"rpcName": "a.b", "callerId": "\\ud800"}', "line 1, column 32", "surrogate"),
        ('{"rpcName": "a\n.b"}', "line 1, column 15", "control character"),
        ("{'rpcName': 'a.b'}", "line 1, column 2", "double quotes"),
        ("[" * 100_000, "line 1, column 34", "nested more than 32 deep"),
        ('{"a":' * 100_000, "line 1, column 166", "nested more than 32 deep"),
        ("[" + "9" * 5000 + "]", "line 1, column 2", "more than 1000 digits"),
    ],
)
def test_a_fault_names_its_line_and_column(text: str, place: str, reason: str):
    with pytest.raises(CommandError) as caught:
        parse_commands(text)
    assert place in str(caught.value)
    assert reason in str(caught.value)


def test_what_is_not_utf8_names_its_place():
    with pytest.raises(CommandError, match="line 2, column 14: not UTF-8"):
        parse_commands(b'[\n{"rpcName": "\xe9.b"}]')


def test_over_one_mebibyte_is_refused():
    padding = " " * (COMMAND_FILE_LIMIT - len(EXAMPLE))
    assert len(parse_commands(EXAMPLE + padding)) == 1
    with pytest.raises(CommandError, match="larger than 1024 KiB"):
        parse_commands(EXAMPLE + padding + " ")


@given(st.text() | st.binary())
def test_nothing_crashes_the_reader(content: str | bytes):
    with contextlib.suppress(CommandError):
        parse_commands(content)


@given(json_values)
def test_every_json_value_reads_as_the_standard_library_reads_it(value: object):
    content = json.dumps({"rpcName": "a.b", "parameters": {"value": value}})
    assert parse_commands(content)[0].parameters == {"value": value}


def test_results_are_an_array_with_one_object_for_each_command():
    results = [
        CommandResult(result={"value": 60, "raw": 600}, caller_id="req-41"),
        CommandResult(error="no device 'röof_1'", caller_id="req-42"),
        CommandResult(result="OK"),
    ]
    text = write_results(results)
    assert json.loads(text) == [
        {"result": {"value": 60, "raw": 600}, "callerId": "req-41"},
        {"error": "no device 'röof_1'", "callerId": "req-42"},
        {"result": "OK", "callerId": None},
    ]
    assert parse_results(text) == results


def test_a_result_that_json_can_not_hold_becomes_null():
    assert json.loads(write_results([CommandResult(result=[math.nan, {"a": math.inf}])]))[0]["result"] == [
        None,
        {"a": None},
    ]


@given(st.lists(st.builds(CommandResult, result=json_values, caller_id=st.none() | st.text()), max_size=4))
def test_results_read_back(results: list[CommandResult]):
    assert parse_results(write_results(results)) == results


@pytest.mark.parametrize(
    "text", ['[{"result": 1, "error": "x", "callerId": null}]', '[{"callerId": null}]', '[{"error": null}]', "[1]"]
)
def test_a_result_is_exactly_one_of_result_and_error(text: str):
    with pytest.raises(CommandError):
        parse_results(text)
