"""The commands of other packages in the `heliograph` command of this process, as its start plugs them in."""

from collections.abc import Iterator
from contextlib import contextmanager

from heliograph.cli import plugged
from heliograph.cli.main import app


@contextmanager
def plugged_in(*wanted: str) -> Iterator[None]:
    """Have these commands within; the command is as it was afterwards."""
    before = list(app.registered_commands)
    plugged.plug(app, wanted)
    try:
        yield
    finally:
        app.registered_commands[:] = before
