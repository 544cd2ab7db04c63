"""`_scl.ini` changed: a script is named, named otherwise, or taken out, and every other line stays as it is."""

from hypothesis import given
from hypothesis import strategies as st

from heliograph.formats import parse_scripts, renamed_script, with_script, without_script

TEXT = "; scripts of the dairy\r\nSCRIPT_File[0]=zero export.lua\r\n\r\nSCRIPT_File[4]= night.lua\r\n"
_FILES = [f"{letter}{n}.lua" for letter in ("a", "b c") for n in range(4)]
NAMES = st.lists(st.sampled_from(_FILES), unique=True, max_size=6)


def named(text: str) -> tuple[str, ...]:
    names, findings = parse_scripts(text.encode(), "CONFIG/x_scl.ini")
    assert names is not None, findings
    return names


def test_a_new_one_gets_the_next_number_and_the_line_end_of_the_file():
    assert with_script(TEXT, "new.lua") == f"{TEXT}SCRIPT_File[5]=new.lua\r\n"
    assert with_script("", "new.lua") == "SCRIPT_File[0]=new.lua\n"
    assert with_script("SCRIPT_File[0]=a.lua", "b.lua") == "SCRIPT_File[0]=a.lua\nSCRIPT_File[1]=b.lua\n"
    assert with_script(TEXT, "night.lua") == TEXT


def test_the_others_keep_their_lines():
    assert without_script(TEXT, "zero export.lua") == TEXT.replace("SCRIPT_File[0]=zero export.lua\r\n", "")
    assert renamed_script(TEXT, "night.lua", "dusk.lua") == TEXT.replace(" night.lua", "dusk.lua")
    assert without_script(TEXT, "none.lua") == renamed_script(TEXT, "none.lua", "x.lua") == TEXT


@given(NAMES, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_is_written_is_read_back(names, end, is_closed):
    text = end.join(["# list", *(f"SCRIPT_File[{n * 2}]={name}" for n, name in enumerate(names))])
    text += end if is_closed else ""
    assert named(with_script(text, "new.lua")) == (*names, "new.lua")
    for at, name in enumerate(names):
        assert named(without_script(text, name)) == (*names[:at], *names[at + 1 :])
        assert named(renamed_script(text, name, "new.lua")) == (*names[:at], "new.lua", *names[at + 1 :])
    assert without_script(with_script(text, "new.lua"), "new.lua").rstrip() == text.rstrip()
