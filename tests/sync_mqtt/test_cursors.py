"""Which streams a server takes, and what a change of its type does to its cursors (decision 0001)."""

import hashlib

from heliograph.formats.config import ServerMode
from heliograph.sync.ledger import ALARMS, BUNDLES, LOG, RECORDS, RESULTS, STREAMS, Made, streams_of
from heliograph.sync.revisions import Revisions
from heliograph.sync.telemetry.definitions import Definitions
from support.syncing import file_server
from support.telemetry import DEFINITION, alarm, mqtt_applied, mqtt_server, record

MQTT = frozenset({RECORDS})


def test_servers_take_what_is_theirs():
    assert streams_of(file_server(1, ServerMode.MAIN)) == set(STREAMS)
    assert streams_of(mqtt_server(1)) == {RECORDS}
    assert streams_of(mqtt_server(1, topic_alarm="x")) == {RECORDS, ALARMS}


def test_a_stream_that_a_server_does_not_take_holds_nothing_back(telemetry, monkeypatch):
    from heliograph.sync import ledger

    monkeypatch.setattr(ledger, "RECENT_LINES", 0)
    bench = telemetry.bench
    bench.ledger.serve({1: STREAMS, 2: MQTT})
    bench.diary.info("a line")
    bench.diary.flush()
    bench.spool.take_alarms([alarm(1)])
    end = bench.ledger.end(LOG)
    assert bench.ledger.commit(1, LOG, "DirLog", [], (0, end))
    assert bench.ledger.received(LOG) == end
    bench.ledger.prune()
    with bench.database.read() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM log").scalar() == 0


def test_alarms_that_no_server_takes_stay_for_people_within_their_limit(telemetry, monkeypatch):
    from heliograph.sync import ledger

    monkeypatch.setattr(ledger, "ALARM_HISTORY", 3)
    bench = telemetry.bench
    bench.ledger.serve({1: MQTT})
    bench.spool.take_alarms([alarm(n) for n in range(1, 10)])
    bench.ledger.prune()
    with bench.database.read() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM alarm").scalar() == 3


def test_from_files_to_mqtt_the_cursor_goes_back_to_what_was_received_and_forward_it_goes_on(telemetry):
    ledger, spool = telemetry.bench.ledger, telemetry.bench.spool
    ledger.serve({1: STREAMS})
    spool.take_records([record(n) for n in range(1, 11)])
    ledger.commit(1, RECORDS, "DirData", [Made("one", 1, 1000)], (0, 4))
    ledger.commit(1, RECORDS, "DirData", [Made("two", 1, 2000)], (4, 8))
    ledger.delivered([ledger.waiting(1)[0].id])
    ledger.serve({1: MQTT})
    assert (ledger.position(1, RECORDS), len(ledger.waiting(1))) == (8, 1), "a connection may still send it"
    ledger.rewind(1)
    assert (ledger.position(1, RECORDS), ledger.waiting(1)) == (4, [])
    assert ledger.position(1, RESULTS) == 0, "the revision may be taken back"
    assert ledger.drop({1: MQTT}) == [], "the server is not gone"
    assert [ledger.position(1, stream) for stream in (ALARMS, LOG, RESULTS, BUNDLES)] == [None] * 4
    ledger.serve({1: MQTT})
    assert ledger.position(1, RECORDS) == 4
    ledger.serve({1: STREAMS})
    assert ledger.position(1, RECORDS) == 4
    assert ledger.position(1, RESULTS) == ledger.end(RESULTS)


def test_an_alarm_topic_that_is_new_begins_at_the_end(telemetry):
    ledger = telemetry.bench.ledger
    ledger.serve({1: MQTT})
    telemetry.bench.spool.take_alarms([alarm(1)])
    ledger.serve({1: {RECORDS, ALARMS}})
    assert ledger.position(1, ALARMS) == 1
    ledger.serve({})
    assert ledger.position(1, ALARMS) == 1
    assert ledger.drop({}) == [1]
    assert ledger.position(1, ALARMS) is None


def test_definitions_are_found_in_kept_revisions_also_where_they_are_latin_1(telemetry):
    revisions = Revisions(telemetry.bench.database)
    found = Definitions(revisions)
    latin = DEFINITION.decode().encode("latin-1")
    revisions.keep("server", 0, "WPM00C44F", {"DEF/old.csv": latin, "CONFIG/x": b""})
    as_others_read = hashlib.sha256(latin.decode("latin-1").encode()).hexdigest()
    assert found.find(as_others_read).file == "old.csv"
    assert found.find("0" * 64) is None
    later = DEFINITION + b"20;3;20;U16;;More;;1;0;;4\n"
    digest = hashlib.sha256(later).hexdigest()
    assert found.find(digest) is None
    found.take(mqtt_applied([], number=2, definition=later))
    assert found.find(digest) is not None
