"""The servers of these tests."""

from support.remote import outbox, peer, start

__all__ = ["outbox", "peer", "start"]
