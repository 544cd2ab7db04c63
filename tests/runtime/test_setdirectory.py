"""A set directory is read the same way by the gateway and by `heliograph check`."""

import os

import pytest

from heliograph.runtime.setdirectory import read_set_directory, snapshot


def test_a_change_of_content_or_of_rights_is_seen(tmp_path):
    (tmp_path / "CONFIG").mkdir()
    file = tmp_path / "CONFIG" / "WPM00C44F_daq.csv"
    file.write_text("one")
    first = snapshot(tmp_path)
    assert snapshot(tmp_path) == first
    file.write_text("two")
    second = snapshot(tmp_path)
    assert second != first
    file.chmod(0o600)
    assert snapshot(tmp_path) != second


def test_what_is_no_file_is_left_alone_and_never_opened(tmp_path):
    (tmp_path / "DEF" / "sub").mkdir(parents=True)
    os.mkfifo(tmp_path / "DEF" / "pipe.csv")
    (tmp_path / "DEF" / ".hidden").write_text("an editor's")
    (tmp_path / "DEF" / "good.csv").write_text("x")
    (tmp_path / "DEF" / "gone.csv").symlink_to(tmp_path / "nowhere")
    files, findings = read_set_directory(tmp_path)
    assert files == {"DEF/good.csv": b"x"}
    assert [finding.file for finding in findings] == ["DEF/gone.csv", "DEF/pipe.csv"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_right_is_an_error_that_names_it(tmp_path):
    (tmp_path / "CERT").mkdir()
    file = tmp_path / "CERT" / "ca.pem"
    file.write_text("x")
    file.chmod(0)
    _, findings = read_set_directory(tmp_path)
    assert [(f.file, f.severity) for f in findings] == [("CERT/ca.pem", "error")]
