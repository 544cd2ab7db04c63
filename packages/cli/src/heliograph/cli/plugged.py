"""Commands that another package brings, by the entry point group `heliograph.commands`; loaded only when called.

So the gateway's image stays small: where the package is not installed, a plain message says what to install.
"""

from collections.abc import Callable, Collection
from importlib.metadata import EntryPoint, entry_points
from typing import Final

import typer

from heliograph.cli.exits import Exit
from heliograph.cli.output import Failure

GROUP: Final = "heliograph.commands"
PACKAGE: Final = "heliograph-demo"
KNOWN: Final = {
    "replay": "Let a communication trace answer as the device did.",
    "simulate": "Serve a plant of simulated devices.",
}
"""The commands of that package, with their line in the list of commands."""


def plug(app: typer.Typer, wanted: Collection[str]) -> None:
    """Add the commands of other packages; only those that are wanted are imported."""
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    for name in sorted({*KNOWN, *found}):
        entry = found.get(name)
        if entry is not None and name in wanted:
            app.command(name)(entry.load())
        else:
            listed = KNOWN.get(name) or f"Of {_package(entry)}."
            app.command(name, help=listed, context_settings=_ANY)(_absent(name))


_ANY: Final = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def _package(entry: EntryPoint | None) -> str:
    return entry.dist.name if entry is not None and entry.dist is not None else PACKAGE


def _absent(name: str) -> Callable[[], None]:
    def absent() -> None:
        said = f"heliograph {name} is in the package {PACKAGE}, which is not installed here"
        raise Failure(f"{said}; `pip install {PACKAGE}` on a machine for tests brings it", Exit.USAGE)

    return absent
