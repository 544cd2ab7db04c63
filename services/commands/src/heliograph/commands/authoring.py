"""Helps who writes commands and scripts: tells the built-in commands, and reads scripts without running them."""

import asyncio

from heliograph.commands.language import BUILT_IN, COMMANDS, Parameter
from heliograph.commands.scripts.listed import mistakes
from heliograph.contract import (
    CommandSummary,
    LanguageAnswer,
    LanguageRequest,
    ParameterSummary,
    ScriptCheckAnswer,
    ScriptCheckRequest,
)


async def language(_: LanguageRequest) -> LanguageAnswer:
    """Tell which commands there are and what each takes."""
    return LanguageAnswer(
        commands=tuple(
            CommandSummary(name=f"{BUILT_IN}.{name}", parameters=tuple(map(_summary, parameters)))
            for name, parameters in COMMANDS.items()
        )
    )


async def script_check(request: ScriptCheckRequest) -> ScriptCheckAnswer:
    """Tell what Lua cannot read in these scripts."""
    found = await asyncio.to_thread(mistakes, request.scripts)
    return ScriptCheckAnswer(findings=tuple(map(str, found)))


def _summary(parameter: Parameter) -> ParameterSummary:
    kind = parameter.kind
    return ParameterSummary(
        name=parameter.name,
        words=kind.words,
        required=parameter.required,
        form=kind.form,
        choices=kind.choices,
        least=kind.least,
        most=kind.most,
    )
