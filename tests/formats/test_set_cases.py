"""Each folder of `cases` is one: files laid over those of `base`, and the findings they must give.

`findings.txt` holds lines `file:line:column: severity: part of the text`; the set must give these and no others.
`remove.txt` names files of the base to leave out, `uid.txt` a uid to give, `applied/` what files must become.
"""

from pathlib import Path

import pytest

from heliograph.formats import Severity, read_set

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.name for path in CASES.iterdir())


def folder(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def case_files(name: str) -> dict[str, bytes]:
    files = folder(CASES / "base" / "set") | folder(CASES / name / "set")
    removed = lines(CASES / name / "remove.txt")
    return {path: content for path, content in files.items() if path not in removed}


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize("name", NAMES)
def test_the_findings_of_a_set(name):
    uid = "".join(lines(CASES / name / "uid.txt"))
    found, findings = read_set(case_files(name), uid)
    expected = lines(CASES / name / "findings.txt")
    places = [str(finding).rsplit(finding.text)[0] if finding.text else str(finding) for finding in findings]
    assert places == [": ".join(line.split(": ", 2)[:2]) + ": " for line in expected], "\n".join(map(str, findings))
    for finding, line in zip(findings, expected, strict=True):
        assert line.split(": ", 2)[2] in finding.text, finding
    assert (found is None) == any(finding.severity is Severity.ERROR for finding in findings)


@pytest.mark.parametrize("name", [name for name in NAMES if (CASES / name / "applied").exists()])
def test_a_set_as_applied(name):
    """Wrong values are replaced in place and nothing else changes."""
    found, _ = read_set(case_files(name))
    assert found is not None
    for path, content in folder(CASES / name / "applied").items():
        assert found.files[path] == content
