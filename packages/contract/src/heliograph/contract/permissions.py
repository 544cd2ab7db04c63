"""What each service may do on the bus, made from the table, and the broker's list of users (least privilege)."""

import json
from collections.abc import Mapping

from heliograph.contract.channels import CHANNELS, STREAMS, Channel, Service, Stream

BATCH_ALLOWED = frozenset({"RECORDS", "ALARMS", "EVENTS", "CHANGES"})
"""Streams that take atomic batches (NATS 2.12)."""


def durable(reader: Service, channel: Channel, queue: str = "*") -> str:
    """Name of the durable consumer through which a service reads a work queue, or one of its keys."""
    return f"{reader}-{channel.name}" if queue == "*" else f"{reader}-{channel.name}-{queue}"


def inbox(service: Service) -> str:
    """Prefix of the subjects on which a service gets answers; no other service may listen there."""
    return f"_INBOX_{service}"


def publish_subjects(service: Service) -> list[str]:
    """Every subject on which this service may publish."""
    subjects = [_sent(channel, service) for channel in CHANNELS if service in channel.senders]
    if service is Service.SYNC:
        subjects += [f"$JS.API.STREAM.{verb}.{stream.name}" for stream in STREAMS for verb in STREAM_VERBS]
    for channel in CHANNELS:
        if service in channel.readers and channel.stream:
            subjects += _read_subjects(service, channel, _stream(channel.stream))
    return sorted(set(subjects))


def subscribe_subjects(service: Service) -> list[str]:
    """Every subject to which this service may subscribe."""
    heard = {
        channel.pattern
        for channel in CHANNELS
        if service in channel.readers and (channel.stream is None or _stream(channel.stream).retention == "last")
    }
    return sorted({f"{inbox(service)}.>", *heard})


def users_conf(passwords: Mapping[Service, str]) -> str:
    """The `authorization` block of the broker's configuration: one user a service, nothing more than the table."""
    users = [
        {
            "user": service.value,
            "password": passwords[service],
            "permissions": {
                "publish": {"allow": publish_subjects(service)},
                "subscribe": {"allow": subscribe_subjects(service)},
                "allow_responses": {"max": 1, "expires": "2m"},
            },
        }
        for service in Service
    ]
    return "authorization: " + json.dumps({"timeout": 5, "users": users}, indent=2) + "\n"


STREAM_VERBS = ("CREATE", "UPDATE", "INFO", "PURGE")


def _sent(channel: Channel, service: Service) -> str:
    """Return a channel's subject for one sender: a key `{service}` may be filled with the sender's own name alone."""
    return channel.subject.replace("{service}", service) if "{service}" in channel.subject else channel.pattern


def _read_subjects(service: Service, channel: Channel, stream: Stream) -> list[str]:
    if stream.retention == "last":
        return [f"$JS.API.STREAM.MSG.GET.{stream.name}"]
    names = [durable(service, channel, queue) for queue in channel.queues]
    return [subject for name in names for subject in _consumer_subjects(stream, name)]


def _consumer_subjects(stream: Stream, name: str) -> list[str]:
    return [
        f"$JS.API.CONSUMER.CREATE.{stream.name}.{name}.>",
        f"$JS.API.CONSUMER.DURABLE.CREATE.{stream.name}.{name}",
        f"$JS.API.CONSUMER.DELETE.{stream.name}.{name}",
        f"$JS.API.CONSUMER.INFO.{stream.name}.{name}",
        f"$JS.API.CONSUMER.MSG.NEXT.{stream.name}.{name}",
        f"$JS.ACK.{stream.name}.{name}.>",
    ]


def _stream(name: str) -> Stream:
    return next(stream for stream in STREAMS if stream.name == name)
