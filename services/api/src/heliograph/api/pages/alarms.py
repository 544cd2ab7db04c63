"""The page of alarms at `/alarms`."""

from contextlib import suppress
from typing import Final

from heliograph.api.errors import NotThere
from heliograph.api.pages.page import Page, Parts, Query
from heliograph.api.view import View
from heliograph.contract import Alarm, PageRequest

ALARM_ROWS: Final = 50


def pages(parts: Parts) -> tuple[Page, ...]:
    """Make the page."""

    def sections(_: Query) -> dict[str, str]:
        asked = parts.asked.get("alarms", lambda: parts.view.alarms(PageRequest(limit=ALARM_ROWS)))
        words = {"alarm_words": lambda alarm: _in_words(parts.view, alarm), "history_problem": asked.problem}
        return {"alarms": parts.render("alarms", {"alarms": asked.value, **words})}

    return (Page("alarms", "alarms_page", ("alarms",), sections),)


def _in_words(view: View, alarm: Alarm) -> str:
    """What an alarm is about: its text, or the name of its variable where it is known."""
    if alarm.info:
        return alarm.info
    with suppress(NotThere):
        for variable in view.variables(alarm.device or "").variables:
            if variable.index == alarm.variable:
                return variable.name
    return f"variable {alarm.variable}"
