"""What a page loads and says, as markup."""

from html.parser import HTMLParser


class Markup(HTMLParser):
    """What a page loads, and every script, style and handler in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.tags: list[str] = []
        self.inline: list[str] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given_ = dict(attrs)
        self.loaded += [v or "" for n, v in attrs if n in ("src", "href", "action", "srcset", "data", "poster")]
        self.inline += [f"{tag} {n}" for n in given_ if n == "style" or n.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in given_):
            self.inline.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def seen(html: str) -> str:
    """What a person reads, with plain blanks."""
    return " ".join(" ".join(Markup(html).texts).replace("\u202f", " ").split())
