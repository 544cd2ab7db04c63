"""Where the points of a found model lie: nested and repeating groups unrolled, cut at the length that the device says.

How often a group repeats may stand in another point of the same model. Such values are asked for as they are needed
(`ValueWanted`), so that who reads the device reads them alone and not the whole model.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from heliograph.formats.sunspec.models import HEAD_REGISTERS, Group, Model, Point

NOT_IMPLEMENTED = 0xFFFF
REGISTERS = 65_536
"""No model is longer than all that a device can hold."""
PAD = "pad"

Scope = dict[str, tuple[str, int, Point]]
"""The points of one group by name: full name, offset, point."""
CountOf = Callable[[Group, int, Sequence[Scope]], int]
"""Tells how often a group repeats that begins at an offset inside these scopes, the innermost last."""


class ValueWanted(LookupError):
    """How a model lies depends on the register at this offset from its number."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"the register at offset {offset} is needed")
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Place:
    """One point of a model and where it lies."""

    name: str
    """With the blocks that it stands in: `W`, `0_DCA`, `0_MustTrip_2_V`."""
    point: Point
    offset: int
    """Registers from the model's number."""
    scale_factor: str = ""
    """Full name of the point that holds it."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The points of a model in the order of their registers, but for its head and padding."""

    places: tuple[Place, ...]
    length: int
    """Registers behind the head."""
    notes: tuple[str, ...] = ()
    """For people: what does not fit the model's definition."""


def laid_out(model: Model, length: int, values: Mapping[int, int]) -> Layout:
    """Lay a model out to the length that the device says; `values` are registers by offset.

    Raises `ValueWanted` for a register that is not among the values.
    """
    walk = _Walk(HEAD_REGISTERS + length)
    walk.count_of = lambda group, at, scopes: _told_count(group, at, scopes, values, walk)
    return walk.run(model)


def laid_out_by_counts(model: Model, counts: Sequence[int]) -> Layout:
    """Lay a model out without a device: `counts` repeats by depth, the outermost first, one block beyond them."""
    walk = _Walk(None)

    def count_of(group: Group, _: int, scopes: Sequence[Scope]) -> int:
        if isinstance(group.count, int) and group.count > 0:
            return group.count
        depth = walk.depth_of(scopes)
        return counts[depth] if depth < len(counts) else 1

    walk.count_of = count_of
    return walk.run(model)


def _told_count(group: Group, at: int, scopes: Sequence[Scope], values: Mapping[int, int], walk: "_Walk") -> int:
    if isinstance(group.count, str):
        found = next((scope[group.count] for scope in reversed(scopes) if group.count in scope), None)
        if found is None or not walk.holds(found[1], 1):
            walk.note(f"how often {group.name} repeats is not told")
            return 0
        if found[1] not in values:
            raise ValueWanted(found[1])
        count = values[found[1]]
        return 0 if count == NOT_IMPLEMENTED else count
    if group.count:
        return group.count
    return walk.rest(at) // group.least_size if group.least_size else 0


@dataclass(slots=True)
class _Walk:
    """One pass over a model."""

    end: int | None
    """Registers of the whole model, head included; None has no end."""
    places: list[Place] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    count_of: CountOf = field(default=lambda _group, _at, _scopes: 0)
    cut: bool = False
    repeats: list[bool] = field(default_factory=list)
    """Of the groups that are open, which repeat."""

    def run(self, model: Model) -> Layout:
        """Walk from the head to the end."""
        at = self._group(model.group, [], 0, [])
        end = at if self.end is None else self.end
        if self.cut:
            self.note(f"its length is {end - HEAD_REGISTERS}, less than its points take: those beyond are left out")
        elif at < end:
            self.note(f"its length is {end - HEAD_REGISTERS}, {end - at} more than its known points take")
        return Layout(tuple(self.places), end - HEAD_REGISTERS, tuple(self.notes))

    def note(self, text: str) -> None:
        """Say something once."""
        if text not in self.notes:
            self.notes.append(text)

    def holds(self, offset: int, size: int) -> bool:
        """Whether registers lie inside the length."""
        return offset + size <= (REGISTERS if self.end is None else self.end)

    def rest(self, at: int) -> int:
        """How many registers are left from an offset on."""
        return 0 if self.end is None else max(0, self.end - at)

    def depth_of(self, _scopes: Sequence[Scope]) -> int:
        """How many repeating groups are open."""
        return sum(self.repeats)

    def _group(self, group: Group, parts: list[str], at: int, scopes: list[Scope]) -> int:
        scope: Scope = {}
        for point in group.points:
            scope[point.name] = ("_".join([*parts, point.name]), at, point)
            at += point.size
        for name, offset, point in scope.values():
            self._point(name, offset, point, [*scopes, scope])
        several = sum(child.repeats for child in group.groups) > 1
        for child in group.groups:
            at = self._blocks(child, parts, at, [*scopes, scope], several=several)
        return at

    def _blocks(self, group: Group, parts: list[str], at: int, scopes: list[Scope], *, several: bool) -> int:
        """Walk every block of a group; the number names a block, its name a group that stands once."""
        if not group.repeats:
            self.repeats.append(False)
            at = self._group(group, [*parts, group.name], at, scopes)
            self.repeats.pop()
            return at
        count = self.count_of(group, at, scopes)
        self.repeats.append(True)
        for block in range(count):
            if not self.holds(at, 1):
                self.cut = True
                break
            named = [group.name, str(block)] if several else [str(block)]
            at = self._group(group, [*parts, *named], at, scopes)
        self.repeats.pop()
        return at

    def _point(self, name: str, offset: int, point: Point, scopes: list[Scope]) -> None:
        if point.type == PAD or offset < HEAD_REGISTERS:
            return
        if not self.holds(offset, point.size):
            self.cut = True
            return
        factor = ""
        if isinstance(point.sf, str):
            found = next((scope[point.sf] for scope in reversed(scopes) if point.sf in scope), None)
            if found is None or not self.holds(found[1], 1):
                self.note(f"{name} is left out: its scale factor {point.sf} is not there")
                return
            factor = found[0]
        self.places.append(Place(name, point, offset, factor))
