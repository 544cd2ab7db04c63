"""What the files of `CONFIG` name: what to ask a server for before the whole set is there (spec 1.7)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.formats import NamedFiles, named_files, read_set
from support.formats import contents

CONFIG = b"SERVER_Type=ftps\nFTP_Address=a\nFTP_CaFile=ca.pem\nMQTT2_CertFile=me.pem\nMQTT2_KeyFile=me.key\n"
SCRIPTS = b"SCRIPT_File[1]=limit the plant.lua\nSCRIPT_File[0]=a.lua\n"
DAQ = b"index;interface;name;address;defFile\n1;10.0.0.1;a;1;z.csv\n2;10.0.0.2;b;1;b.csv\n3;10.0.0.3;c;1;z.csv\n"
FILES = {"CONFIG/x_config.ini": CONFIG, "CONFIG/x_daq.csv": DAQ, "CONFIG/x_scl.ini": SCRIPTS}
NAMED = NamedFiles(
    definitions=("z.csv", "b.csv"), scripts=("limit the plant.lua", "a.lua"), certificates=("ca.pem", "me.pem")
)
WRONG = ["../z", "/etc/z", "a/z", "..\\z", "C:\\z", "..", ".", "z\x00", "z\ty", "z\x1b[2J", "z\u2028y", "z" * 300]


def test_each_is_told_once_in_the_order_of_naming():
    assert named_files(FILES, "x") == NAMED


def test_the_older_name_of_the_scripts_file_counts():
    files = {"CONFIG/x_sci.ini": SCRIPTS}
    assert named_files(files, "x") == NamedFiles((), NAMED.scripts, ())


def test_files_of_another_uid_name_nothing():
    assert named_files(FILES, "y") == NamedFiles((), (), ())


def test_what_is_wrong_elsewhere_hides_no_name():
    """Else the set would be told to lack files that nobody had asked for."""
    files = {
        "CONFIG/x_config.ini": b"FTP_Port=none\nFTP_Port=21\n" + CONFIG,
        "CONFIG/x_daq.csv": DAQ.replace(b";1;z.csv", b";999;z.csv").replace(b"\n2;", b"\n1;"),
        "CONFIG/x_scl.ini": SCRIPTS + b"SCRIPT_File[0]=again.lua\n",
    }
    assert named_files(files, "x") == NAMED


@pytest.mark.parametrize("name", WRONG)
def test_names_that_are_no_plain_file_names_are_left_out_and_reject_the_set(name):
    files = {
        "CONFIG/x_config.ini": CONFIG.replace(b"ca.pem", name.encode()),
        "CONFIG/x_daq.csv": DAQ.replace(b"b.csv", name.encode()),
        "CONFIG/x_scl.ini": SCRIPTS.replace(b"a.lua", name.encode() + b".lua") if name not in {".", ".."} else SCRIPTS,
    }
    scripts = NAMED.scripts if name in {".", ".."} else NAMED.scripts[:1]
    assert named_files(files, "x") == NamedFiles(("z.csv",), scripts, ("me.pem",))
    there = {f"DEF/{name}": b"", f"CERT/{name}": b"", f"SCRIPT/{name}": b"", "DEF/z.csv": b"modbusTCP;;;\n"}
    assert read_set(files | there, "x")[0] is None


@settings(deadline=None, max_examples=75)
@given(files=st.dictionaries(st.sampled_from(sorted(FILES)), contents))
def test_whatever_stands_in_the_files_only_plain_names_come_out(files):
    found = named_files(files, "x")
    for name in (*found.definitions, *found.scripts, *found.certificates):
        assert name.isprintable() or not name.isascii()
        assert name not in {"", ".", ".."}
        assert not {"/", "\\", "\n", "\0"} & set(name)
        assert len(name.encode()) <= 255


@settings(deadline=None, max_examples=50)
@given(files=st.dictionaries(st.sampled_from(sorted(FILES)), contents))
def test_a_good_set_holds_exactly_what_is_named(files):
    files = FILES | files
    named = named_files(files, "x")
    parts = {"DEF": named.definitions, "SCRIPT": named.scripts, "CERT": named.certificates}
    there = {f"{folder}/{name}": b"modbusTCP;;;\n" for folder, names in parts.items() for name in names}
    found, findings = read_set(files | there, "x")
    assert not [finding for finding in findings if "has no file" in finding.text]
    if found is not None:
        assert {path for path in found.files if not path.startswith("CONFIG/")} == set(there)
