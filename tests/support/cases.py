"""Cases of one test that share its fixtures: for what is refused and leaves an expensive peer as it was."""

import functools
import inspect
from collections.abc import Awaitable, Callable, Sequence

import pytest

MOST_CHARACTERS = 80


def each(names: str, cases: Sequence[object]) -> Callable[[Callable[..., Awaitable[None]]], Callable]:
    """Try a test with every case as `parametrize` does, one after another, each told of and none left out."""
    given = [name.strip() for name in names.split(",")]
    rows = [case if len(given) > 1 else (case,) for case in cases]

    def decorate(test: Callable[..., Awaitable[None]]) -> Callable:
        @functools.wraps(test)
        async def of_all(subtests: pytest.Subtests, **fixtures: object) -> None:
            for row in rows:
                with subtests.test(msg=str(row)[:MOST_CHARACTERS]):
                    await test(**fixtures, **dict(zip(given, row, strict=True)))

        wanted = [each for each in inspect.signature(test).parameters.values() if each.name not in given]
        subtests = inspect.Parameter("subtests", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        of_all.__signature__ = inspect.Signature([subtests, *wanted])
        return of_all

    return decorate
