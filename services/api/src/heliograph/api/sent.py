"""The command texts that came over REST lately: that a key names one text alone, and how many commands that has.

Kept in memory, for this service owns nothing. After a restart a key that comes again is answered from the journal of
commands, whatever text it comes with: never is one run twice.
"""

import hashlib
import uuid
from dataclasses import dataclass
from typing import Final

from heliograph.api.errors import Unreadable

KEPT: Final = 1000


@dataclass(frozen=True, slots=True)
class SentText:
    """What is remembered of a text."""

    digest: bytes
    commands: int


class Sent:
    """The last texts, by identity."""

    def __init__(self) -> None:
        self._texts: dict[str, SentText] = {}

    def note(self, identity: str, body: bytes, commands: int) -> None:
        """Remember a text. Raises `Unreadable` where its identity came with another text before."""
        text = SentText(hashlib.sha256(body).digest(), commands)
        if self._texts.setdefault(identity, text).digest != text.digest:
            raise Unreadable("This Idempotency-Key came with other commands before: use a new key for new commands.")
        while len(self._texts) > KEPT:
            del self._texts[next(iter(self._texts))]

    def commands(self, identity: str) -> int | None:
        """How many commands a text has; None where it is not known here."""
        text = self._texts.get(identity)
        return text.commands if text else None


def identity_of(key: str | None) -> str:
    """The identity of a text: made of its key, so that the same key is the same text; a new one without a key."""
    if key is None:
        return f"local-{uuid.uuid4().hex}"
    return f"local-{hashlib.sha256(key.encode()).hexdigest()[:32]}"
