"""The log of every value served: read back as written, rotated at its size, whole after the end."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.demo.simulate.served import HEADER, ServedLog, ServedValue, read_served

VALUES = st.builds(
    ServedValue,
    st.integers(0, 2**40).map(lambda ms: ms / 1000),
    st.sampled_from(["roof", "meter"]),
    st.sampled_from(["1", "A x"]),
    st.integers(-(2**63), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["a,b", 'q"', "x"]),
    st.none() | st.integers(-100, 100) | st.floats(allow_nan=False, allow_infinity=False),
)


@settings(max_examples=20)
@given(values=st.lists(VALUES, max_size=30))
def test_what_was_served_reads_back_the_same(values, tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "values.csv"
    with ServedLog(path) as log:
        for value in values:
            log.add([value])
    found = read_served(path)
    assert [(v.device, v.variable, v.raw, v.engineering) for v in found] == [
        (v.device, v.variable, v.raw, v.engineering) for v in values
    ]
    assert [round(v.time * 1000) for v in found] == [round(v.time * 1000) for v in values]
    assert log.lost == 0


def test_at_its_size_it_is_rotated_and_one_old_file_is_kept(tmp_path):
    path = tmp_path / "values.csv"
    with ServedLog(path, 1000) as log:
        for number in range(500):
            log.add([ServedValue(1.0, "roof", "1", number, number)])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["values.csv", "values.csv.1"]
    assert all(file.stat().st_size <= 1000 for file in tmp_path.iterdir())
    assert path.read_text().splitlines()[0] == ",".join(HEADER)
    numbers = [value.raw for value in read_served(path)]
    assert numbers == list(range(500 - len(numbers), 500))
    assert len(numbers) > 15


def test_a_place_that_cannot_be_written_is_told_at_once(tmp_path):
    with pytest.raises(OSError, match="No such file"), ServedLog(tmp_path / "absent" / "values.csv"):
        pass
