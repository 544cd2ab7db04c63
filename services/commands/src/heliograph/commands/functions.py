"""What a script's functions are to the executor: names to be known, and a call (spec 4.3). `scripts` has them."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from heliograph.commands.errors import CommandFailed
from heliograph.commands.language import BUILT_IN, nearest, quoted
from heliograph.formats import Command


class Functions(Protocol):
    """The functions of scripts that can be called by command."""

    def known(self) -> Mapping[str, Sequence[str]]:
        """By script (file name without `.lua`): the names of its functions; none while they are not known."""
        ...

    async def call(self, script: str, function: str, parameters: Mapping[str, Any]) -> Any:
        """Call one and return what it returns, as JSON can carry it.

        Raises `CommandFailed`, also where the script is not running or has no such function.
        """
        ...


class NoFunctions:
    """No scripts at all."""

    def known(self) -> Mapping[str, Sequence[str]]:
        """See `Functions.known`."""
        return {}

    async def call(self, script: str, function: str, _: Mapping[str, Any]) -> Any:
        """See `Functions.call`."""
        raise CommandFailed(f"{script}.{function}: there are no scripts")


def refuse_unknown(functions: Functions, command: Command, built_in: Sequence[str]) -> None:
    """Raise `CommandFailed` with the nearest known name when no script has this function."""
    scripts = functions.known()
    if command.script not in scripts:
        known = [f"{BUILT_IN}.{name}" for name in built_in]
        known += [f"{script}.{name}" for script, names in scripts.items() for name in names]
        hint = nearest(command.script, scripts) or nearest(command.name, known)
        raise CommandFailed(
            f"unknown command {quoted(command.name)}: there is no script {quoted(command.script)}{hint}"
        )
    names = scripts[command.script]
    if names and command.function not in names:
        raise CommandFailed(
            f"unknown command {quoted(command.name)}: script {quoted(command.script)} has no function "
            f"{quoted(command.function)}{nearest(command.function, names) or _listed(names)}"
        )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(quoted(name) for name in names[:5])
    return f" (it has {shown}{' …' if len(names) > 5 else ''})"
