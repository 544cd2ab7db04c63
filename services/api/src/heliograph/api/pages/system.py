"""The page of the system at `/system`: the services, and what they run on."""

from heliograph.api.pages.page import Page, Parts, Query


def pages(parts: Parts) -> tuple[Page, ...]:
    """Make the page."""

    def sections(_: Query) -> dict[str, str]:
        return {"services": parts.render("services", {"status": parts.view.status()})}

    return (Page("system", "system_page", ("services",), sections),)
