"""Lines of alarm and log files (spec 3.3, 3.4)."""

from heliograph.formats import LocalDates, device_alarm, gateway_alarm, log_line

TEN = 1_717_236_000_000


def test_an_alarm_of_the_gateway():
    assert gateway_alarm(LocalDates().text(TEN), "POWER ON") == "24/06/01-10:00:00;GATEWAY;POWER ON\n"


def test_an_alarm_of_a_device():
    line = device_alarm(
        LocalDates().text(TEN), source="MODBUS", definition="inv.csv", device="roof; 1", variable="7", value=3
    )
    assert line == "24/06/01-10:00:00;MODBUS;inv.csv;roof  1;7;3\n"


def test_a_line_of_the_log_is_one_line_whatever_the_text():
    assert log_line(TEN + 7, "info", "sync", "a;b\n\x1b[31mc") == "2024-06-01 10:00:00.007;info;sync;a;b  [31mc\n"
