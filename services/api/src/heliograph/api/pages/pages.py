"""All pages of the face: as a whole for the first look, as sections for the stream of events."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from heliograph.api.pages import alarms, commands, configuration, devices, overview, scripts, servers, system
from heliograph.api.pages.asked import Asked
from heliograph.api.pages.page import Page, Parts, Query, parts_of
from heliograph.api.pages.rendering import Renderer
from heliograph.api.view import View

_SUBJECTS: Final[tuple[Callable[[Parts], tuple[Page, ...]], ...]] = (
    overview.pages,
    devices.pages,
    servers.pages,
    configuration.pages,
    alarms.pages,
    commands.pages,
    scripts.pages,
    system.pages,
)


@dataclass(slots=True)
class Picture:
    """The gateway at one moment: what is looked at is rendered once, for all who look."""

    time: int
    _pages: "Pages"
    _made: dict[tuple[str, tuple[tuple[str, str], ...]], dict[str, str]] = field(default_factory=dict)

    def of(self, name: str, query: Query) -> dict[str, str]:
        """The sections of one page."""
        key = (name, tuple(sorted(query.items())))
        if key not in self._made:
            self._made[key] = self._pages.sections(name, query)
        return self._made[key]

    @property
    def size(self) -> int:
        """Characters of what was rendered so far."""
        return sum(len(html) for sections in self._made.values() for html in sections.values())


class Pages:
    """Renders every page."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._renderer = Renderer(view)
        self.asked = Asked()
        parts = parts_of(view, self._renderer, self.asked)
        self._pages = {page.name: page for make in _SUBJECTS for page in make(parts)}

    def __contains__(self, name: str) -> bool:
        return name in self._pages

    def __iter__(self) -> Iterator[Page]:
        return iter(self._pages.values())

    def exists(self, name: str, query: Query) -> bool:
        """Whether what the page's address names is there."""
        return self._pages[name].exists(query)

    async def whole(self, name: str, query: Query, token_place: str) -> str:
        """A page with all that is known now; what other services know is asked for first."""
        sections = await self.asked.rendered(lambda: self.sections(name, query))
        return self._shell(self._pages[name], query, sections, token_place, is_locked=False)

    def locked(self, name: str, query: Query, token_place: str) -> str:
        """The page without data, for who may not read."""
        page = self._pages[name]
        return self._shell(page, query, dict.fromkeys(("identity", *page.names), ""), token_place, is_locked=True)

    def sections(self, name: str, query: Query) -> dict[str, str]:
        """The sections of a page as of now."""
        return {"identity": self._renderer.identity(), **self._pages[name].sections(query)}

    def picture(self) -> Picture:
        """The gateway as of now."""
        return Picture(self._view.now(), self)

    def _shell(self, page: Page, query: Query, sections: dict[str, str], token_place: str, *, is_locked: bool) -> str:
        stream = {"page": page.name, **query}
        return self._renderer.shell(
            page.template, sections, token_place, is_locked=is_locked, stream=stream, **page.facts(query)
        )
