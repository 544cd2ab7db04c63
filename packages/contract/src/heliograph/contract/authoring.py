"""What helps a person who writes commands and scripts: the table of built-in commands, and Lua read beforehand."""

from typing import Annotated, Literal

from pydantic import Field

from heliograph.contract.identifiers import Payload
from heliograph.contract.requests import Outcome

ParameterForm = Literal["device", "variable", "value", "flag", "number", "choice", "text", "secret"]
"""How a parameter is best asked for."""


class LanguageRequest(Payload):
    """Ask for the built-in commands."""


class ParameterSummary(Payload):
    """One parameter of a built-in command."""

    name: str
    words: str
    """What it may hold, for people: `a whole number of seconds, 1 to 3600`."""
    required: bool = False
    form: ParameterForm = "text"
    choices: tuple[str, ...] = ()
    """Of a choice: all that it may be."""
    least: int | None = None
    most: int | None = None


class CommandSummary(Payload):
    """One built-in command and what it takes (spec 4.2)."""

    name: str
    """As in `rpcName`: `sunpm.connect`."""
    parameters: tuple[ParameterSummary, ...] = ()


class LanguageAnswer(Outcome):
    """The built-in commands."""

    commands: tuple[CommandSummary, ...] = ()


class ScriptCheckRequest(Payload):
    """Have scripts read by Lua without running them."""

    scripts: Annotated[dict[str, str], Field(max_length=64)]
    """Source by path in the set: `SCRIPT/night.lua`."""


class ScriptCheckAnswer(Outcome):
    """What Lua cannot read."""

    findings: tuple[str, ...] = ()
    """`file:line:column: error: text`."""
