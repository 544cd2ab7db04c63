"""What the way in lets a command do: `CMD_File`, `CMD_Mqtt` and `CMD_Local` of `_config.ini`, looked at when it runs.

Before a configuration is in force nobody knows what it will say; until then only what reads is done.
"""

from typing import Final

from heliograph.commands.errors import CommandFailed
from heliograph.commands.language import BUILT_IN
from heliograph.contract import Authority, Revision, Way

READING: Final = ("getParameters", "readVariable", "status")
"""Built-in commands that change nothing in the plant or the gateway."""
WITHOUT_EFFECT: Final = ("readVariable", "status")
"""Those that may even run twice: nothing tells afterwards that they ran."""
SWITCHES: Final = {Way.FILE: "CMD_File", Way.MQTT: "CMD_Mqtt", Way.LOCAL: "CMD_Local"}


def refuse_unauthorised(name: str, way: Way, revision: Revision | None) -> None:
    """Raise `CommandFailed` when commands of this way may not do this."""
    if revision is None:
        if not _is_one_of(name, READING):
            raise CommandFailed(
                f"not run: no configuration is in force yet, so that {SWITCHES[way]} is not known; until then only "
                f"{_listed()} are done"
            )
        return
    authority: Authority = getattr(revision.authorities, way.value)
    place = f"{SWITCHES[way]}={authority.value} in CONFIG/{revision.uid}_config.ini"
    if authority is Authority.NONE:
        raise CommandFailed(f"not allowed: {place} refuses every command that comes in this way")
    if authority is Authority.READ and not _is_one_of(name, READING):
        raise CommandFailed(f"not allowed: {place} lets pass {_listed()} alone")


def is_without_effect(name: str) -> bool:
    """Whether a command leaves no trace, so that it may run again after a kill."""
    return _is_one_of(name, WITHOUT_EFFECT)


def _is_one_of(name: str, functions: tuple[str, ...]) -> bool:
    script, _, function = name.rpartition(".")
    return script == BUILT_IN and function in functions


def _listed() -> str:
    *first, last = (f"{BUILT_IN}.{function}" for function in READING)
    return f"{', '.join(first)} and {last}"
