"""Commands that another package brings, by the entry point group `heliograph.commands`; loaded only when called.

So the gateway's image stays small: where the package is not installed, a plain message says what to install.
"""

from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Final

import typer

GROUP: Final = "heliograph.commands"
PACKAGE: Final = "heliograph-demo"
KNOWN: Final = {
    "replay": "Let a communication trace answer as the device did.",
    "simulate": "Serve a plant of simulated devices.",
}
"""The commands of that package, with their line in the list of commands."""
NOT_INSTALLED: Final = 2


def plug(app: typer.Typer, arguments: Sequence[str]) -> None:
    """Add the commands of other packages; only the one that is called is imported."""
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    for name in sorted({*KNOWN, *found}):
        entry = found.get(name)
        if entry is not None and name in arguments[:1]:
            app.command(name)(entry.load())
        else:
            listed = KNOWN.get(name) or f"Of {_package(entry)}."
            app.command(name, help=listed, context_settings=_ANY)(_absent(name))


_ANY: Final = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def _package(entry: EntryPoint | None) -> str:
    return entry.dist.name if entry is not None and entry.dist is not None else PACKAGE


def _absent(name: str) -> Callable[[], None]:
    def absent() -> None:
        typer.echo(
            f"heliograph {name}: this command is in the package {PACKAGE}, which is not installed here; "
            f"`pip install {PACKAGE}` on a machine for tests brings it",
            err=True,
        )
        raise typer.Exit(NOT_INSTALLED)

    return absent
