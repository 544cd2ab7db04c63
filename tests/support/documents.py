"""The documents that people write by hand, and what is typed in them: code in lines, commands in blocks."""

import re
from collections.abc import Iterator
from pathlib import Path

from support.terminal import ROOT

GENERATED = {"cli.md", "contract.md"}
DOCUMENTS = sorted(
    {path for path in ROOT.glob("docs/*.md") if path.name not in GENERATED}
    | {ROOT / name for name in ("README.md", "CONTRIBUTING.md", "definitions/README.md", "docs/reference/index.md")}
    | {*ROOT.glob("observe/**/README.md"), *ROOT.glob("gateway-*/README.md")}
)
_FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_ITALIC = re.compile(r"(?<![*\w])\*([^*]+)\*(?![*\w])")


def text_of(path: Path) -> str:
    """A document."""
    return path.read_text(encoding="utf-8")


def spans(text: str) -> Iterator[str]:
    """The code within lines, with its line ends taken for blanks."""
    yield from (" ".join(span.split()) for span in _SPAN.findall(_FENCE.sub("", text)))


def lines(text: str) -> Iterator[str]:
    """The lines of its blocks; one that goes on at a backslash is one."""
    for block in _FENCE.findall(text):
        yield from block.replace("\\\n", " ").splitlines()


def typed(text: str) -> Iterator[str]:
    """All that is code."""
    yield from spans(text)
    yield from lines(text)


def shown_words(text: str) -> Iterator[str]:
    """What stands in italics: words of the page and of messages, without what stands for names and numbers."""
    plain = _SPAN.sub("…", _FENCE.sub("", text)).replace("**", "")
    for words in _ITALIC.findall(plain):
        yield from filter(None, (" ".join(part.split()).strip(" .:,") for part in words.split("…")))
