"""A text file that is being rewritten: some lines replaced, removed or added, all others byte for byte."""

from collections import defaultdict
from dataclasses import dataclass, field

from heliograph.formats.report import Report
from heliograph.formats.text import Line, Text, read_text


@dataclass(slots=True)
class Draft:
    """Changes by line number of the file as it stands."""

    text: Text
    lines: list[Line]
    replaced: dict[int, str] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)
    added: defaultdict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    """New lines by the number of the line that they follow; 0 is the start of the file."""

    @property
    def last(self) -> int:
        """The number of the last line, 0 in an empty file."""
        return len(self.lines)

    def merge(self, rows: list[tuple[int | None, str | None]], known: set[int], after: int) -> None:
        """Put rows in their order: (number of the line, or None for a new one; text, or None to leave it as it is).

        `known` are the lines of all rows that stand in the file, those that are not in `rows` are removed. New rows
        follow the row before them, the first ones the line `after`.
        """
        self.removed |= known - {number for number, _ in rows if number}
        for number, text in rows:
            if number is None:
                self.added[after].append(text or "")
                continue
            after = number
            if text is not None:
                self.replaced[number] = text

    def encode(self) -> bytes:
        """Return the bytes of the new file."""
        end = next((line.end for line in self.lines if line.end), "\n")
        lines = [Line(0, text, end) for text in self.added[0]]
        for line in self.lines:
            if line.number not in self.removed:
                lines.append(Line(0, self.replaced.get(line.number, line.text), line.end))
            lines += [Line(0, text, end) for text in self.added[line.number]]
        pieces = [line.text + (line.end or end) for line in lines[:-1]] + [line.text + line.end for line in lines[-1:]]
        return Text(tuple(pieces), self.text.encoding, self.text.mark).encode()


def draft_of(content: bytes) -> Draft:
    """Begin a rewrite; raises `ValueError` for a file beyond the limits."""
    text = read_text(content, Report(""), lambda _text, _position: 1)
    if text is None:
        raise ValueError("the file that is to be rewritten is beyond the limits")
    return Draft(text, list(text.lines))
