"""The outbox: what it promises across kills, full disks and damaged files."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from heliograph.collector.drafts import AlarmDraft, Known, RecordDraft, Verdict
from heliograph.collector.errors import OutboxUnavailable
from heliograph.collector.outbox import Outbox
from heliograph.collector.outbox_file import OutboxFile
from support.disks import fill, small_disk

FULL = 2
STEP = 10_000


def record(date: int | None, device: str = "1", text: str = "") -> RecordDraft:
    body = json.dumps({"device": device, "date": date, "text": text})[1:].encode()
    return RecordDraft(device, body, date, (date or 0) - STEP)


def alarm(identity: str, value: str = "1") -> AlarmDraft:
    return AlarmDraft(identity, b'{"alarm":1}', Known("roof", "7", value))


@pytest.fixture
def opened(tmp_path):
    files = []

    def open_(total: int = 10**9, device: int = 10**9) -> OutboxFile:
        files.append(OutboxFile(tmp_path / "outbox.sqlite3", total, device))
        return files[-1]

    yield open_
    for file in files:
        file.close()


def sequences(file: OutboxFile) -> list[int]:
    return [entry.sequence for entry in file.take("records", 1000, 10**9)]


def test_records_carry_source_and_growing_sequence_also_after_a_new_opening(opened):
    file = opened()
    assert file.append([record(STEP), record(2 * STEP), alarm("a")]) == [Verdict.STORED] * 3
    file.remove("records", file.take("records", 10, 10**9))
    source = file.source
    file.close()
    again = opened()
    again.append([record(3 * STEP)])
    (entry,) = again.take("records", 10, 10**9)
    payload = json.loads(entry.payload)
    assert (payload["source"], payload["sequence"]) == (source, 4)
    assert entry.identity == f"{source}.4"


def test_streams_are_taken_in_order_and_apart_within_the_limits_of_a_batch(opened):
    file = opened()
    file.append([record(n * STEP, text="x" * 100) for n in range(1, 6)] + [alarm("a")])
    assert [e.sequence for e in file.take("records", 2, 10**9)] == [1, 2]
    size = len(file.take("records", 1, 10**9)[0].payload)
    assert len(file.take("records", 10, 2 * size + 5)) == 2
    assert len(file.take("records", 10, 1)) == 1
    assert [e.identity for e in file.take("alarms", 10, 10**9)] == ["a"]


def test_a_date_is_recorded_once_per_device_also_after_it_was_let_go_and_after_a_restart(opened):
    file = opened()
    file.append([record(STEP), record(2 * STEP), record(STEP, device="2")])
    file.remove("records", file.take("records", 10, 10**9))
    file.close()
    again = opened()
    assert again.append([record(2 * STEP), record(3 * STEP), record(None), record(None)]) == [
        Verdict.REPEATED,
        Verdict.STORED,
        Verdict.STORED,
        Verdict.STORED,
    ]
    assert again.recorded["1"] == ((STEP, 3 * STEP),)


def test_the_same_date_twice_in_one_commit_is_taken_once(opened):
    assert opened().append([record(STEP), record(STEP)]) == [Verdict.STORED, Verdict.REPEATED]


def test_limits_refuse_new_records_and_keep_the_oldest_until_there_is_room(opened):
    size = len(record(STEP).body) + 100
    file = opened(total=5 * size, device=2 * size)
    verdicts = file.append([record(n * STEP) for n in range(1, 5)])
    stored = verdicts.count(Verdict.STORED)
    assert verdicts == [Verdict.STORED] * stored + [Verdict.REFUSED] * (4 - stored)
    assert stored < 4
    assert file.append([record(STEP, device="2"), alarm("a")]) == [Verdict.STORED, Verdict.STORED]
    file.remove("records", file.take("records", 1, 10**9))
    assert file.append([record(4 * STEP)]) == [Verdict.STORED]
    file.close()
    assert opened(total=5 * size, device=2 * size).append([record(9 * STEP)]) == [Verdict.REFUSED]


def test_the_total_limits_all_devices_together(opened):
    size = len(record(STEP).body) + 100
    file = opened(total=50 * size)
    verdicts = [file.append([record(STEP, device=str(n))])[0] for n in range(100)]
    assert verdicts[:40] == [Verdict.STORED] * 40
    assert verdicts[-1] is Verdict.REFUSED
    assert file.is_full()


def test_an_alarm_and_the_value_it_makes_known_are_one_commit(opened):
    file = opened()
    file.append([AlarmDraft(known=Known("roof", "7", "0"))])
    assert file.take("alarms", 10, 10**9) == []
    file.append([alarm("a", "5"), alarm("b", "6")])
    file.close()
    again = opened()
    assert again.known() == {("roof", "7"): "6"}
    assert [e.identity for e in again.take("alarms", 10, 10**9)] == ["a", "b"]
    assert again.waiting == 2


@pytest.mark.parametrize("damage", ["noise", "header", "page"])
def test_a_damaged_file_is_moved_aside_and_a_new_one_has_a_new_name(opened, tmp_path, damage):
    file = opened()
    file.append([record(n * STEP, text="x" * 500) for n in range(1, 200)])
    source = file.source
    file.close()
    path = tmp_path / "outbox.sqlite3"
    content = bytearray(path.read_bytes())
    if damage == "noise":
        content[:] = os.urandom(len(content))
    elif damage == "header":
        content[:16] = b"not a database!!"
    else:
        content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    again = opened()
    assert again.moved_aside is not None
    assert again.moved_aside.read_bytes() == bytes(content)
    assert again.source != source
    assert again.append([record(STEP)]) == [Verdict.STORED]


async def test_a_disk_that_is_full_refuses_the_commit_whole_and_takes_it_later():
    with small_disk("1m") as directory:
        outbox = Outbox(directory, 10**9)
        await outbox.append([record(STEP)])
        filler = fill(directory)
        drafts = [record(n * STEP, text="x" * 10_000) for n in range(2, 40)]
        with pytest.raises(OutboxUnavailable, match="full"):
            await outbox.append(drafts)
        filler.unlink()
        assert await outbox.append(drafts) == [Verdict.STORED] * len(drafts)
        entries = await outbox.take("records", 100, 10**9)
        assert [entry.sequence for entry in entries] == list(range(1, len(drafts) + 2))
        await outbox.close()


async def test_a_file_that_cannot_be_opened_is_opened_later(tmp_path):
    outbox = Outbox(tmp_path / "state", 10**9)
    with pytest.raises(OutboxUnavailable):
        await outbox.append([record(STEP)])
    (tmp_path / "state").mkdir()
    assert await outbox.append([record(STEP)]) == [Verdict.STORED]
    assert outbox.is_recorded("1", STEP)
    await outbox.close()


WRITER = """
import sys
from pathlib import Path
from heliograph.collector.drafts import AlarmDraft, Known, RecordDraft
from heliograph.collector.outbox_file import OutboxFile

file = OutboxFile(Path(sys.argv[1]), 10**9)
first = int(sys.argv[2])
for number in range(first, first + 100000):
    date = number * 10000
    drafts = [RecordDraft(device, b'"device":"%b","number":%d}' % (device.encode(), number), date, date - 10000)
              for device in "123"]
    known = AlarmDraft(f"a{number}", b"{}", Known("roof", "7", str(number)))
    file.append([*drafts, known])
    print(number, flush=True)
    if number % 3 == 0:
        file.remove("records", file.take("records", 4, 10**9))
        print("removed", flush=True)
"""


@pytest.mark.parametrize("life", range(4))
def test_a_kill_at_any_moment_leaves_whole_commits_and_none_that_was_told_is_missing(tmp_path, life):
    path = tmp_path / "outbox.sqlite3"
    first, source = 1, ""
    for _ in range(2):
        process = subprocess.Popen([sys.executable, "-c", WRITER, path, str(first)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline()
        time.sleep(0.05 + 0.03 * life)
        process.send_signal(signal.SIGKILL)
        told = [int(line) for line in process.stdout.read().split() if line.isdigit()]
        process.wait(10)
        process.stdout.close()
        file = OutboxFile(path, 10**9)
        assert file.moved_aside is None
        assert source in ("", file.source)
        source = file.source
        last = max(told, default=first)
        entries = file.take("records", 10**6, 10**12)
        numbers = {device: [] for device in "123"}
        for entry in entries:
            payload = json.loads(entry.payload)
            assert payload["sequence"] == entry.sequence
            numbers[entry.device].append(payload["number"])
        ends = {own[-1] for own in numbers.values()}
        assert len(ends) == 1, "a commit is whole"
        (end,) = ends
        assert end >= last
        for device, own in numbers.items():
            assert own == list(range(own[0], end + 1))
            assert file.recorded[device] == ((10_000, end * 10_000),)
        assert file.known()["roof", "7"] == str(end)
        assert file.append([record(end * 10_000)]) == [Verdict.REPEATED]
        file.close()
        first = end + 1


async def test_two_streams_and_many_callers_share_the_one_thread(tmp_path):
    outbox = Outbox(tmp_path, 10**9)
    await asyncio.gather(*(outbox.append([record(STEP, device=str(n))]) for n in range(50)))
    assert outbox.waiting == 50
    assert all(outbox.is_recorded(str(n), STEP) for n in range(50))
    await outbox.close()


def test_commits_are_on_the_disk_when_they_return(opened):
    """WAL with synchronous=FULL: the log is synced at each commit."""
    db = opened()._db
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert db.execute("PRAGMA synchronous").fetchone() == (FULL,)
