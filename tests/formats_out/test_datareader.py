"""Data files read back into engineering values (spec 2.2, 3.1, 3.2)."""

import datetime as dt
import gzip

import pytest

from heliograph.formats import DataFile, DateForm, Row, read_data_file
from heliograph.formats.definition import Definition
from heliograph.formats.definition_parser import parse_definition
from heliograph.formats.findings import Finding, Severity

INVERTER = """modbusTCP;Inverter;ACME;X1
3;3;100;U16;;Power;;0.1;0;kW;2
7;3;101;U16;;Energy;;1;5;kWh;4
"""
HEADER = "DEVICEINDEX;1\nmodbusTCP;inv.csv\n2;3;7\n"
EXAMPLE = HEADER + "24/06/01-10:00:00;106;110;108.5;12\n24/06/01-10:10:00;108;111;;13\n"
NAME = "WPM00C44F_MODBUS_240601_101500.csv.gz"


def definition(text: str, file: str = "inv.csv") -> Definition:
    parsed, findings = parse_definition(text.encode(), file)
    assert parsed is not None, findings
    return parsed


DEFINITIONS = {"inv.csv": definition(INVERTER)}


def read(
    text: str | bytes, name: str = NAME, definitions: dict[str, Definition] | None = None, **options
) -> tuple[DataFile, list[Finding]]:
    content = text.encode() if isinstance(text, str) else text
    return read_data_file(content, name, DEFINITIONS if definitions is None else definitions, **options)


def rows(text: str, definitions: dict[str, Definition] | None = None, **options) -> list[Row]:
    """The rows of a file that is in order, but for warnings."""
    file, findings = read(text, definitions=definitions, **options)
    assert [f for f in findings if f.severity is Severity.ERROR] == []
    return list(file.rows())


def errors(text: str | bytes, name: str = NAME, **options) -> list[str]:
    _, findings = read(text, name, **options)
    return [str(finding).removeprefix(f"{name}:") for finding in findings if finding.severity is Severity.ERROR]


def test_each_value_that_is_there_is_a_row_of_engineering_values():
    ten, ten_past = dt.datetime.fromisoformat("2024-06-01T10:00"), dt.datetime.fromisoformat("2024-06-01T10:10")
    assert rows(EXAMPLE) == [
        Row(ten, "1", "3", "Power", "min", 106, 10.6, "kW"),
        Row(ten, "1", "3", "Power", "max", 110, 11.0, "kW"),
        Row(ten, "1", "3", "Power", "mean", 108.5, 10.85, "kW"),
        Row(ten, "1", "7", "Energy", "instant", 12, 17, "kWh"),
        Row(ten_past, "1", "3", "Power", "min", 108, 10.8, "kW"),
        Row(ten_past, "1", "3", "Power", "max", 111, 11.1, "kW"),
        Row(ten_past, "1", "7", "Energy", "instant", 13, 18, "kWh"),
    ]


def test_packed_files_marks_and_line_ends_of_other_systems_are_read():
    windows = b"\xef\xbb\xbf" + EXAMPLE.replace("\n", "\r\n").encode()
    file, findings = read(gzip.compress(windows))
    assert findings == []
    assert list(file.rows()) == rows(EXAMPLE)


def test_without_an_index_line_the_values_are_read_and_the_doubt_is_said():
    file, findings = read(EXAMPLE.replace("2;3;7\n", ""))
    assert list(file.rows()) == rows(EXAMPLE)
    assert [str(finding) for finding in findings] == [
        f"{NAME}:3:1: warning: no index line: whether the definition at hand is that of the file is unknown"
    ]


def test_both_date_forms_are_told_apart_by_the_name():
    day_first = EXAMPLE.replace("24/06/01", "01/06/24")
    assert rows(day_first) == rows(EXAMPLE)


def test_a_form_that_one_date_does_not_fit_is_not_the_form():
    text = HEADER + "24/01/30-00:00:00;1;1;1;1\n24/02/30-00:00:00;1;1;1;1\n"
    assert [row.timestamp.date() for row in rows(text)][::4] == [dt.date(2030, 1, 24), dt.date(2030, 2, 24)]


def test_dates_that_read_the_same_in_both_forms_are_no_question():
    text = HEADER + "24/06/24-00:00:00;1;1;1;1\n"
    assert rows(text)[0].timestamp == dt.datetime.fromisoformat("2024-06-24")
    assert errors(text, "renamed.csv") == []


def test_a_form_that_stays_open_is_an_error_that_names_the_option():
    (error,) = errors(EXAMPLE, "renamed.csv")
    assert error.startswith("4:1: error: 24/06/01-10:00:00 may be YY/MM/DD or DD/MM/YY")
    assert "--dates" in error
    assert len(errors(HEADER + "10/06/12-00:00:00;1;1;1;1\n", "W_MODBUS_110611_233000.csv.gz")) == 1


def test_the_form_may_be_given():
    file, findings = read(EXAMPLE, "renamed.csv", dates=DateForm.DMY)
    assert findings == []
    assert next(file.rows()).timestamp == dt.datetime.fromisoformat("2001-06-24T10:00")


def test_a_date_that_does_not_fit_the_given_form_is_an_error():
    (error,) = errors(EXAMPLE.replace("24/06/01-10:10", "24/13/01-10:10"), dates=DateForm.YMD)
    assert error == '5:1: error: "24/13/01-10:10:00" is no date as YY/MM/DD-hh:mm:ss'


def test_dates_that_fit_no_form_throughout_are_an_error():
    (error,) = errors(EXAMPLE.replace("24/06/01-10:10", "31/02/30-10:10"))
    assert error == '5:1: error: "31/02/30-10:10:00" is no date, neither as YY/MM/DD nor as DD/MM/YY'
    (error,) = errors(EXAMPLE.replace("24/06/01-10:00", "24/02/30-10:00").replace("24/06/01", "30/02/24"))
    assert error.startswith('4:1: error: "24/02/30-10:00:00" is no date as YY/MM/DD, and "30/02/24-10:10:00" (line 5)')


class TestDefinitionAtHand:
    """A definition that is not the one of the file never gives a value."""

    @pytest.mark.parametrize(
        ("line", "place"),
        [("2;3;8", "3:5"), ("2;7;3", "3:3"), ("3;3;7;9", "3:1"), ("1;3", "3:1"), ("3;3;7", "3:1")],
    )
    def test_an_index_line_that_does_not_fit_says_so(self, line: str, place: str):
        text = EXAMPLE.replace("2;3;7", line)
        (error,) = errors(text)
        assert error.startswith(f"{place}: error: the index line")
        assert list(read(text)[0].rows()) == []

    def test_the_other_blocks_are_still_read(self):
        file, findings = read(EXAMPLE + EXAMPLE.replace("2;3;7", "2;3;8") + EXAMPLE.replace("EX;1", "EX;2"))
        assert [finding.line for finding in findings] == [8]
        assert {row.device for row in file.rows()} == {"1", "2"}

    def test_one_that_is_missing_is_named(self):
        assert errors(EXAMPLE, definitions={}) == [
            '2:11: error: the definition "inv.csv" is not at hand, or has errors',
        ]

    def test_one_of_another_protocol_is_another_one(self):
        (error,) = errors(EXAMPLE, definitions={"inv.csv": definition("io;a;b;c\n1;1;1;1;;A;;;;;4\n")})
        assert error == '2:11: error: the definition "inv.csv" at hand is of protocol io: it is another one'

    def test_the_other_modbus_is_tolerated(self):
        _, findings = read(EXAMPLE.replace("modbusTCP", "modbusRTU"))
        assert [finding.severity for finding in findings] == [Severity.WARNING]

    @pytest.mark.parametrize("name", ["../inv.csv", "/etc/passwd", "DEF\\inv.csv", ""])
    def test_a_path_is_no_name_of_a_definition(self, name: str):
        (error,) = errors(EXAMPLE.replace("inv.csv", name))
        assert "is no file name of a definition" in error


@pytest.mark.parametrize(
    ("old", "new", "place", "reason"),
    [
        ("106;", "65536;", "4:19", 'Power (min): "65536" is no whole number from 0 to 65535'),
        ("106;", "-1;", "4:19", "no whole number"),
        ("106;", "1_0;", "4:19", "no whole number"),
        ("106;", " 106;", "4:19", "no whole number"),
        ("106;", "٣;", "4:19", "no whole number"),
        ("106;", "1,06E+02;", "4:19", "no whole number"),
        ("108.5", "nan", "4:27", 'Power (mean): "nan" is no number'),
        ("108.5", "108,5", "4:27", "is no number"),
        ("108.5", "9e999", "4:27", "is no number"),
        ("108.5", "1" * 500, "4:27", "is no number"),
        (";12\n", "\n", "4:1", 'a row of 3 values; the definition "inv.csv" at hand gives 4'),
        (";12\n", ";12;\n", "4:1", "a row of 5 values"),
        (";12\n", ";12\nhello\n", "5:1", '"hello" is neither a date nor the beginning of a header'),
        (";12\n", ";12\n2;3;7\n", "5:1", '"2" is neither a date'),
        ("DEVICEINDEX;1\n", "", "1:1", '"modbusTCP" stands before the header of a device'),
        ("DEVICEINDEX;1\n", "DEVICEINDEX;01\n", "1:13", '"01" is no index of a device'),
        ("DEVICEINDEX;1\n", "DEVICEINDEX\n", "1:1", "a line of this kind is DEVICEINDEX;<index>"),
        ("modbusTCP;inv.csv\n", "", "2:1", "after line 1, <protocol>;<definition file> is expected"),
        ("modbusTCP;", "modbusXYZ;", "2:1", '"modbusXYZ" is no Modbus protocol'),
    ],
)
def test_a_fault_names_its_place_and_leaves_its_block_out(old: str, new: str, place: str, reason: str):
    text = EXAMPLE.replace(old, new, 1)
    (error,) = errors(text)
    assert error.startswith(f"{place}: error: ")
    assert reason in error
    assert list(read(text)[0].rows()) == []


def test_all_faults_are_told_at_once():
    text = EXAMPLE.replace("106", "x").replace("12\n", "y\n").replace("13\n", "z\n")
    assert [error.split(":")[:2] for error in errors(text)] == [["4", "19"], ["4", "31"], ["5", "28"]]


def test_what_is_not_utf8_names_its_place():
    content = EXAMPLE.encode().replace(b"10:10:00;108", b"10:10:00;\xe9")
    assert errors(content) == ["5:19: error: not UTF-8 text"]


def test_a_line_without_end_is_an_error_and_costs_no_memory():
    text = EXAMPLE + "24/06/01-10:20:00" + ";" * (9 * 2**20)
    assert errors(text) == ["6:1: error: the line is longer than 8 MiB"]
    assert list(read(text)[0].rows()) == []


def test_a_file_that_breaks_off_in_a_header_or_holds_nothing_is_told():
    assert errors("DEVICEINDEX;1\n") == ["1:1: error: the file ends inside the header of a device"]
    assert [str(f) for f in read("")[1]] == [f"{NAME}:1:1: warning: the file holds no rows"]


def test_a_bomb_and_a_damaged_archive_are_errors():
    assert errors(gzip.compress(bytes(65 * 2**20))) == ["1:1: error: unpacks to more than 64 MiB"]
    assert errors(gzip.compress(EXAMPLE.encode())[:-9]) == ["1:1: error: the gzip file is cut off"]


def test_a_parameter_file_has_one_field_for_each_variable_of_action_1():
    text = INVERTER + "8;3;102;U16;;Setpoint;;0.5;0;%;1\n9;3;103;F32;;Limit;;;;W;7\n"
    file = "DEVICEINDEX;4\nmodbusTCP;inv.csv\n2;8;9\n24/06/01-10:00:00;50;0.1\n"
    name = "W_MODBUS_P_240601_101500.csv.gz"
    parsed, findings = read(file, name, {"inv.csv": definition(text)})
    assert findings == []
    assert [(row.index, row.statistic, row.raw, row.value) for row in parsed.rows()] == [
        ("8", "instant", 50, 25.0),
        ("9", "instant", 0.1, 0.1),
    ]


def test_minimum_and_maximum_are_those_of_engineering_values_as_in_mqtt():
    text = "modbusTCP;a;b;c\n1;3;1;I16;;Grid;;-0.5;1;kW;7\n2;3;2;I16;;Zero;;0;3;;2\n"
    file = "DEVICEINDEX;1\nmodbusTCP;inv.csv\n24/06/01-10:00:00;-10;40;15;20;1;2;1.5\n24/06/01-10:10:00;-10;;;;;;\n"
    found = [(row.index, row.statistic, row.raw, row.value) for row in rows(file, {"inv.csv": definition(text)})]
    assert found == [
        ("1", "min", 40, -19.0),
        ("1", "max", -10, 6.0),
        ("1", "mean", 15, -6.5),
        ("1", "instant", 20, -9.0),
        ("2", "min", 1, 3.0),
        ("2", "max", 2, 3.0),
        ("2", "mean", 1.5, 3.0),
        ("1", "max", -10, 6.0),
    ]


def test_inputs_and_meters_have_names_for_a_device():
    definitions = {
        "io.csv": definition("io;IO;x;y\n1;1;1;1;;Level;;2;1;bar;6\n2;2;1;1;;Door;;;;;8\n", "io.csv"),
        "tic.csv": definition(
            "tic;Meter;x;y\n1;EAST;;;;Energy;;0.001;0;kWh;4\n2;PTEC;;;;Period;;;;;4\n", "tic.csv"
        ),
    }  # fmt: skip
    text = (
        "TypeIO;io.csv\n2;1;2\n24/06/01-10:00:00;4.5;5;4.75;4.5;1\n"
        "SNTIC;0217;001\nTypeTIC;tic.csv\n2;1;2\n24/06/01-10:00:00;000123;HP..\n"
    )
    found = [(row.device, row.index, row.statistic, row.raw, row.value) for row in rows(text, definitions)]
    assert found == [
        ("IO", "1", "min", 4.5, 10.0),
        ("IO", "1", "max", 5, 11.0),
        ("IO", "1", "mean", 4.75, 10.5),
        ("IO", "1", "instant", 4.5, 10.0),
        ("IO", "2", "instant", 1, 1),
        ("TIC1", "1", "instant", "000123", 0.123),
        ("TIC1", "2", "instant", "HP..", "HP.."),
    ]


class TestScaleFactor:
    """Engineering value = CoefA × raw × 10^sf + CoefB, with the scale factor of the same row."""

    def values(self, action: int, row: str, own: int = 4) -> list[tuple[str, object]]:
        text = f"modbusTCP;a;b;c\n1;3;1;U16;SF;W;;;;W;{own}\n2;3;2;I16;;SF;;;;;{action}\n"
        table = rows(f"DEVICEINDEX;1\nmodbusTCP;inv.csv\n24/06/01-10:00:00;{row}\n", {"inv.csv": definition(text)})
        return [(found.statistic, found.value) for found in table if found.index == "1"]

    def test_recorded_beside_what_it_scales(self):
        assert self.values(4, "2301;-1") == [("instant", 230.1)]
        assert self.values(4, "23;2") == [("instant", 2300)]

    def test_missing_leaves_the_value_missing_and_the_raw_one_there(self):
        assert self.values(4, "2301;") == [("instant", None)]
        assert self.values(1, "2301") == [("instant", None)]

    def test_a_pattern_for_not_implemented_scales_nothing(self):
        assert self.values(4, "2301;-32768") == [("instant", None)]

    def test_known_by_its_statistics_where_it_did_not_change(self):
        assert self.values(2, "2301;-1;-1;-1") == [("instant", 230.1)]
        assert self.values(2, "2301;-1;0;-0.5") == [("instant", None)]

    def test_statistics_over_a_change_of_scale_are_missing_and_the_instant_is_not(self):
        changed = self.values(6, "2300;2400;2350;2310;-1;0;-0.5;-1", own=6)
        assert changed == [("min", None), ("max", None), ("mean", None), ("instant", 231.0)]
        steady = self.values(6, "2300;2400;2350;2310;-1;-1;-1;-1", own=6)
        assert steady == [("min", 230.0), ("max", 240.0), ("mean", 235.0), ("instant", 231.0)]


class TestTimeZone:
    """With the gateway's zone, dates get their offset."""

    def stamps(self, *times: str) -> tuple[list[str], list[str]]:
        text = HEADER + "".join(f"{time};1;1;1;1\n" for time in times)
        file, findings = read(text, zone="Europe/Paris", dates=DateForm.YMD)
        stamps = [row.timestamp.isoformat() for row in file.rows() if row.statistic == "min"]
        return stamps, [str(finding).removeprefix(f"{NAME}:") for finding in findings]

    def test_offsets(self):
        assert self.stamps("24/01/01-00:00:00", "24/06/01-10:00:00") == (
            ["2024-01-01T00:00:00+01:00", "2024-06-01T10:00:00+02:00"],
            [],
        )

    def test_an_hour_that_repeats_is_told_apart_by_the_order_of_rows(self):
        times = [
            "24/10/27-02:30:00",
            "24/10/27-02:50:00",
            "24/10/27-02:10:00",
            "24/10/27-02:30:00",
            "24/10/27-03:00:00",
        ]
        stamps, findings = self.stamps(*times)
        assert [stamp[-14:] for stamp in stamps] == [
            "02:30:00+02:00",
            "02:50:00+02:00",
            "02:10:00+01:00",
            "02:30:00+01:00",
            "03:00:00+01:00",
        ]
        assert findings == []

    def test_one_that_can_not_be_told_apart_is_said(self):
        stamps, findings = self.stamps("24/10/27-02:30:00", "24/10/27-03:00:00")
        assert stamps[0] == "2024-10-27T02:30:00+02:00"
        assert findings == [
            "4:1: warning: 2024-10-27 02:30:00 exists twice in Europe/Paris: taken as the first of the two"
        ]

    def test_a_date_that_never_was_tells_of_the_wrong_zone(self):
        stamps, findings = self.stamps("24/03/31-02:30:00")
        assert stamps == []
        assert findings == [
            "4:1: error: 2024-03-31 02:30:00 does not exist in Europe/Paris: is it the right time zone?"
        ]

    def test_a_zone_that_there_is_not_is_the_callers_fault(self):
        with pytest.raises((ValueError, KeyError)):
            read(EXAMPLE, zone="Mars/Olympus")


def test_a_file_full_of_faults_is_told_in_part():
    _, findings = read(HEADER + "24/06/01-10:00:00;x;x;x;x\n" * 20_000)
    assert len(findings) <= 10_001
