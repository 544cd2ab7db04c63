"""Tables in Markdown, and the comparison of what is described with what there is."""

from collections.abc import Iterable, Iterator


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """The lines of a table, with an empty one behind it."""
    names = list(head)
    yield f"| {' | '.join(names)} |"
    yield f"|{'---|' * len(names)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '&#124;').replace(chr(10), ' ') for cell in row)} |"
    yield ""


def code(text: object) -> str:
    """A value as it is typed; nothing where it is empty."""
    return f"`{text}`" if str(text) else ""


def page(title: str, purpose: str, origin: str, *parts: Iterable[str]) -> str:
    """A whole page; `purpose` is the sentence that says what it is for."""
    lines = [f"# {title}", "", f"<!-- Made by `make reference` from {origin}; do not edit. -->", "", purpose, ""]
    lines += [line for part in parts for line in part]
    return "\n".join(lines).rstrip() + "\n"


def matched(what: str, described: Iterable[str], there: Iterable[str]) -> None:
    """Raise `SystemExit` unless all there is is described, and nothing else."""
    missing, surplus = set(there) - set(described), set(described) - set(there)
    if missing or surplus:
        raise SystemExit(
            f"{what}: scripts/reference does not describe {sorted(missing)} and describes what is not there: {sorted(surplus)}"
        )
