"""The gateway's own disk when it refuses: a step that failed comes again, and a person is told once what to do.

A full, busy or read-only disk is outlived, because uploads may free it; a damaged database ends the service.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError

from heliograph.sync.diary import Diary


class OwnDisk:
    """What the disk refuses at present, by step."""

    def __init__(self, diary: Diary) -> None:
        self._diary = diary
        self._refusals: dict[str, str] = {}

    @property
    def complaints(self) -> tuple[str, ...]:
        """For people: what does not work because of the disk; empty when all is well."""
        return tuple(self._refusals.values())

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Outlive a step whose disk refuses; whoever takes it tries again."""
        try:
            with self.noting(name):
                yield
        except (OSError, OperationalError):
            pass

    @contextmanager
    def noting(self, name: str) -> Iterator[None]:
        """Note, and tell once, that the disk refuses a step; its error goes on."""
        try:
            yield
        except (OSError, OperationalError) as error:
            self._refused(name, str(getattr(error, "orig", error)))
            raise
        if self._refusals.pop(name, None) is not None:
            self._diary.info(f"the gateway's own disk takes {name} again")

    def _refused(self, name: str, why: str) -> None:
        text = f"the gateway's own disk refuses {name} ({why}); free it, or mend its rights"
        if self._refusals.get(name) != text:
            self._refusals[name] = text
            self._diary.error(text)
