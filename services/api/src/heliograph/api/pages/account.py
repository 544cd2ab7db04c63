"""The page of one's own account, and for operators of all accounts and tokens, at `/account`.

What it shows is each person's own: it is rendered for them alone, and nothing of it comes with the stream of events.
"""

from heliograph.api.pages.page import Page, Parts


def pages(_: Parts) -> tuple[Page, ...]:
    """Make the page, for its stream: what it shows comes from its route."""
    return (Page("account", "account_page", (), lambda _: {}),)
