"""Templates rendered: the environment that escapes, its filters and words, and the frame round sections."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from heliograph.api.auth import who_asks
from heliograph.api.metrics import installed_version
from heliograph.api.pages import words
from heliograph.api.view import View


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the navigation."""

    name: str
    path: str
    title: str


NAVIGATION: Final = (
    Place("overview", "/", "Overview"),
    Place("devices", "/devices", "Devices"),
    Place("servers", "/servers", "Servers"),
    Place("configuration", "/configuration", "Configuration"),
    Place("alarms", "/alarms", "Alarms"),
    Place("commands", "/commands", "Commands"),
    Place("scripts", "/scripts", "Scripts"),
    Place("log", "/log", "Log"),
    Place("system", "/system", "System"),
)


class Renderer:
    """Renders sections, and whole pages out of them."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._environment = _environment()

    def render(self, name: str, facts: dict[str, Any]) -> str:
        """One template."""
        return self._environment.get_template(f"{name}.html").render(facts)

    def identity(self) -> str:
        """Who the gateway is: the section at the head of every page."""
        return self.render("identity", {"status": self._view.status(), "revision": self._view.revision})

    def shell(
        self,
        name: str,
        sections: dict[str, str],
        token_place: str,
        *,
        stream: dict[str, str],
        **facts: Any,
    ) -> str:
        """A whole page for who asks, with the query of its stream of events."""
        rendered = {name: Markup(html) for name, html in sections.items()}  # noqa: S704  # escaped when it was rendered
        frame = {
            "sections": rendered,
            "token_place": token_place,
            "time": self._view.now(),
            "stream": stream,
            "who": who_asks(),
        }
        return self.render(name, {**frame, "version": installed_version(), **facts})


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        brief=words.brief,
        number=words.number,
        watts=words.watts,
        kilowatt_hours=words.kilowatt_hours,
        size=words.size,
        span=words.span,
        utc=words.utc,
        plural=words.plural,
        mode=words.mode,
        delivered=words.delivered,
        server_chip=words.server_chip,
    )
    environment.globals.update(
        NAVIGATION=NAVIGATION,
        CONDITIONS=words.CONDITIONS,
        MQTT_TYPES=words.MQTT_TYPES,
        RESULTS=words.RESULTS,
        REVISIONS=words.REVISIONS,
        SCRIPTS=words.SCRIPTS,
        SOURCES=words.SOURCES,
        TRIGGERS=words.TRIGGERS,
        WAYS=words.WAYS,
    )
    return environment
