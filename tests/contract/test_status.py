"""The status document: one view of the gateway made of the last state of each service."""

import pytest

from heliograph.contract import (
    ApiState,
    CollectorState,
    CommandsState,
    DeviceCondition,
    DeviceState,
    ScriptCondition,
    ScriptState,
    ServerState,
    ServerSummary,
    SetPointState,
    StorageState,
    SyncState,
    Trial,
)
from heliograph.contract.recorded import KeptRecords
from heliograph.contract.status import status_document

NOW = 1_717_236_000_000
SERVER = ServerSummary(number=1, type="sftp", mode="strategy_wsun1_compliant", address="example.org", port=22)


def states(now: int = NOW, **changes) -> dict:
    times = {"time": now, "started": now - 60_000}
    return {
        "collector": CollectorState(**times),
        "sync": SyncState(**times, uid="WPM00C44F", site="Roof", revision=3),
        "commands": CommandsState(**times),
        "api": ApiState(**times),
        **changes,
    }


def test_a_gateway_that_is_well_needs_nobody():
    document = status_document(states(), NOW)
    assert document.attention == ()
    assert (document.uid, document.site, document.revision) == ("WPM00C44F", "Roof", 3)
    assert [service.running for service in document.services] == [True] * 4


def test_nothing_known_is_said_as_four_services_that_do_not_run():
    document = status_document({}, NOW)
    assert [service.service for service in document.services] == ["collector", "sync", "commands", "api"]
    assert len(document.attention) == 4


def test_a_service_is_silent_after_fifteen_seconds_and_no_sooner():
    at_the_edge = status_document(states(), NOW + 15_000)
    beyond = status_document(states(), NOW + 15_001)
    assert all(service.running for service in at_the_edge.services)
    assert not any(service.running for service in beyond.services)


def test_a_lapsed_set_point_and_a_script_that_failed_need_a_hand():
    device = DeviceState(device="7", name="roof", condition=DeviceCondition.ANSWERING, since=NOW)
    points = tuple(
        SetPointState(device="7", variable="59", raw=60, fallback=0, until=NOW, lapsed=lapsed, cause=cause)
        for lapsed, cause in ((True, ""), (True, "it is silent"), (False, ""))
    )
    failed = ScriptState(name="night", condition=ScriptCondition.WAITING, since=NOW, cause="night.lua:12: nil")
    asleep = ScriptState(name="spare", condition=ScriptCondition.STOPPED, since=NOW)
    collector = CollectorState(time=NOW, started=NOW, devices=(device,), set_points=points)
    commands = CommandsState(time=NOW, started=NOW, scripts=(failed, asleep))
    assert status_document(states(collector=collector, commands=commands), NOW).attention == (
        "The set point of roof, variable 59, lapsed: the fallback is in force.",
        "The set point of roof, variable 59, lapsed: the fallback is not written: it is silent.",
        "Script night failed and waits: night.lua:12: nil.",
    )


def test_a_state_under_anothers_name_is_not_taken_for_it():
    """Whatever comes as `collector` without being a collector's state is no collector's state."""
    document = status_document(states(collector=ApiState(time=NOW, started=NOW)), NOW)
    assert document.devices == ()


def test_it_says_what_is_kept_for_looking_back_and_why_nothing_is():
    kept = KeptRecords(days=30, records=7, problem="no records are kept for looking back: the disk is nearly full")
    document = status_document(states(sync=SyncState(time=NOW, started=NOW, revision=1, kept=kept)), NOW)
    assert document.kept == kept
    assert "No records are kept for looking back: the disk is nearly full." in document.attention


def test_attention_names_the_gravest_first():
    lost = DeviceState(
        device="1", name="roof", condition=DeviceCondition.RESTING, since=NOW, cause="no answer within 1 s"
    )
    asleep = DeviceState(device="2", name="barn", condition=DeviceCondition.ASLEEP, since=NOW)
    document = status_document(
        states(
            commands=CommandsState(time=0, started=0),
            collector=CollectorState(time=NOW, started=NOW, devices=(lost, asleep), rejected="no definition"),
            sync=SyncState(
                time=NOW,
                started=NOW,
                revision=1,
                rejected=True,
                storage=StorageState(full=True),
                servers=(ServerState(server=SERVER, failures=2, problems=("directory /ALARM is missing",)),),
            ),
        ),
        NOW,
    )
    order = ["commands is not running", "storage is full", "refused; the last good", "newest revision", "2 failed"]
    order += ["directory /ALARM", "roof does not answer: no answer within 1 s."]
    assert len(document.attention) == len(order)
    assert all(part in line for part, line in zip(order, document.attention, strict=True))


@pytest.mark.parametrize(("kept", "words"), [(False, ["No time service keeps"]), (True, []), (None, [])])
def test_a_clock_that_nobody_keeps_needs_a_hand_and_one_that_may_be_kept_does_not(kept, words):
    document = status_document(states(api=ApiState(time=NOW, started=NOW, clock_kept=kept)), NOW)
    assert document.clock_kept is kept
    assert [line[:21] for line in document.attention] == words


@pytest.mark.parametrize("service", ["collector", "commands", "api"])
def test_a_service_that_could_not_take_a_revision_needs_a_hand(service):
    rejecting = states()[service].model_copy(update={"rejected": "DEF/m.csv:1:1: error: x", "rejected_revision": 4})
    (line,) = status_document(states(**{service: rejecting}), NOW).attention
    assert line == f"Service {service} could not take the newest revision (4): DEF/m.csv:1:1: error: x"


@pytest.mark.parametrize(
    ("left", "failures", "words"),
    [
        (
            24 * 60_000 + 59_999,
            1,
            "back to revision 7 in 24 min unless the main server is reached; 1 of 3 tries failed",
        ),
        (59_000, 0, "back to revision 7 in 59 s unless the main server is reached"),
        (-5_000, 2, "back to revision 7 in 0 s unless the main server is reached; 2 of 3 tries failed"),
    ],
)
def test_a_trial_is_told_with_its_way_back_and_its_countdown(left, failures, words):
    trial = Trial(revision=8, back_to=7, since=NOW - 60_000, until=NOW + left, failures=failures)
    document = status_document(states(sync=states()["sync"].model_copy(update={"trial": trial})), NOW)
    assert document.trial == trial
    assert document.attention == (f"Revision 8 is on trial: {words}.",)


def test_no_configuration_is_told_from_a_refused_one():
    missing = SyncState(time=NOW, started=NOW, findings=("/set holds no configuration set: put one there",))
    refused = SyncState(time=NOW, started=NOW, rejected=True)
    assert status_document(states(sync=missing), NOW).attention == (
        "There is no configuration yet: nothing is polled.", "/set holds no configuration set: put one there",
    )  # fmt: skip
    assert "no earlier one" in status_document(states(sync=refused), NOW).attention[0]
