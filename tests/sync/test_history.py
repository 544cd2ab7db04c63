"""The history of connections as it is asked for."""

from heliograph.contract import ConnectionResult, PageRequest, Trigger


def test_connections_are_paged_and_filtered_by_server_and_failure(bench):
    results = (ConnectionResult.DONE, ConnectionResult.FAILED, ConnectionResult.PARTIAL, ConnectionResult.DONE)
    for number, result in enumerate(results):
        row = bench.history.begin(1 + number % 2, Trigger.SCHEDULE, number)
        bench.history.end(row, number + 1, result, (), ())

    def numbers(**asked: object) -> list[int]:
        return [row.number for row in bench.history.page(PageRequest(**asked)).connections]

    assert numbers() == [4, 3, 2, 1]
    assert numbers(before=3, limit=1) == [2]
    assert numbers(server=1) == [3, 1]
    assert numbers(failed=True) == [3, 2]
    assert numbers(failed=True, server=2) == [2]
