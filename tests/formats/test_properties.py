"""What holds for every file, right or wrong."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.formats import (
    Severity,
    parse_config,
    parse_daq,
    parse_definition,
    parse_schedules,
    parse_scripts,
    read_set,
)
from heliograph.formats.config_parser import read_config
from heliograph.formats.daq_parser import read_daq
from heliograph.formats.report import FINDINGS_LIMIT, Report
from heliograph.formats.schedule_parser import read_schedules
from heliograph.formats.text import read_text
from support.formats import HEADER, contents, definitions, names
from support.growth import grows_in_step

PARSERS = [parse_config, parse_daq, parse_definition, parse_schedules, parse_scripts]
KINDS = ("config.ini", "var.ini", "daq.csv", "scl.ini")
CONFIG = b"SERVER_Type=sftp\nFTP_Address=files.example.net\n"
DAQ = "index;interface;name;address;defFile\n"
SECRET = "hunter2-secret"


def lines_of(content: bytes) -> list[str]:
    report = Report("")
    text = read_text(content, report, lambda _text, _position: 1)
    return [line.text for line in text.lines] if text else []


def assert_inside(findings, content: bytes) -> None:
    lines = lines_of(content)
    for finding in findings:
        assert (finding.line, finding.column) == (1, 1) or finding.column <= len(lines[finding.line - 1]) + 1
        assert str(finding).isprintable(), finding


@pytest.mark.parametrize("parse", PARSERS)
@settings(deadline=None, max_examples=60)
@given(content=contents)
def test_no_bytes_crash_a_parser(parse, content):
    """Findings lie inside the file; a result comes exactly when there is no error."""
    found, findings = parse(content, "DEF/x")
    assert_inside(findings, content)
    assert (found is None) == any(finding.severity is Severity.ERROR for finding in findings)
    assert findings == sorted(set(findings))


@settings(deadline=None, max_examples=75)
@given(files=st.dictionaries(st.sampled_from([f"CONFIG/{u}_{k}" for u in ("a", "b c") for k in KINDS]), contents))
def test_no_bytes_crash_a_set(files):
    found, findings = read_set(files | {"DEF/3": b"", "CERT/1": b""})
    assert (found is None) == any(finding.severity is Severity.ERROR for finding in findings)
    for path, content in files.items():
        assert_inside([finding for finding in findings if finding.file == path], content)


@settings(deadline=None, max_examples=75)
@given(content=contents)
def test_bytes_come_back_from_text(content):
    text = read_text(content, Report(""), lambda _text, _position: 1)
    assert text is None or text.encode() == content


@settings(deadline=None, max_examples=50)
@given(content=definitions())
def test_right_definitions_have_no_findings(content):
    definition, findings = parse_definition(content, "DEF/x.csv")
    assert findings == [] or all("differ only in case" in finding.text for finding in findings)
    assert definition is not None
    assert len(definition.variables) == content.count(b"\n") - 1


@settings(deadline=None, max_examples=40)
@given(content=definitions(), device_names=st.lists(names.map(str.strip), unique_by=str.casefold, max_size=5))
def test_right_sets_have_no_errors_and_stay_as_they_are(content, device_names):
    """A set in which nothing is wrong is applied byte for byte."""
    rows = "".join(f"{n};10.0.0.{n};{name};1;x.csv\n" for n, name in enumerate(device_names, 1))
    files = {"CONFIG/a_config.ini": CONFIG, "CONFIG/a_daq.csv": (DAQ + rows).encode(), "DEF/x.csv": content}
    found, findings = read_set(files)
    assert [finding for finding in findings if finding.severity is Severity.ERROR] == []
    assert found is not None
    named = files if device_names else {path: files[path] for path in files if path != "DEF/x.csv"}
    assert found.files == named


@settings(deadline=None, max_examples=75)
@given(content=contents)
def test_a_file_as_applied_is_stable(content):
    """Mending twice is mending once: the gateway's own upload is never an edit."""
    for read in (read_config, read_daq, read_schedules):
        reading = read(content, "x")
        if not reading.report.rejected:
            assert read(reading.content, "x").content == reading.content


@settings(deadline=None, max_examples=75)
@given(
    line=st.sampled_from(
        [
            f"FTP_Password={SECRET}",
            f"FTP_Password={SECRET}\nFTP_Password={SECRET}",
            f"FTP_Pasword={SECRET}",
            f"FTP_Password {SECRET}",
            f"HTTP_Address=https://me:{SECRET}@host/",
            f"HTTP_Address=me:{SECRET}@host",
            f"FTP_Address=ftp://me:{SECRET}@host",
            f"MQTT2_Password=file:../{SECRET}",
            f"FTP_Password=\x07{SECRET}",
        ]
    ),
    others=contents,
)
def test_findings_never_quote_a_password(line, others):
    _, findings = parse_config(others + b"\n" + line.encode() + b"\n", "CONFIG/a_config.ini")
    assert not [finding for finding in findings if SECRET in finding.text]


@given(name=names)
def test_models_never_show_a_password(name):
    config, _ = parse_config(f"SERVER_Type=ftp\nFTP_Address=a\nFTP_Password={SECRET}{name}\n".encode(), "c")
    assert config is not None
    assert config.servers[0].password == SECRET + name
    assert SECRET not in repr(config)


def test_a_definition_with_everything_wrong_is_answered_quickly():
    """Findings are not listed without end."""
    content = (HEADER + "1;9;x;y;z;;;a;b;;c\n" * 200_000).encode()
    definition, findings = parse_definition(content, "x")
    assert definition is None
    assert len(findings) <= FINDINGS_LIMIT + 1
    assert "what follows is not read" in "".join(finding.text for finding in findings[-3:])


@pytest.mark.parametrize("line", [b"Abc%d=1\n", b"\x01;" * 30_000 + b"%d\n", b";" * 60_000 + b"%d\n"])
@pytest.mark.parametrize("parse", PARSERS)
def test_a_file_full_of_findings_is_rejected_and_answered_quickly(parse, line):
    """Also where all of them are warnings: nobody can tell what would follow."""

    def work(most: int) -> None:
        lines = min(most, most * 300 // len(line))
        found, findings = parse(b"modbusTCP;;;\n" + b"".join(line % number for number in range(lines)), "x")
        assert (found is None) == any(finding.severity is Severity.ERROR for finding in findings)
        assert len(findings) < FINDINGS_LIMIT or found is None

    assert grows_in_step(work, 1_500)
