"""What a meter's customer output says, whatever else comes with it (Enedis-NOI-CPT_54E)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.collector.tic.frames import LONGEST_GROUP_BYTES, FrameParser, Mode, read_group
from support.meter import HISTORIC_THREE_PHASES, HISTORIC_TWO_TARIFFS, STANDARD_PRODUCER, frame

FRAMES = [
    (Mode.HISTORIC, HISTORIC_TWO_TARIFFS),
    (Mode.HISTORIC, HISTORIC_THREE_PHASES),
    (Mode.STANDARD, STANDARD_PRODUCER),
]
NAMES = ["two tariffs", "three phases", "producer"]


@pytest.mark.parametrize(("mode", "groups"), FRAMES, ids=NAMES)
def test_every_group_of_a_frame_is_taken_as_printed(mode, groups):
    (found,) = FrameParser(mode).feed(frame(groups))
    assert len(found.values) == len(groups)
    assert not found.dropped


def test_values_are_kept_as_printed_and_a_dated_group_gives_its_value():
    (found,) = FrameParser(Mode.STANDARD).feed(frame(STANDARD_PRODUCER))
    assert found.values["EAIT"] == "001204310"
    assert found.values["NGTF"] == "      BASE      "
    assert found.values["SMAXSN"] == "06410"
    assert found.values["DATE"] == "E260704120000", "a group of nothing but its date gives the date"


def test_a_historic_group_may_have_tabulators_and_a_blank_as_check_byte():
    assert read_group(b"PTEC HP..  ", Mode.HISTORIC) == ("PTEC", "HP..")
    assert read_group(b'ISOUSC\t30\t"', Mode.HISTORIC) == ("ISOUSC", "30")
    assert read_group(b"VTIC 02 J", Mode.STANDARD) == "group"


@pytest.mark.parametrize(
    ("damaged", "fault"),
    [
        (b"\nIINST 003 Y\r", "check"),
        (b"\nIINST\r", "group"),
        (b"\n\r", "group"),
        (b"\n" + b"x" * (LONGEST_GROUP_BYTES + 1) + b"\r", "long"),
        (b"\nIINST 0", "cut"),
    ],
    ids=["check byte", "no value", "empty", "endless", "cut off"],
)
def test_a_damaged_group_is_dropped_and_counted_and_the_others_stand(damaged, fault):
    healthy = frame(HISTORIC_TWO_TARIFFS)
    parser = FrameParser(Mode.HISTORIC)
    (found,) = parser.feed(healthy[:1] + damaged + healthy[1:])
    assert found.dropped == {fault: 1} == parser.dropped
    assert found.values == FrameParser(Mode.HISTORIC).feed(healthy)[0].values


def test_an_interrupted_frame_gives_nothing_and_the_next_one_is_whole():
    whole = frame(HISTORIC_TWO_TARIFFS)
    parser = FrameParser(Mode.HISTORIC)
    assert parser.feed(whole[:60] + b"\x04") == []
    assert len(parser.feed(whole[60:] + whole)) == 1, "what follows the interruption belongs to no frame"


def test_a_listener_that_comes_in_the_middle_waits_for_the_next_frame():
    whole = frame(STANDARD_PRODUCER)
    (found,) = FrameParser(Mode.STANDARD).feed(whole[40:] + whole)
    assert len(found.values) == len(STANDARD_PRODUCER)


@given(data=st.binary(max_size=2000), mode=st.sampled_from(Mode))
def test_whatever_comes_the_next_whole_frame_is_read(data, mode):
    groups = HISTORIC_TWO_TARIFFS if mode is Mode.HISTORIC else STANDARD_PRODUCER
    parser = FrameParser(mode)
    parser.feed(data)
    assert parser.feed(frame(groups))[-1].values.keys() == {
        group.split(mode.separators[0].decode())[0] for group in groups
    }


@given(place=st.integers(0, 400), bit=st.integers(0, 5), groups=st.sampled_from(FRAMES))
def test_a_flipped_bit_never_gives_a_wrong_value_of_a_label_that_was_sent(place, bit, groups):
    """A value is as sent, or missing, or under a label nobody asks for. The seventh bit is the parity's to find."""
    mode, sent = groups
    stream = bytearray(frame(sent))
    stream[place % len(stream)] ^= 1 << bit
    right = FrameParser(mode).feed(frame(sent))[0].values
    for found in FrameParser(mode).feed(bytes(stream)):
        assert all(right[label] == value for label, value in found.values.items() if label in right)


@given(cuts=st.lists(st.integers(1, 60), max_size=20), groups=st.sampled_from(FRAMES))
def test_it_does_not_matter_in_which_portions_a_frame_comes(cuts, groups):
    mode, sent = groups
    stream, parser, frames = frame(sent), FrameParser(mode), []
    for cut in cuts:
        frames += parser.feed(stream[:cut])
        stream = stream[cut:]
    frames += parser.feed(stream)
    assert [found.values for found in frames] == [FrameParser(mode).feed(frame(sent))[0].values]
