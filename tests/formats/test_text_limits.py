"""Encodings, line ends and sizes."""

import tracemalloc

import pytest

from heliograph.formats import parse_config, parse_daq, parse_definition, parse_schedules, parse_scripts, read_set
from heliograph.formats.report import Edit, Field, Report, quote
from heliograph.formats.text import FILE_LIMIT_BYTES, LINE_LIMIT_BYTES, read_text
from support.growth import grows_in_step

PARSERS = [parse_config, parse_daq, parse_definition, parse_schedules, parse_scripts]


def places(findings) -> list[str]:
    return [f"{finding.line}:{finding.column}: {finding.severity}" for finding in findings]


@pytest.mark.parametrize("parse", PARSERS)
def test_a_huge_file_is_answered_by_one_finding_at_once(parse):
    content = b"1;3;0;U16;;a;;;;;4\n" * (100_000_000 // 19)
    tracemalloc.start()
    try:
        found, findings = parse(content, "x")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000, "nothing of it is copied, so nothing is read"
    finally:
        tracemalloc.stop()
    assert found is None
    assert places(findings) == ["1:1: error"]
    assert "16 MiB" in findings[0].text


@pytest.mark.parametrize(
    "content", [b"\n" * 10_000_000, "modbusTCP;a;b;c\n".encode("utf-16")], ids=["many lines", "UTF-16"]
)
@pytest.mark.parametrize("parse", PARSERS)
def test_what_is_no_text_of_lines_is_answered_by_one_finding(parse, content):
    assert places(parse(content, "x")[1]) == ["1:1: error"]


def test_a_file_and_a_line_may_reach_their_limits():
    line = b"a" * LINE_LIMIT_BYTES + b"\r\n"
    report = Report("x")
    text = read_text(line * (FILE_LIMIT_BYTES // len(line)), report, lambda _text, _position: 1)
    assert text is not None
    assert report.findings() == []


def test_a_line_above_the_limit_is_an_error_and_the_others_are_read():
    content = b"LOG_Level=x\nGATEWAY_Name=" + "é".encode() * (LINE_LIMIT_BYTES // 2) + b"\nLOG_Lewel=y\n"
    assert places(parse_config(content, "x")[1])[1:] == ["1:11: warning", "2:1: error", "3:1: warning"]


def test_a_set_with_a_huge_file_is_answered_by_its_finding():
    files = {"CONFIG/a_config.ini": b"SERVER_Type=ftp\nFTP_Address=a\n", "CONFIG/a_daq.csv": b"#" * 17_000_000}
    found, findings = read_set(files)
    assert found is None
    assert [str(finding).partition(" ")[0] for finding in findings] == ["CONFIG/a_daq.csv:1:1:"]


def test_more_variables_than_the_limit_are_an_error_at_the_first_too_many():
    rows = "".join(f"{n};3;{n};U16;;v{n};;;;;4\n" for n in range(10_001))
    definition, findings = parse_definition(b"modbusTCP;a;b;c\n" + rows.encode(), "x")
    assert definition is None
    assert places(findings) == ["10002:1: error"]
    definition, _ = parse_definition(b"modbusTCP;a;b;c\n" + "\n".join(rows.splitlines()[:-1]).encode(), "x")
    assert definition is not None
    assert len(definition.variables) == 10_000


@pytest.mark.parametrize("row", ["M1;x;1\n", "# no more than this\n", "\n"], ids=["unknown", "comments", "blank"])
def test_a_file_of_many_short_lines_is_read_in_step_with_their_number(row):
    devices = "index;interface;name;address;defFile\n1;a;d;1;a.csv\n\nmodem;apn\n"

    def work(lines: int) -> None:
        daq, findings = parse_daq((devices + row * lines).encode(), "x")
        assert findings == []
        assert daq is not None

    assert grows_in_step(work, 12_000)


def test_far_more_devices_than_the_limit_are_not_read():
    def work(lines: int) -> None:
        rows = "".join(f"{n};10.0.0.1;d{n};1;a.csv\n" for n in range(lines))
        _, findings = parse_daq(b"index;interface;name;address;defFile\n" + rows.encode(), "x")
        assert places(findings) == ["1002:1: error"]

    assert grows_in_step(work, 5_000)


@pytest.mark.parametrize(
    ("parse", "row"), [(parse_schedules, "SCHEDULE2_Params[{}]={}\n"), (parse_scripts, "SCRIPT_File[{}]={}.lua\n")]
)
def test_more_numbered_lines_than_the_limit_are_an_error_at_the_first_too_many(parse, row):
    rows = [row.format(n, n) for n in range(10_002)]
    assert places(parse("".join(rows[:10_000]).encode(), "x")[1]) == []
    assert places(parse("".join(rows).encode(), "x")[1]) == ["10001:1: error"]


def test_more_devices_than_the_limit_are_an_error_at_the_first_too_many():
    rows = "".join(f"{n};10.0.0.1;d{n};1;a.csv\n" for n in range(1_001))
    daq, findings = parse_daq(b"index;interface;name;address;defFile\n" + rows.encode(), "x")
    assert daq is None
    assert places(findings) == ["1002:1: error"]


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"a", b"a\r\nb\n\rc\r", b"\xef\xbb\xbfa\xe9\n", b"\xef\xbb\xbf\xef\xbb\xbf", "é\r\n".encode()],
)
def test_every_byte_comes_back(content):
    text = read_text(content, Report("x"), lambda _text, _position: 1)
    assert text is not None
    assert text.encode() == content


def test_a_latin_1_file_that_gets_other_letters_becomes_utf_8():
    text = read_text(b"\xe9;1;2\r\n", Report("x"), lambda _text, _position: 1)
    assert text is not None
    edits = [Edit(Field(1, 3, "1"), "Ω"), Edit(Field(1, 5, "2"), "")]
    assert text.encode(edits) == "é;Ω;\r\n".encode()


def test_what_is_quoted_is_escaped_and_cut():
    assert quote('a"\\\n\x1b\u202e') == '"a\\"\\\\\\n\\x1b\\u202e"'
    assert len(quote("x" * 1000)) == 83
