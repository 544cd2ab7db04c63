"""How large the answers of one text may become in all: they go in one message and one file."""

from typing import Final

MAX_BYTES: Final = 2 * 1024 * 1024
RESULT_LEFT_OUT: Final = "done, but its result is left out: the results of this text would become too large"
ERROR_LEFT_OUT: Final = "failed; why is left out: the results of this text would become too large"


class Budget:
    """What is left for the answers of one text."""

    def __init__(self) -> None:
        self._left = MAX_BYTES

    def within(self, result: str | None, error: str | None) -> tuple[str | None, str | None]:
        """Return the answer (JSON, or an error), or the error that it is left out."""
        size = len((result or error or "").encode())
        if size <= self._left:
            self._left -= size
            return result, error
        return None, RESULT_LEFT_OUT if error is None else ERROR_LEFT_OUT
