"""Commands of scripts: what there is not is named, with the nearest name that there is."""

import pytest

from heliograph.commands.errors import CommandFailed
from heliograph.commands.functions import NoFunctions, refuse_unknown
from heliograph.commands.runner import Runner
from heliograph.formats import Command

BUILT_IN = ("readVariable", "writeVariable")


class TwoScripts(NoFunctions):
    def known(self):
        return {"zero export": ("setTarget", "pause"), "starting": ()}


def refusal(script: str, function: str, functions=None) -> str:
    with pytest.raises(CommandFailed) as failed:
        refuse_unknown(functions or TwoScripts(), Command(script, function), BUILT_IN)
    return str(failed.value)


@pytest.mark.parametrize(
    ("script", "function", "words"),
    [
        ("zero exprt", "pause", "there is no script 'zero exprt' (is 'zero export' meant?)"),
        ("zero export", "paus", "script 'zero export' has no function 'paus' (is 'pause' meant?)"),
        ("zero export", "xyz", "has no function 'xyz' (it has 'setTarget', 'pause')"),
        ("sunpn", "readVariable", "(is 'sunpm.readVariable' meant?)"),
        ("nothing", "near", "unknown command 'nothing.near': there is no script 'nothing'"),
    ],
)
def test_an_unknown_script_or_function_is_named_with_the_nearest_known_one(script, function, words):
    assert words in refusal(script, function)


def test_a_long_name_is_shortened():
    assert len(refusal("x" * 100_000, "y", NoFunctions())) < 300


@pytest.mark.parametrize(("script", "function"), [("zero export", "pause"), ("starting", "anything")])
def test_a_known_function_passes_and_so_does_any_of_a_script_whose_functions_are_not_known_yet(script, function):
    refuse_unknown(TwoScripts(), Command(script, function), BUILT_IN)


async def test_a_function_of_a_script_is_called_with_its_parameters_and_gives_the_result(desk, started, monkeypatch):
    class Doubling(TwoScripts):
        async def call(self, script, function, parameters):
            if function == "pause":
                raise CommandFailed("zero export.lua:7: no")
            return {"twice": parameters["x"] * 2, "bad": float("nan"), "half": "\ud800"}

    monkeypatch.setattr("heliograph.commands.app.Runner", lambda j, g, _, clock: Runner(j, g, Doubling(), clock))
    await started()
    call = {"rpcName": "zero export.setTarget", "parameters": {"x": 21}, "callerId": "c"}
    done, failed, unknown = await desk.ask(call, {"rpcName": "zero export.pause"}, {"rpcName": "zero export.paus"})
    assert done == {"result": {"twice": 42, "bad": None, "half": "?"}, "callerId": "c"}
    assert failed["error"] == "zero export.lua:7: no"
    assert "is 'pause' meant?" in unknown["error"]
