"""One page of the face: its name, its template, and the sections of it that the stream of events keeps live.

A module for each subject makes its pages with `Parts`. What a person types into must stand outside of the sections,
which are replaced as they change; see `static/page.js`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from heliograph.api.pages.asked import Asked
from heliograph.api.pages.rendering import Renderer
from heliograph.api.view import View

Query = Mapping[str, str]
"""What the page's address says, checked by its route: which device, which filter, which page of a history."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What pages are made with."""

    view: View
    render: Callable[[str, dict[str, Any]], str]
    """A template and its facts, escaped."""
    asked: Asked


@dataclass(frozen=True, slots=True)
class Page:
    """One page. It is rendered without waiting; what it needs from elsewhere it asks through `Asked`."""

    name: str
    """In the address of its stream."""
    template: str
    names: tuple[str, ...]
    """Of the sections, in the template."""
    sections: Callable[[Query], dict[str, str]]
    """Their markup as of now."""
    exists: Callable[[Query], bool] = lambda _: True
    """Whether what the address names is there: else it is shown with status 404."""
    facts: Callable[[Query], dict[str, Any]] = lambda _: {}
    """What the template needs beside the sections; nothing secret, nothing of the plant: a locked page shows it too."""


def parts_of(view: View, renderer: Renderer, asked: Asked) -> Parts:
    """Return what pages are made with."""
    return Parts(view, renderer.render, asked)
