"""What is heard of the journal on the bus: how much of each way ended, and that there is something new to ask for."""

from collections import Counter

from heliograph.contract import JournalEntry, JournalWay


class JournalView:
    """Entries that began or ended since this service began."""

    def __init__(self) -> None:
        self.heard = 0
        """How often something was told, so that who shows the journal sees that there is a new page of it."""
        self.done: Counter[JournalWay] = Counter()
        self.failed: Counter[JournalWay] = Counter()

    async def take(self, entry: JournalEntry) -> None:
        """Take what was told."""
        self.heard += 1
        if entry.ended is not None:
            (self.done if entry.error is None else self.failed)[entry.way] += 1
