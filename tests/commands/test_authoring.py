"""What helps who writes commands and scripts: the table as it is told, and mistakes with their lines."""

from heliograph.commands.authoring import language, script_check
from heliograph.commands.language import COMMANDS
from heliograph.contract import LanguageRequest, ScriptCheckRequest


async def test_every_built_in_command_is_told_with_what_it_takes():
    told = {command.name: command for command in (await language(LanguageRequest())).commands}
    assert set(told) == {f"sunpm.{name}" for name in COMMANDS}
    interface, minutes = told["sunpm.log"].parameters
    assert (interface.form, interface.choices) == ("choice", ("serial1", "serial2", "serial3", "ethernet"))
    assert (minutes.form, minutes.least, minutes.most, minutes.required) == ("number", 1, 1440, True)
    forms = [parameter.form for parameter in told["sunpm.writeVariable"].parameters]
    assert forms == ["device", "variable", "value", "flag", "flag"]
    assert [p.form for p in told["sunpm.updateFirmware"].parameters if p.name == "password"] == ["secret"]


async def test_a_mistake_in_a_script_is_told_with_its_line():
    scripts = {"SCRIPT/a.lua": "wd.log('a')\nif x the\nend\n", "SCRIPT/b.lua": "wd.log('b')\n"}
    (finding,) = (await script_check(ScriptCheckRequest(scripts=scripts))).findings
    assert finding.startswith("SCRIPT/a.lua:2:1: error: Lua cannot read it: ")
