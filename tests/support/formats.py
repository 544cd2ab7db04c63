"""Strategies for configuration files: valid ones, and ones with anything in them."""

from hypothesis import strategies as st

HEADER = "modbusTCP;inverter;ACME;M5\n"
TYPES = ["U16", "i16", "U32", "I32_W", "f32_wb", "U64_B", "I64", "F64", "IP", "IPV6", "MAC"]

names = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters=";"), min_size=1, max_size=12
).filter(str.strip)
numbers = st.one_of(
    st.just(""), st.decimals(-1000, 1000, places=3, allow_nan=False).map(str), st.integers(-9, 9).map(str)
)


@st.composite
def variables(draw, index: int, name: str) -> str:
    """A right variable line."""
    kind = draw(st.sampled_from([*TYPES, "String", "Bits", "U8", "I8_B", "coil"]))
    address = draw(st.integers(0, 65_520))
    info1, info2, info3 = draw(st.sampled_from(["3", "4"])), str(address), kind
    if kind == "coil":
        info1, info3 = draw(st.sampled_from(["1", "2"])), draw(st.sampled_from(["", "U8", "Bits", "u16"]))
    elif kind == "String":
        info2 = f"{address}_{draw(st.integers(1, 30))}"
    elif kind == "Bits":
        bit = draw(st.integers(0, 15))
        info2 = f"{address}_{bit}_{draw(st.integers(1, 16 - bit))}"
    elif kind in {"U8", "I8_B"}:
        info2 = f"{address}_{draw(st.integers(0, 1))}"
    is_text = kind in {"String", "IP", "IPV6", "MAC"}
    action = draw(st.sampled_from([0, 1, 4, 8, 9] if is_text else [0, 1, 2, 4, 6, 7, 8, 9]))
    return f"{index};{info1};{info2};{info3};;{name};;{draw(numbers)};{draw(numbers)};W;{action}"


@st.composite
def definitions(draw) -> bytes:
    """A right definition, with either line end."""
    chosen = draw(st.lists(names, unique_by=str.casefold, max_size=6))
    lines = [draw(variables(number, name)) for number, name in enumerate(chosen, 1)]
    end = draw(st.sampled_from(["\n", "\r\n"]))
    mark = draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    return mark + end.join([HEADER.strip(), *lines, ""]).encode()


WORDS = """SERVER_Type SERVER2_Mode FTP_Address HTTP_Address MQTT_TopicData FTP_Password GATEWAY_Uid [0] SCHEDULE_Params
SCRIPT_File index interface name address defFile type baudrate SERIAL1 SERIAL4 10.0.0.1 fd00:: modbusTCP modbusRTU io
tic 3 65535 70000 U32 String Bits 1_2 1_2_3 1,00E+05 40.001 é 1 4 sftp webdav https:// http://a@b ftp none mqtt env:
LIMIT_Params CMD_File read file: strategy_mqtt everyday 00:00:00 1440"""
SIGNS = ["=", ";", "|", ",", "#", "\n", "\r\n", "\0", "\ufeff", "\x1b", "\u2028"]
pieces = st.sampled_from([*WORDS.split(), *SIGNS, *SIGNS])
contents = st.one_of(
    st.binary(max_size=200),
    st.lists(pieces, max_size=60).map(lambda words: "".join(words).encode()),
    st.lists(pieces, max_size=60).map(lambda words: "".join(words).encode("latin-1", "replace")),
)
"""Anything that might stand in a file, much of it nearly right."""
