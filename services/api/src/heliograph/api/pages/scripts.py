"""The pages of scripts: the list at `/scripts`, and one with its log at `/scripts/{name}`."""

from typing import Any, Final

from heliograph.api import commands as asking
from heliograph.api.pages.page import Page, Parts, Query
from heliograph.contract import ScriptLogRequest

LOG_LINES: Final = 200


def pages(parts: Parts) -> tuple[Page, ...]:
    """Make the pages."""
    made = _Scripts(parts)
    return (
        Page("scripts", "scripts_page", ("scripts",), made.listed),
        Page("script", "script_page", ("script", "log"), made.one, made.is_there, _name),
    )


def _name(query: Query) -> dict[str, Any]:
    return {"script": query.get("name", "")}


class _Scripts:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._view = parts.view

    def listed(self, _: Query) -> dict[str, str]:
        """The list."""
        facts = {"scripts": self._view.scripts(), "uid": self._view.status().uid}
        return {"scripts": self._parts.render("scripts", facts)}

    def one(self, query: Query) -> dict[str, str]:
        """One script and its log; it says so where there is no such script."""
        name, scripts = query.get("name", ""), self._view.scripts()
        script = next((script for script in scripts or () if script.name == name), None)
        if script is None:
            facts = {"text": _UNKNOWN if scripts is None else _NAMED}
            return {"script": self._parts.render("no_script", facts), "log": ""}
        request = ScriptLogRequest(script=name, limit=LOG_LINES)
        asked = self._parts.asked.get(("script", name), lambda: asking.script_log(self._view, request), every=1)
        log = self._parts.render("script_log", {"log": asked.value, "problem": asked.problem})
        return {"script": self._parts.render("script", {"script": script}), "log": log}

    def is_there(self, query: Query) -> bool:
        """Whether there is such a script."""
        return any(script.name == query.get("name") for script in self._view.scripts() or ())


_NAMED: Final = "The scripts are those that _scl.ini names; it may have been taken out."
_UNKNOWN: Final = "The service commands does not report now."
