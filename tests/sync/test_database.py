"""What sync's database promises: a commit is on the disk when it returns, through a power cut too."""

from sqlalchemy import text

from heliograph.sync.database import Database


def test_the_log_is_synced_at_each_commit_by_every_connection(tmp_path):
    """WAL with synchronous=FULL; readers and the writer may have connections of their own."""
    database = Database(tmp_path / "sync.sqlite")
    for transaction in (database.read, database.write, database.read):
        with transaction() as session:
            assert session.execute(text("PRAGMA journal_mode")).one() == ("wal",)
            assert session.execute(text("PRAGMA synchronous")).one() == (2,)
    database.close()
