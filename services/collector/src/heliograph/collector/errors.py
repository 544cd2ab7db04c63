"""What can go wrong in the collector, by policy. What goes wrong on a line is in `links.errors`.

CollectorError
├── OutboxUnavailable   the disk refuses: keep in memory, say so, try again with growing waits
├── RevisionRejected    a revision that cannot be applied: report it, the old one goes on
└── Refusal             a request that cannot be done: answered with the text, nothing else happens
    ├── NotNow          nothing was sent, as the device or its line has no time or is silent: it may be done later
    └── Unconfirmed     a write was sent and not confirmed: it may have been done
"""


class CollectorError(Exception):
    """Something that the collector met; the text is for people."""


class OutboxUnavailable(CollectorError):
    """The outbox cannot be read or written now."""


class RevisionRejected(CollectorError):
    """A revision cannot be applied."""


class Refusal(CollectorError):
    """A request cannot be done, and why."""


class NotNow(Refusal):
    """A request cannot be done at this moment, and nothing was sent."""


class Unconfirmed(Refusal):
    """A write that the device did not confirm, and why: it may have been done."""
