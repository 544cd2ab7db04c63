"""What goes to the bus and comes from it, and how large it may be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from heliograph.contract.channels import Channel

BATCH_MESSAGES: Final = 500
"""Messages in one atomic batch; the broker takes 1,000."""
BATCH_BYTES: Final = 2 * 1024 * 1024
MAX_PAYLOAD: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to be stored: its channel, the keys of its subject, its JSON, and its id for de-duplication."""

    channel: Channel
    keys: Mapping[str, str]
    payload: bytes
    identity: str = ""

    @property
    def subject(self) -> str:
        """The subject it goes to."""
        return self.channel.address(**self.keys)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that does not fit its channel's payload: its bytes and why. It is not delivered again."""

    subject: str
    data: bytes
    reason: str


def encode(payload: BaseModel | bytes) -> bytes:
    """Return the JSON of a payload; bytes are JSON already."""
    return payload if isinstance(payload, bytes) else payload.model_dump_json().encode()
