"""How large the answers of one text may become in all: they go in one message and one file."""

from collections.abc import Iterable
from typing import Final

from heliograph.commands.entries import json_text
from heliograph.formats import CommandResult

MAX_BYTES: Final = 2 * 1024 * 1024
RESULT_LEFT_OUT: Final = "done, but its result is left out: the results of this text would become too large"
ERROR_LEFT_OUT: Final = "failed; why is left out: the results of this text would become too large"


class Budget:
    """What is left for the answers of one text, beside those that it has already."""

    def __init__(self, answers: Iterable[CommandResult] = ()) -> None:
        self._left = MAX_BYTES
        for answer in answers:
            self._left -= _size(json_text(answer.result) if answer.error is None else None, answer.error)

    def within(self, result: str | None, error: str | None) -> tuple[str | None, str | None]:
        """Return the answer (JSON, or an error), or the error that it is left out."""
        size = _size(result, error)
        if size <= self._left:
            self._left -= size
            return result, error
        return None, RESULT_LEFT_OUT if error is None else ERROR_LEFT_OUT


def _size(result: str | None, error: str | None) -> int:
    """Bytes of an answer as JSON."""
    return len((json_text(error) if error is not None else result or "").encode())
