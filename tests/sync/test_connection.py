"""One connection: what goes where, in which form, and what a failure leaves."""

import gzip

import pytest

from heliograph.contract import ConnectionResult, PageRequest
from support.samples import record


def test_records_reach_both_servers_and_then_leave_the_spool(bench):
    bench.spool.take_records([record(1), record(2, device="2"), record(3, time=1_717_236_600_000)])
    assert bench.visit(1).result is ConnectionResult.DONE
    assert bench.spool.state().records == 3
    assert bench.visit(2).result is ConnectionResult.DONE
    assert bench.spool.state().records == 0
    for number in (1, 2):
        (name,) = bench.names(number)
        assert gzip.decompress(bench.content(number, name)).decode() == (
            "DEVICEINDEX;1\nmodbusTCP;inv.csv\n2;3;7\n"
            "24/06/01-10:00:00;106;110;108;12\n24/06/01-10:10:00;106;110;108;12\n"
            "DEVICEINDEX;2\nmodbusTCP;inv.csv\n2;3;7\n24/06/01-10:00:00;106;110;108;12\n"
        )
