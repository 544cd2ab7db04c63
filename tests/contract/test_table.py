"""The contract's table, and all that is made from it: documents, schemas, permissions, the broker's configuration."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from heliograph.contract import CHANNELS, STREAMS, DeviceState, Reading, Record, Service
from heliograph.contract.channels import ALARMS, EVENTS, LIVE, RECORDS, STATE
from heliograph.contract.permissions import durable, publish_subjects, subscribe_subjects, users_conf
from heliograph.runtime.broker import broker_conf, make_keys
from support.samples import record

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "packages/contract/src/heliograph/contract/schemas/v1"


def test_generated_files_are_current():
    """`make contract` would change nothing: document, schemas and nats.conf are those of the table."""
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/generate_contract.py", "--check"], check=False, capture_output=True, text=True
    )
    assert done.stderr == ""
    assert done.returncode == 0


def test_every_payload_has_a_schema_that_names_its_fields():
    schema = json.loads((SCHEMAS / "records.json").read_text())
    assert {"source", "sequence", "device", "time", "layout", "values"} <= set(schema["properties"])
    replies = {channel.name.replace(" ", "-") for channel in CHANNELS if channel.reply is not None}
    assert {path.name.removesuffix(".reply.json") for path in SCHEMAS.glob("*.reply.json")} == replies


def test_names_subjects_and_streams_agree():
    """Each stored channel lies in its stream, no subject stands twice, each work queue has one reader."""
    streams = {stream.name: stream for stream in STREAMS}
    assert (
        len({channel.name for channel in CHANNELS}) == len({channel.pattern for channel in CHANNELS}) == len(CHANNELS)
    )
    for channel in CHANNELS:
        if channel.stream is None:
            continue
        assert channel.pattern in streams[channel.stream].subjects
        if streams[channel.stream].retention == "workqueue":
            assert len(channel.readers) == 1


@pytest.mark.parametrize("service", Service)
def test_a_service_publishes_only_what_it_sends(service):
    """Beside the table: JetStream's own subjects for its readings, and, for sync alone, for making streams."""
    allowed = {
        channel.address(service=service) if "{service}" in channel.subject else channel.pattern
        for channel in CHANNELS
        if service in channel.senders
    }
    plain = {subject for subject in publish_subjects(service) if not subject.startswith("$JS.")}
    assert plain == allowed
    makes_streams = any(s.startswith("$JS.API.STREAM.CREATE") for s in publish_subjects(service))
    assert makes_streams == (service is Service.SYNC)


@pytest.mark.parametrize("service", Service)
def test_a_service_hears_only_what_it_reads(service):
    heard = set(subscribe_subjects(service)) - {f"_INBOX_{service}.>"}
    assert heard <= {channel.pattern for channel in CHANNELS if service in channel.readers}
    assert ">" not in "".join(heard)


@pytest.mark.parametrize("service", Service)
def test_acknowledgements_reach_only_consumers_of_ones_own(service):
    own = {durable(service, channel, queue) for channel in CHANNELS for queue in channel.queues}
    acks = [subject.split(".")[3] for subject in publish_subjects(service) if subject.startswith("$JS.ACK.")]
    assert set(acks) <= own


def test_nobody_speaks_in_anothers_name():
    for channel in (ALARMS, EVENTS, STATE):
        for service in channel.senders:
            stem = channel.subject.partition("{")[0]
            assert [s for s in publish_subjects(service) if s.startswith(stem)] == [f"{stem}{service}"]


HOSTILE = ["a.>", "*", ">", "1.2", "", " ", "1 2", "1\n", "007", "-1", "$JS", "1234567890", "IO ", "io", "\uff11"]


@pytest.mark.parametrize("key", HOSTILE)
def test_a_hostile_device_key_is_no_device(key):
    """Neither a payload nor a subject can be made with it."""
    with pytest.raises(ValidationError):
        Reading(device=key, name="x", time=0, values={})
    with pytest.raises(ValidationError):
        Record.model_validate({**record(1).model_dump(), "device": key})
    with pytest.raises(ValidationError):
        DeviceState(device=key, name="x", condition="answering", since=0)


@given(st.text(max_size=70))
def test_a_filled_subject_has_as_many_parts_as_the_table_says(key):
    """Whatever is filled in stays in its place: one token, no wildcard, no blank."""
    try:
        subject = LIVE.address(device=key)
    except ValueError:
        return
    assert subject == f"live.{key}"
    assert len(subject.split(".")) == 2
    assert not set(key) & set("*> \t\r\n.")


@pytest.mark.parametrize("key", ["a.>", "*", ">", "", "1.2", "1 2", "x" * 65])
def test_a_hostile_key_makes_no_subject(key):
    with pytest.raises(ValueError, match="cannot be the device of a subject"):
        RECORDS.address(device=key)


def test_users_conf_has_one_user_a_service_and_is_what_the_broker_reads():
    text = users_conf({service: f"secret-{service}" for service in Service})
    block = json.loads(text.removeprefix("authorization: "))
    assert [user["user"] for user in block["users"]] == [service.value for service in Service]
    assert all(user["permissions"]["allow_responses"] == {"max": 1, "expires": "2m"} for user in block["users"])


def test_keys_are_made_once_and_for_their_owner_alone(tmp_path):
    make_keys(tmp_path)
    first = {service: (tmp_path / service / "bus-password").read_text() for service in Service}
    make_keys(tmp_path)
    assert {service: (tmp_path / service / "bus-password").read_text() for service in Service} == first
    assert len(set(first.values())) == len(Service)
    for file in (tmp_path / "broker/users.conf", *(tmp_path / service / "bus-password" for service in Service)):
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_damaged_password_is_made_again(tmp_path):
    make_keys(tmp_path)
    (tmp_path / "sync/bus-password").write_text("")
    make_keys(tmp_path)
    password = (tmp_path / "sync/bus-password").read_text().strip()
    assert len(password) > 32
    assert password in (tmp_path / "broker/users.conf").read_text()


def test_the_broker_flushes_every_message_and_has_room_for_all_streams():
    text = broker_conf(listen="127.0.0.1:4222", store="/data", users="users.conf")
    assert "sync_interval: always" in text
    on_disk = sum(stream.max_bytes for stream in STREAMS if stream.storage == "file")
    limit = next(int(line.split()[-1]) for line in text.splitlines() if "max_file_store" in line)
    assert limit >= on_disk


def test_the_real_broker_accepts_the_generated_configuration(tmp_path):
    """`nats-server -t` reads the committed nats.conf together with freshly made users."""
    from support.nats import SERVER

    make_keys(tmp_path / "keys")
    (tmp_path / "nats.conf").write_text(
        (ROOT / "nats.conf").read_text().replace("keys/users.conf", "keys/broker/users.conf")
    )
    done = subprocess.run([SERVER, "-t", "-c", tmp_path / "nats.conf"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
