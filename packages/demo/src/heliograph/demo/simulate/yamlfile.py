"""YAML with the place of everything in it: safe types alone, limited in size, depth and number of nodes.

PyYAML's composer gives nodes with marks; they become plain values here, and a table that finds the mark of a path.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

LARGEST_BYTES: Final = 1024 * 1024
MOST_NODES: Final = 100_000
"""Aliases counted wherever they stand: a small file cannot grow without end."""
DEEPEST: Final = 50

_PLAIN_TAGS: Final = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")

Path = tuple[str | int, ...]


class YamlFault(Exception):
    """The text is no YAML that is taken; `line` and `column` count from 1."""

    def __init__(self, line: int, column: int, text: str) -> None:
        super().__init__(text)
        self.line = line
        self.column = column


@dataclass(slots=True)
class Marked:
    """Plain values, and where each of them stands."""

    value: Any
    marks: dict[Path, tuple[int, int]] = field(default_factory=dict)
    """Line and column by the path of keys; a key's own place where the path ends in `(key,)` of a mapping."""
    keys: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def place(self, path: Path) -> tuple[int, int]:
        """Return the place of a value, or of the nearest thing around it that is there."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.marks:
                return self.marks[path[:end]]
        return 1, 1

    def key_place(self, path: Path) -> tuple[int, int]:
        """Return the place of a key in its mapping."""
        return self.keys.get(path, self.place(path))


def read_yaml(content: bytes) -> Marked:
    """Read one document. Raises `YamlFault`."""
    if len(content) > LARGEST_BYTES:
        raise YamlFault(1, 1, f"the file has {len(content)} bytes; at most {LARGEST_BYTES} are read")
    try:
        root = yaml.compose(content.decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise YamlFault(content[: error.start].count(b"\n") + 1, 1, "the file is not UTF-8") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise YamlFault(line, column, f"not YAML: {error.problem or error.context or error}") from error
    except yaml.YAMLError as error:
        raise YamlFault(1, 1, f"not YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise YamlFault(1, 1, f"nested deeper than {DEEPEST} levels") from error
    marked = Marked(None)
    if root is not None:
        marked.value = _Plain(marked).value(root, (), 0)
    return marked


class _Plain:
    """Turns nodes into plain values."""

    def __init__(self, marked: Marked) -> None:
        self._marked = marked
        self._nodes = 0
        self._loader = yaml.SafeLoader("")

    def value(self, node: yaml.Node, path: Path, depth: int) -> Any:
        self._nodes += 1
        place = _place(node)
        if depth > DEEPEST:
            raise YamlFault(*place, f"nested deeper than {DEEPEST} levels")
        if self._nodes > MOST_NODES:
            raise YamlFault(*place, f"more than {MOST_NODES} values, aliases counted wherever they stand")
        self._marked.marks[path] = place
        if not isinstance(node, yaml.ScalarNode) and node.tag not in _PLAIN_TAGS:
            raise YamlFault(*place, f"not YAML of plain values: the tag {node.tag}")
        if isinstance(node, yaml.MappingNode):
            return {key: self.value(item, (*path, key), depth + 1) for key, item in self._pairs(node, path)}
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, number), depth + 1) for number, item in enumerate(node.value)]
        return self._scalar(node)

    def _pairs(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, yaml.Node]]:
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise YamlFault(*_place(key), "a key must be a plain text")
            name = str(key.value)
            if name == "<<":
                raise YamlFault(*_place(key), "merge keys (<<) are not taken: write the values out")
            if (*path, name) in self._marked.keys and (*path, name) in self._marked.marks:
                raise YamlFault(*_place(key), f"{name!r} stands twice in this mapping")
            self._marked.keys[*path, name] = _place(key)
            yield name, item

    def _scalar(self, node: yaml.Node) -> Any:
        try:
            return self._loader.construct_object(node, deep=True)
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            reason = getattr(error, "problem", None) or str(error)
            raise YamlFault(*_place(node), f"{str(node.value)[:40]!r} cannot be read: {reason}") from error


def _place(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
