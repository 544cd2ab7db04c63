"""What `LIMIT_Params` and `CMD_…` of a `_config.ini` mean when they are right, and what is never taken for right."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.formats import (
    Authorities,
    Authority,
    LimitLine,
    Severity,
    VariableLimit,
    parse_config,
    read_set,
    write_config,
)

SERVER = "SERVER_Type=sftp\nFTP_Address=files.example.net\n"
DAQ = "index;interface;name;address;defFile\n1;10.0.0.1;2;1;m.csv\n2;10.0.0.2;roof|east;1;m.csv\n3;10.0.0.3;;7;m.csv\n"
DEFINITION = "modbusTCP;;;\n1;3;0;U16;;Limit;cmd;;;%;4\n5;3;1;U16;;cmd;;;;;4\n6;1;0;;;6;on;;;;4\n"


def found_of(lines: str, daq: str = DAQ, definition: str = DEFINITION):
    files = {"CONFIG/a_config.ini": SERVER + lines, "CONFIG/a_daq.csv": daq, "DEF/m.csv": definition}
    return read_set({path: text.encode() for path, text in files.items()})


def limits_of(lines: str) -> tuple[VariableLimit, ...]:
    found, findings = found_of(lines)
    assert found is not None, findings
    return found.limits


@pytest.mark.parametrize(
    ("line", "limit"),
    [
        ("1|Limit|0|60", VariableLimit("1", "1", 0, 60)),
        ("roof_east|Limit|0|60", None),
        ("10.0.0.3:502_7|1||60.5", VariableLimit("3", "1", None, 60.5)),
        (" 3 | 5 |-1e1| ", VariableLimit("3", "5", -10, None)),
        ("3|on|0|0", VariableLimit("3", "6", 0, 0)),
        ("3|6|0|0", VariableLimit("3", "6", 0, 0)),
    ],
)
def test_a_limit_names_its_device_and_variable_in_any_way_that_a_command_may(line, limit):
    assert (limits_of(f"LIMIT_Params[0]={line}\n") if limit else found_of(f"LIMIT_Params[0]={line}\n")[0]) == (
        (limit,) if limit else None
    )


@pytest.mark.parametrize(("line", "column"), [("2|1|0|60", 17), ("1|cmd|0|60", 19)])
def test_what_names_two_is_never_guessed(line, column):
    """The name of one device is the index of another; a tag of one variable is the name of another."""
    found, findings = found_of(f"LIMIT_Params[0]={line}\n")
    assert found is None
    assert [(finding.line, finding.column) for finding in findings] == [(3, column)]
    assert "index 1 and " in findings[0].text


def test_a_set_with_other_errors_is_not_told_that_its_devices_are_missing():
    _, findings = found_of("LIMIT_Params[0]=west|Limit|0|1\n", daq=DAQ + "x;10.0.0.4;west;1;m.csv\n")
    assert [finding.file for finding in findings] == ["CONFIG/a_daq.csv"]
    _, findings = found_of("LIMIT_Params[0]=1|Energy|0|1\n", definition=DEFINITION + "7;9;1;U16;;Energy;;;;;4\n")
    assert [finding.file for finding in findings] == ["DEF/m.csv"]


def test_authorities_are_everything_where_nothing_is_said():
    config, _ = parse_config(f"{SERVER}CMD_Mqtt=read\nCMD_Local=none\n".encode(), "x")
    assert config is not None
    assert config.authorities == Authorities(Authority.ALL, Authority.READ, Authority.NONE)
    plain, _ = parse_config(SERVER.encode(), "x")
    assert plain is not None
    assert plain.authorities == Authorities()


@pytest.mark.parametrize("way", ["File", "Mqtt", "Local"])
def test_a_wrong_authority_is_never_replaced(way):
    config, findings = parse_config(f"{SERVER}CMD_{way}=None\n".encode(), "x")
    assert config is None
    assert [finding.severity for finding in findings] == [Severity.ERROR]


def test_limits_are_changed_added_and_removed():
    base = f"{SERVER}LIMIT_Params[3] = a|b|1|2\r\n# note\nLIMIT_Params[07]=c|d||5.50\nLIMIT_Params[9]=e|f|1|\n"
    config, findings = parse_config(base.encode(), "x")
    assert config is not None
    assert findings == []
    first, second, _ = config.limits
    changed = replace(config, limits=(first, replace(second, most=6.0), LimitLine(11, "g", "h", -1.5)))
    assert write_config(changed, base.encode()).decode() == (
        f"{SERVER}LIMIT_Params[3] = a|b|1|2\r\n# note\nLIMIT_Params[07]=c|d||6.0\nLIMIT_Params[11]=g|h|-1.5|\n"
    )
    with pytest.raises(ValueError, match="can't stand"):
        write_config(replace(config, limits=(LimitLine(0, "a|b", "c", 1),)))


names = st.text(st.characters(min_codepoint=33, exclude_characters="|;=", exclude_categories=["Cc", "Cs", "Zl", "Zp"]))
ends = st.none() | st.floats(-1e9, 1e9)


@settings(deadline=None, max_examples=80)
@given(
    lines=st.dictionaries(
        st.integers(0, 999_999_999), st.tuples(names.filter(str.strip), names.filter(str.strip), ends, ends), max_size=5
    )
)
def test_limits_written_anew_read_the_same(lines):
    config, _ = parse_config(SERVER.encode(), "x")
    assert config is not None
    wanted = []
    for number, (device, variable, one, other) in sorted(lines.items()):
        given_ends = sorted(end for end in (one, other) if end is not None)
        if given_ends:
            wanted.append(LimitLine(number, device.strip(), variable.strip(), given_ends[0], given_ends[-1]))
    made = replace(config, limits=tuple(wanted))
    written = write_config(made)
    again, findings = parse_config(written, "x")
    assert (again, findings) == (made, [])
    assert write_config(made, written) == written
