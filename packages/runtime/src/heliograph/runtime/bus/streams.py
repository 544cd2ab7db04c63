"""The streams of the table, as the broker is to have them."""

import logging
from typing import Final

import nats.js.errors
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig

from heliograph.contract.channels import Stream
from heliograph.contract.permissions import BATCH_ALLOWED
from heliograph.runtime.bus.messages import MAX_PAYLOAD

DUPLICATE_WINDOW_SECONDS: Final = 120.0

_log = logging.getLogger("heliograph.bus")


async def ensure_stream(jetstream: JetStreamContext, stream: Stream) -> None:
    """Make a stream, or bring it up to date. Raises nats-py's errors."""
    config = _config(stream)
    try:
        info = await jetstream.stream_info(stream.name)
    except nats.js.errors.NotFoundError:
        await jetstream.add_stream(config)
        _log.info("stream %s made", stream.name)
        return
    if _differs(info.config, config):
        await jetstream.update_stream(config)


def _config(stream: Stream) -> StreamConfig:
    last = stream.retention == "last"
    return StreamConfig(
        name=stream.name,
        subjects=list(stream.subjects),
        description=stream.purpose,
        retention=RetentionPolicy.LIMITS if last else RetentionPolicy.WORK_QUEUE,
        discard=DiscardPolicy.OLD if last else DiscardPolicy.NEW,
        max_msgs_per_subject=1 if last else -1,
        max_bytes=stream.max_bytes,
        max_msg_size=MAX_PAYLOAD,
        storage=StorageType.MEMORY if stream.storage == "memory" else StorageType.FILE,
        duplicate_window=DUPLICATE_WINDOW_SECONDS,
        allow_atomic=stream.name in BATCH_ALLOWED or None,
    )


def _differs(have: StreamConfig, want: StreamConfig) -> bool:
    fields = ("subjects", "max_bytes", "max_msg_size", "discard", "max_msgs_per_subject", "description")
    return any(getattr(have, field) != getattr(want, field) for field in fields) or bool(have.allow_atomic) != bool(
        want.allow_atomic
    )
