"""Write what is made from the contract's table: `docs/contract.md`, the schema files and `nats.conf`.

`--check` writes nothing, names the files that are not current and ends with status 1 when there are any.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import TypeAdapter

from heliograph.contract import CHANNELS, STREAMS, Channel, Service
from heliograph.contract.permissions import durable, publish_subjects, subscribe_subjects
from heliograph.runtime.broker import broker_conf

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs/contract.md"
SCHEMAS = ROOT / "packages/contract/src/heliograph/contract/schemas/v1"
BROKER = ROOT / "nats.conf"
MEBIBYTE = 1024 * 1024


def main(arguments: list[str] | None = None) -> int:
    """Write the generated files, or check them; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, say what is not current")
    check = parser.parse_args(arguments).check
    wanted = dict(generated())
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    left_over = sorted(set(SCHEMAS.glob("*.json")) - set(wanted))
    if check:
        return _report([*stale, *left_over])
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], encoding="utf-8")
    for path in left_over:
        path.unlink()
    return 0


def generated() -> Iterator[tuple[Path, str]]:
    """Give every generated file with its text."""
    yield DOCUMENT, document()
    for channel in CHANNELS:
        yield _schema_file(channel), _schema(channel.adapter)
        if channel.reply is not None:
            yield _schema_file(channel, ".reply"), _schema(channel.reply_adapter)
    yield (
        BROKER,
        broker_conf(listen="0.0.0.0:4222", store="/data", users="keys/users.conf", monitor="127.0.0.1:8222"),
    )


def document() -> str:
    """Return `docs/contract.md`."""
    return "\n".join([*_introduction(), *_channels(), *_streams(), *_permissions()]) + "\n"


def _report(stale: list[Path]) -> int:
    for path in stale:
        sys.stderr.write(f"{path.relative_to(ROOT)} is not what the table says: run `make contract`\n")
    return 1 if stale else 0


def _introduction() -> Iterator[str]:
    yield "# What the services say to each other"
    yield ""
    yield "<!-- Made by `make contract` from packages/contract/src/heliograph/contract/channels.py; do not edit. -->"
    yield ""
    yield "Every subject, stream and permission of the message bus, for whoever works on the services. The schema"
    yield "of each payload stands in `packages/contract/src/heliograph/contract/schemas/v1/`."
    yield ""


def _channels() -> Iterator[str]:
    yield "## Channels"
    yield ""
    yield from _table(
        ("channel", "subject", "stream", "from", "to", "what", "schema"),
        (
            (
                channel.name,
                f"`{channel.subject}`",
                f"`{channel.stream}`" if channel.stream else ("request" if channel.reply is not None else "–"),
                ", ".join(channel.senders),
                ", ".join(channel.readers),
                channel.purpose,
                _schema_links(channel),
            )
            for channel in CHANNELS
        ),
    )
    yield "A `{key}` in a subject is a constrained identifier that the sender fills in: no dot, no wildcard, no blank."
    yield ""


def _streams() -> Iterator[str]:
    yield "## Streams"
    yield ""
    yield from _table(
        ("stream", "subjects", "keeps", "kept in", "at most", "what"),
        (
            (
                f"`{stream.name}`",
                ", ".join(f"`{subject}`" for subject in stream.subjects),
                "until its one reader let go; refuses new when full"
                if stream.retention == "workqueue"
                else "the newest of each subject",
                stream.storage,
                f"{stream.max_bytes // MEBIBYTE} MiB",
                stream.purpose,
            )
            for stream in STREAMS
        ),
    )
    yield from _consumers()


def _consumers() -> Iterator[str]:
    queues = {stream.name for stream in STREAMS if stream.retention == "workqueue"}
    yield from _table(
        ("durable consumer", "of stream", "reader"),
        (
            (f"`{durable(reader, channel, queue)}`", f"`{channel.stream}`", reader)
            for channel in CHANNELS
            if channel.stream in queues
            for reader in channel.readers
            for queue in channel.queues
        ),
    )


def _permissions() -> Iterator[str]:
    yield "## Permissions"
    yield ""
    yield "Each service is a user of the broker and may do this and nothing else, but answer the requests that it got."
    yield ""
    for service in Service:
        yield f"### {service}"
        yield ""
        yield f"Publishes: {_list(publish_subjects(service))}"
        yield ""
        yield f"Hears: {_list(subscribe_subjects(service))}"
        if service is not list(Service)[-1]:
            yield ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _list(subjects: list[str]) -> str:
    return " · ".join(f"`{subject}`" for subject in subjects)


def _schema_links(channel: Channel) -> str:
    files = [_schema_file(channel)] + ([_schema_file(channel, ".reply")] if channel.reply is not None else [])
    return ", ".join(f"[{file.stem}](../{file.relative_to(ROOT)})" for file in files)


def _schema_file(channel: Channel, part: str = "") -> Path:
    return SCHEMAS / f"{channel.name.replace(' ', '-')}{part}.json"


def _schema(adapter: TypeAdapter[object]) -> str:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **adapter.json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
