"""The page of the servers at `/servers`: how they do, and the history of connections."""

from typing import Final

from heliograph.api.pages.page import Page, Parts, Query
from heliograph.contract import PageRequest

HISTORY_ROWS: Final = 12


def pages(parts: Parts) -> tuple[Page, ...]:
    """Make the page."""

    def sections(_: Query) -> dict[str, str]:
        asked = parts.asked.get("connections", lambda: parts.view.connections(PageRequest(limit=HISTORY_ROWS)))
        return {
            "servers": parts.render("servers", {"status": parts.view.status()}),
            "history": parts.render("history", {"connections": asked.value, "history_problem": asked.problem}),
        }

    return (Page("servers", "servers_page", ("servers", "history"), sections),)
