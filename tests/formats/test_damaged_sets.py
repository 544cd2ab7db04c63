"""A good set that was damaged: cut, mixed up, blown up, replaced by something else. It is read or refused, never more.

Nothing is asserted about absolute times: work is compared with that on a smaller file of the same kind.
"""

import gzip
import hashlib
import re
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.formats import Finding, Severity, named_files, read_set
from heliograph.formats.config_rules import RULES
from heliograph.formats.report import FINDINGS_LIMIT
from heliograph.formats.text import FILE_LIMIT_BYTES
from support.growth import grows_in_step

UID = "WPM00C44F"
BASE = Path(__file__).parent / "cases" / "base" / "set"
GOOD = {str(path.relative_to(BASE)): path.read_bytes() for path in BASE.rglob("*") if path.is_file()}
CONFIG, DAQ, SCRIPTS, SCHEDULES = (f"CONFIG/{UID}_{kind}" for kind in ("config.ini", "daq.csv", "scl.ini", "var.ini"))
DEFINITION = "DEF/inverter.csv"
READ = [CONFIG, DAQ, SCRIPTS, SCHEDULES, DEFINITION]
QUOTED_LIMIT = 1_000
"""Characters of a finding: it quotes at most a few values, each cut to 80."""


def read(files: dict[str, bytes]) -> tuple[bool, list[Finding]]:
    """Read a set; check what holds for every set, and tell whether it is good."""
    found, findings = read_set(files, UID)
    assert (found is None) == any(finding.severity is Severity.ERROR for finding in findings)
    assert findings == sorted(set(findings))
    assert len(findings) <= (FINDINGS_LIMIT + 1) * len(files)
    ends = {path: lengths(files.get(path, b"")) for path in {finding.file for finding in findings}}
    for finding in findings:
        assert finding.file in files or (finding.line, finding.column) == (1, 1)
        line_length = ends[finding.file][finding.line - 1 : finding.line] or [0]
        assert finding.line == 1 or finding.line <= len(ends[finding.file])
        assert finding.column == 1 or 1 < finding.column <= line_length[0] + 1
        assert str(finding).isprintable()
        assert len(finding.text) < QUOTED_LIMIT
    return found is not None, findings


def lengths(content: bytes) -> list[int]:
    """Characters of each line, at most: as Latin-1 there are no more than bytes."""
    return [len(line) for line in content.split(b"\n")]


def errors_of(findings: list[Finding]) -> list[str]:
    return [str(finding) for finding in findings if finding.severity is Severity.ERROR]


def test_the_set_is_good_as_it_is():
    assert read(GOOD) == (True, [])


@pytest.mark.parametrize("path", READ)
def test_a_file_cut_at_any_byte(path):
    """As a transfer that ended early leaves it: a set with an error, or one that is good as far as it goes."""
    content = GOOD[path]
    results = {read(GOOD | {path: content[:end]})[0] for end in range(len(content))}
    assert results == {True, False}


@pytest.mark.parametrize("path", READ)
def test_a_file_of_which_only_the_end_came(path):
    content = GOOD[path]
    for start in range(1, len(content), 3):
        read(GOOD | {path: content[start:]})


@pytest.mark.parametrize("path", READ)
def test_a_file_with_any_byte_damaged(path):
    content = GOOD[path]
    for place in range(len(content)):
        byte = (content[place] ^ 0x80, content[place] ^ 0x01, 0, 0x0A)[place % 4]
        read(GOOD | {path: content[:place] + bytes([byte]) + content[place + 1 :]})


pieces = st.one_of(
    st.binary(max_size=6), st.sampled_from([b"\n", b"\r\n", b";", b"=", b"|", b",", b"[0]", b"../", b"\0"])
)
changes = st.tuples(st.sampled_from(READ), st.floats(0, 1), st.integers(0, 40), pieces)


@settings(deadline=None, max_examples=100)
@given(made=st.lists(changes, min_size=1, max_size=6))
def test_a_set_with_pieces_of_its_files_replaced(made):
    files = dict(GOOD)
    for path, share, removed, piece in made:
        start = int(share * len(files[path]))
        files[path] = files[path][:start] + piece + files[path][start + removed :]
    good, _ = read(files)
    named = named_files(files, UID)
    assert not good or {f"DEF/{name}" for name in named.definitions} <= set(files)


@settings(deadline=None, max_examples=40)
@given(order=st.permutations(READ))
def test_files_under_one_anothers_names(order):
    read(GOOD | {path: GOOD[other] for path, other in zip(READ, order, strict=True)})


@pytest.mark.parametrize(
    ("path", "line", "place"),
    [
        (SCHEDULES, b"SCHEDULE_Params[0]=2|monday|00:00:00|60|1", "2:1"),
        (SCRIPTS, b"SCRIPT_File[0]=limit power.lua", "2:1"),
        (CONFIG, b"FTP_Port=22", "17:1"),
        (DAQ, b"1;10.1.0.12:502;roof_2;1;;;;;;;inverter.csv", "8:1"),
        (DAQ, b"3;10.1.0.12:502;roof_1;1;;;;;;;inverter.csv", "8:17"),
        (DEFINITION, b"1;3;200;U16;;Other;;;;;4", "8:1"),
    ],
)
def test_what_stands_twice_rejects_the_set_at_the_second_place(path, line, place):
    content = GOOD[path]
    good, findings = read(GOOD | {path: content + (b"" if content.endswith(b"\n") else b"\n") + line + b"\n"})
    assert not good
    assert [error for error in errors_of(findings) if error.startswith(f"{path}:{place}: ")], findings


NEVER_REPLACED = (
    "SERVER_",
    "SERVER2_",
    "_Address",
    "_Port",
    "_HostKey",
    "_CaFile",
    "_CertFile",
    "_KeyFile",
    "_Dir",
    "_Topic",
)


@pytest.mark.parametrize("name", RULES)
def test_a_wrong_value_rejects_the_set_wherever_its_default_would_change_whom_the_gateway_talks_to(name):
    """Spec 1.7; what is replaced elsewhere is a warning at its place."""
    before = b"\n".join(line for line in GOOD[CONFIG].split(b"\n") if not line.startswith(name.encode() + b"="))
    good, findings = read(GOOD | {CONFIG: before + f"{name}=../\u2021#+wrong\n".encode()})
    at_it = [finding for finding in findings if finding.line == before.count(b"\n") + 1]
    if any(part in name for part in NEVER_REPLACED):
        assert not good
        assert at_it or name in {"FTP_DirRoot", "MQTT_Address"}
    elif not good:
        assert at_it


@pytest.mark.parametrize("wrong", [b",", b"\t", b"|", b":", b" "])
@pytest.mark.parametrize(
    ("path", "right"), [(CONFIG, b"="), (SCRIPTS, b"="), (SCHEDULES, b"|"), (DAQ, b";"), (DEFINITION, b";")]
)
def test_a_wrong_separator_is_told(path, right, wrong):
    if wrong == right:
        return
    good, findings = read(GOOD | {path: GOOD[path].replace(right, wrong)})
    assert [finding for finding in findings if finding.file == path]
    assert not good or path == SCRIPTS


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (re.sub(rb"[^;\n]+", rb'"\g<0>"', GOOD[DAQ]), "2:1"),
        (b"# plant\n\nindex;interf", "3:1"),
        (b"1;10.1.0.11;roof_1;1;600;1000;;;;;inverter.csv\n", "1:1"),
        (b"<!DOCTYPE html>\n<html><body>502 Bad Gateway</body></html>\n", "1:1"),
    ],
)
def test_a_file_of_devices_in_which_no_device_can_be_found_rejects_the_set(content, told):
    """Else it would stop the polling of the whole plant."""
    good, findings = read(GOOD | {DAQ: content})
    assert not good
    assert [error.partition(" ")[0] for error in errors_of(findings)] == [f"{DAQ}:{told}:"]


LONG = 2_000_000


@pytest.mark.parametrize("path", READ)
@pytest.mark.parametrize("where", ["first", "alone"])
@pytest.mark.parametrize("piece", [b";", b"=", b"\xff", b"\0", "é".encode()])
def test_a_line_of_two_megabytes(path, where, piece):
    """One finding says so; nothing of it is quoted, and it takes little more memory than it has bytes."""
    line = piece * (LONG // len(piece))
    content = {"first": line + b"\n" + GOOD[path], "alone": line}[where]
    tracemalloc.start()
    try:
        good, findings = read(GOOD | {path: content})
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert not good
    assert [error for error in errors_of(findings) if "longer than 64 KiB" in error]
    assert len(findings) < 100
    assert peak < 12 * LONG


BOMB = gzip.compress(bytes(50_000_000), 9, mtime=0)


PACKED = {
    "bomb": BOMB,
    "many bombs": BOMB * 300,
    "cut bomb": BOMB[:20],
    "spreadsheet": b"PK\x03\x04" + bytes(range(256)) * 40,
    "older spreadsheet": b"\xd0\xcf\x11\xe0" + bytes(512),
}


@pytest.mark.parametrize("path", READ)
@pytest.mark.parametrize("kind", PACKED)
def test_a_packed_file_under_the_name_of_a_text_is_told_by_one_finding(path, kind):
    """It is never unpacked, and not read as text either; people rename spreadsheets."""
    content = PACKED[kind]
    tracemalloc.start()
    try:
        good, findings = read(GOOD | {path: content})
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert not good
    (error,) = [finding for finding in findings if finding.file == path]
    assert (error.line, error.column) == (1, 1)
    assert "packed" in error.text or "spreadsheet" in error.text
    assert peak < 2_000_000 + 2 * len(content)


@pytest.mark.parametrize("path", READ)
def test_bytes_without_any_sense_are_answered_by_no_more_findings_than_a_person_can_read(path):
    """Or rather: than a program can carry. Nothing of them is taken."""
    content = b"".join(hashlib.sha256(bytes([n % 256, n // 256])).digest() for n in range(10_000))
    good, findings = read(GOOD | {path: content})
    assert not good
    assert sum(len(str(finding)) for finding in findings) < 2 * len(content)


HOSTILE = [
    "../inverter.csv", "../../etc/passwd", "/etc/passwd", "//server/share", "DEF/inverter.csv", "..\\inverter.csv",
    "C:\\inverter.csv", "\\\\server\\share", ".", "..", ".hidden", "a/../inverter.csv",
    "inverter.csv/", "./inverter.csv",
    "inverter\0.csv", "inverter\x1b[2J.csv", "inverter\x7f.csv", "inverter\u2028.csv", "inverter\t.csv", "x" * 252,
    "é" * 126, "\ud7ff" * 84 + ".", "%2e%2e/inverter.csv",
]  # fmt: skip
PLACES = {
    "defFile": (DAQ, "inverter.csv", "DEF"),
    "SCRIPT_File": (SCRIPTS, "limit power.lua", "SCRIPT"),
    "CaFile": (CONFIG, "authority.pem", "CERT"),
    "CertFile": (CONFIG, "authority.pem", "CERT"),
    "KeyFile": (CONFIG, "authority.pem", "CERT"),
}


def with_name(place: str, name: str) -> tuple[dict[str, bytes], int]:
    """Return the good set with another name at a place, and the line of that."""
    path, known, _ = PLACES[place]
    content = GOOD[path]
    if place in {"CertFile", "KeyFile"}:
        content += b"\nMQTT2_%b=%b" % (place.encode(), known.encode())
    before, _, after = content.rpartition(known.encode()) if place != "defFile" else content.partition(known.encode())
    return GOOD | {path: before + name.encode() + after}, before.count(b"\n") + 1


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("place", PLACES)
def test_a_name_that_is_no_plain_one_rejects_the_set_at_its_place(place, name):
    """Also where a file of that path is in the set: names come from outside and are never joined to a path."""
    name += ".lua" if place == "SCRIPT_File" and name not in {".", ".."} else ""
    path, _, folder = PLACES[place]
    files, line = with_name(place, name)
    files |= {f"{folder}/{name}": GOOD[DEFINITION], name: GOOD[DEFINITION]}
    good, findings = read(files)
    assert not good
    assert [finding for finding in findings if (finding.file, finding.line) == (path, line)], findings
    named = named_files(files, UID)
    assert name not in {*named.definitions, *named.scripts, *named.certificates}


@pytest.mark.parametrize("place", ["defFile", "SCRIPT_File", "CaFile", "CertFile"])
def test_a_name_that_differs_only_in_case_is_absent_and_told(place):
    """Spec 1.7."""
    path, known, folder = PLACES[place]
    files, line = with_name(place, known.replace("o", "O").replace("v", "V").replace("er.", "eR."))
    good, findings = read(files)
    assert not good
    (error,) = errors_of(findings)
    assert error.startswith(f"{path}:{line}:")
    assert "differs from it in case" in error
    assert f'"{known}"' in error
    assert folder in error


@pytest.mark.parametrize("folder", ["def", "Def", "DEF "])
def test_a_folder_whose_name_differs_is_none_of_the_set(folder):
    files = {path.replace("DEF/", f"{folder}/"): content for path, content in GOOD.items()}
    good, findings = read(files)
    assert not good
    assert len(errors_of(findings)) == 2


GROWING = {
    "unknown variables": (CONFIG, "Unknown{}=1\n"),
    "the same variable": (CONFIG, "FTP_Port=22\n"),
    "long names": (CONFIG, "=" * 60_000 + "{}\n"),
    "secrets": (CONFIG, "FTP_Password{}=secret\n"),
    "schedules": (SCHEDULES, "SCHEDULE_Params[{0}]={0}|monday|00:00:00|1|1\n"),
    "the same schedule": (SCHEDULES, "SCHEDULE_Params[1]=1|monday|00:00:00|1|1\n"),
    "wrong schedules": (SCHEDULES, "SCHEDULE_Params[{0}]=|||||||{0}\n"),
    "scripts": (SCRIPTS, "SCRIPT_File[{0}]=limit{0}.lua\n"),
    "devices": (DAQ, "{0};10.0.0.1;d{0};1;600;1000;;;;;inverter{0}.csv\n"),
    "wrong devices": (DAQ, "x;y;z;a;b;c;d;e;f;g;../h{0}\n"),
    "sections": (DAQ, "\na;b{0};c\n"),
    "headers": (DAQ, "\nindex;interface;name;address;defFile;x{0}\n"),
    "separators": (DAQ, ";" * 60_000 + "{0}\n"),
    "variables": (DEFINITION, "{0};3;{0};U16;;v{0};;;;;4\n"),
    "wrong variables": (DEFINITION, "{0};9;x;y;z;;;;a;b;c;d\n"),
    "scale factors": (DEFINITION, "{0};3;1;U16;v{0};v{0};;;;;4\n"),
    "control characters": (DEFINITION, "\x01;" * 20_000 + "{0}\n"),
}


@pytest.mark.parametrize("kind", GROWING)
def test_work_grows_with_the_file_and_not_faster(kind):
    path, row = GROWING[kind]

    def work(size: int) -> None:
        rows = "".join(row.format(number) for number in range(size // len(row)))
        content = GOOD[path] + b"\n" + rows.encode()
        assert len(content) < FILE_LIMIT_BYTES
        read_set(GOOD | {path: content}, UID)

    assert grows_in_step(work, 40_000)
