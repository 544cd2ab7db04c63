"""Issue figure: a connection with nothing to do, in round trips and bytes, over SFTP and over WebDAV with TLS."""

from collections.abc import Iterable

from bench import Row

FIGURE = "A connection with nothing to do: round trips and bytes"
FEW, MANY = 10, 50


def run() -> Iterable[Row]:
    from bench._connection_cost import KINDS, connection_cost, opening_cost

    for kind in KINDS:
        opening = opening_cost(kind)
        yield Row(f"baseline, {kind}: session opened and closed", _told(opening))
        few, many = (connection_cost(kind, definitions) for definitions in (FEW, MANY))
        yield Row(f"{kind}: nothing to do, {FEW} definitions", _told(few))
        yield Row(f"{kind}: nothing to do, {MANY} definitions", _told(many), "no more round trips",
                  many.round_trips <= few.round_trips + 1)  # fmt: skip
        yield Row(f"{kind}: and its own log delivered", _told(connection_cost(kind, FEW, "info")))


def _told(cost) -> str:
    return f"{cost.round_trips} round trips, {cost.up:,} bytes up, {cost.down:,} down"
