"""Data files as they are written (spec 3.1)."""

import gzip

import pytest

from heliograph.formats import BlockHeader, DataFileWriter, DateForm, LocalDates, RowTooLarge, format_row

TEN = 1_717_236_000_000
INVERTER = BlockHeader("MODBUS", "1", "modbusTCP", "WPM00C44F_inv.csv", ("3", "7"))


def text(writer: DataFileWriter) -> str:
    return gzip.decompress(writer.close()).decode()


def test_the_example_of_the_specification():
    writer = DataFileWriter(LocalDates())
    assert writer.add(INVERTER, TEN, format_row((106, 10, 14.0, 12)))
    assert writer.add(INVERTER, TEN + 600_000, format_row((108, 11, 15.0, 13)))
    assert text(writer) == (
        "DEVICEINDEX;1\n"
        "modbusTCP;WPM00C44F_inv.csv\n"
        "2;3;7\n"
        "24/06/01-10:00:00;106;10;14;12\n"
        "24/06/01-10:10:00;108;11;15;13\n"
    )


def test_header_option_and_date_form_belong_to_the_server():
    writer = DataFileWriter(LocalDates("Europe/Paris", DateForm.DMY), index_line=False)
    writer.add(INVERTER, TEN, "106;10;14;12")
    assert text(writer) == "DEVICEINDEX;1\nmodbusTCP;WPM00C44F_inv.csv\n01/06/24-12:00:00;106;10;14;12\n"


def test_inputs_and_meters_have_their_own_headers():
    writer = DataFileWriter(LocalDates())
    writer.add(BlockHeader("IO", "IO", "io", "io.csv", ("1",)), TEN, "4")
    writer.add(BlockHeader("TIC", "TIC1", "tic", "tic.csv", ("1",), serial_number="0217"), TEN, "000123")
    assert text(writer) == (
        "TypeIO;io.csv\n1;1\n24/06/01-10:00:00;4\n"
        "SNTIC;0217;001\nTypeTIC;tic.csv\n1;1\n24/06/01-10:00:00;000123\n"
    )  # fmt: skip


def test_a_changed_definition_begins_a_second_block():
    writer = DataFileWriter(LocalDates(), index_line=False)
    for digest in ("a", "a", "b"):
        writer.add(BlockHeader("MODBUS", "1", "modbusTCP", "inv.csv", ("3",), digest=digest), TEN, "1")
    assert text(writer).count("DEVICEINDEX;1\n") == 2


def test_a_full_file_refuses_a_row_and_the_next_repeats_the_header():
    rows = [(TEN + i * 1000, str(i)) for i in range(100)]
    files, writer = [], DataFileWriter(LocalDates(), limit=600)
    for time, values in rows:
        if not writer.add(INVERTER, time, values):
            files.append(text(writer))
            writer = DataFileWriter(LocalDates(), limit=600)
            assert writer.add(INVERTER, time, values)
    files.append(text(writer))
    assert len(files) > 3
    assert all(len(file.encode()) <= 600 and file.startswith("DEVICEINDEX;1\n") for file in files)
    assert [line.split(";")[1] for file in files for line in file.splitlines()[3:]] == [values for _, values in rows]


def test_a_row_that_no_file_can_hold_is_an_error_and_not_an_endless_loop():
    with pytest.raises(RowTooLarge):
        DataFileWriter(LocalDates(), limit=100).add(INVERTER, TEN, "x" * 100)


def test_the_same_records_give_the_same_bytes():
    contents = []
    for _ in range(2):
        writer = DataFileWriter(LocalDates())
        for i in range(5000):
            writer.add(INVERTER, TEN + i * 1000, f"{i};1;2;3")
        contents.append(writer.close())
    assert contents[0] == contents[1]


def test_local_dates_repeat_when_summer_time_ends_and_rows_stay_in_their_order():
    dates = LocalDates("Europe/Paris")
    before = 1_729_988_400_000  # 2024-10-27T00:20:00Z
    assert [dates.text(before + minutes * 60_000) for minutes in (0, 30, 60, 90)] == [
        "24/10/27-02:20:00",
        "24/10/27-02:50:00",
        "24/10/27-02:20:00",
        "24/10/27-02:50:00",
    ]


def test_the_memory_of_dates_is_limited():
    dates = LocalDates()
    assert [dates.text(second * 1000) for second in range(25_000)][-1] == "70/01/01-06:56:39"
