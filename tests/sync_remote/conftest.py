"""The servers of these tests."""

from support.lines import line
from support.remote import outbox, peer, start

__all__ = ["line", "outbox", "peer", "start"]
