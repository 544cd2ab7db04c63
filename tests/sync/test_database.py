"""What sync's database promises: a commit is on the disk when it returns, through a power cut too; and how it ends."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from heliograph.sync import database as database_module
from heliograph.sync.database import Database, open_database


def test_the_log_is_synced_at_each_commit_by_every_connection(tmp_path):
    """WAL with synchronous=FULL; readers and the writer may have connections of their own."""
    database = Database(tmp_path / "sync.sqlite")
    for transaction in (database.read, database.write, database.read):
        with transaction() as session:
            assert session.execute(text("PRAGMA journal_mode")).one() == ("wal",)
            assert session.execute(text("PRAGMA synchronous")).one() == (2,)
    database.close()


def test_a_file_that_another_process_holds_is_told_as_every_trouble_with_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(database_module, "BUSY_MS", 0)
    monkeypatch.setattr(database_module, "_PRAGMAS", ())
    database = Database(tmp_path / "sync.sqlite")
    with closing(sqlite3.connect(tmp_path / "sync.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"), database.write() as session:
            session.connection()
    with database.write() as session:
        assert session.execute(text("SELECT count(*) FROM record")).one() == (0,)
    database.close()


def test_it_closes_when_the_thread_of_a_cancelled_task_is_done_with_it(tmp_path):
    database = Database(tmp_path / "sync.sqlite")
    inside, finish, closing = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        with database.write() as session:
            session.execute(text("PRAGMA user_version=7"))
            inside.set()
            assert finish.wait(60)

    def close() -> None:
        closing.set()
        database.close()

    with ThreadPoolExecutor() as pool:
        working = pool.submit(work)
        assert inside.wait(60)
        closed = pool.submit(close)
        assert closing.wait(60)
        with pytest.raises(TimeoutError):
            closed.result(timeout=0.05)
        finish.set()
        working.result(timeout=60)
        closed.result(timeout=60)
    assert not list(tmp_path.glob("*-wal")), "the last connection takes the log of the file with it"


@pytest.mark.parametrize(
    ("code", "is_put_aside"), [(sqlite3.SQLITE_IOERR_READ, True), (sqlite3.SQLITE_IOERR_SHMSIZE, False)]
)
def test_a_file_on_broken_blocks_is_put_aside_and_one_on_a_full_disk_is_not(tmp_path, monkeypatch, code, is_put_aside):
    path = tmp_path / "sync.db"
    Database(path).close()

    def fail(_: Path) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = code
        raise error

    monkeypatch.setattr(database_module, "_check", fail)
    if not is_put_aside:
        with pytest.raises(sqlite3.OperationalError):
            open_database(path, "240601_120000")
        return
    database, aside = open_database(path, "240601_120000")
    database.close()
    assert aside is not None
    assert aside.exists()
