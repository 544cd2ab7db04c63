"""The whole set as one archive: what is written is read back, what is dangerous is refused, nothing half-applies."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.api import archives
from heliograph.api.archives import ArchiveFormat, pack, unpack
from heliograph.api.errors import Unreadable
from heliograph.api.headers import MAX_EDIT
from heliograph.contract import EditAnswer, EditRequest
from support.plausible_revisions import NEWEST
from support.plausible_set import FILES, UID

URL = "/api/v1/configuration/archive"
CONFIG = f"CONFIG/{UID}_config.ini"
GOOD = {"CONFIG/a_daq.csv": b"x\n", "DEF/m.csv": "°C\r\n".encode()}


def zipped(members: dict[str, bytes], change: Callable[[zipfile.ZipInfo], None] = lambda _entry: None) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name)
            change(entry)
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def tarred(*members: tarfile.TarInfo, content: bytes = b"") -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        for entry in members:
            entry.size = len(content) if entry.isreg() else 0
            archive.addfile(entry, io.BytesIO(content))
    return target.getvalue()


def kind(name: str, kind: bytes) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, "/etc/passwd"
    return entry


async def test_the_set_in_force_is_downloaded_without_passwords_and_an_older_one_by_its_number(api, peers):
    for form in ArchiveFormat:
        answer = await api.get(f"{URL}?format={form}")
        assert answer.status_code == 200, answer.text
        assert (answer.headers["content-type"], answer.headers["etag"]) == (form.media_type, f'"{NEWEST}"')
        assert f"configuration_{NEWEST}.{form}" in answer.headers["content-disposition"]
        files = unpack(answer.content)
        assert set(files) == {CONFIG, *FILES}
        assert "FTP_Password=***" in files[CONFIG]
    assert (await api.get(f"{URL}?revision=11")).headers["etag"] == '"11"'
    assert (await api.get(f"{URL}?revision=99")).status_code == 404
    assert (await api.get(f"{URL}?format=rar")).status_code == 422


async def test_an_uploaded_archive_is_one_edit_of_the_whole_set_and_a_check_changes_nothing(api, peers):
    answer = await api.send("PUT", URL, content=zipped(GOOD), headers={"If-Match": '"12"'})
    assert answer.status_code == 200, answer.text
    files = {path: content.decode() for path, content in GOOD.items()}
    assert peers.revisions.edits == [EditRequest(files=files, origin="REST", based_on=12, whole=True)]
    peers.revisions.answer = EditAnswer(
        diff="-FTP_Password=old\n+FTP_Password=new\n", provisional=True, findings=("DEF/m.csv:1:2: warning: odd",)
    )
    answer = await api.send("PUT", f"{URL}?check=true", content=zipped(GOOD))
    done = answer.json()
    assert (done["revision"], done["provisional"], done["findings"][0]["line"]) == (None, True, 1)
    assert done["diff"] == "-FTP_Password=***\n+FTP_Password=***\n"
    assert "Nothing was changed" in done["detail"]
    assert "etag" not in answer.headers
    assert peers.revisions.edits[1].only_check


async def test_every_edit_can_be_checked_alone_and_several_files_may_be_the_whole_set(api, peers):
    peers.revisions.answer = EditAnswer()
    for method, path, body in (
        ("PATCH", "files", b'{"files": {"DEF/m.csv": "x"}}'),
        ("PUT", "files/DEF/m.csv", b"x"),
        ("DELETE", "files/DEF/m.csv", None),
    ):
        answer = await api.send(method, f"/api/v1/configuration/{path}?check=true", content=body)
        assert "Nothing would be changed" in answer.json()["detail"]
    await api.send("PATCH", "/api/v1/configuration/files?whole=true", json={"files": {"DEF/m.csv": "x"}})
    assert [(edit.only_check, edit.whole) for edit in peers.revisions.edits] == [(True, False)] * 3 + [(False, True)]


async def test_what_is_no_archive_or_too_large_is_a_problem_and_changes_nothing(api, peers):
    for content in (b"", b"hello", b"PK\3\4 cut off", b"\x1f\x8b cut off", zipped(GOOD)[:-30]):
        answer = await api.send("PUT", URL, content=content)
        assert answer.status_code == 422, content
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await api.send("PUT", URL, content=b"x" * (MAX_EDIT + 1))).status_code == 413
    assert (await api.clients[0].put(URL, content=zipped(GOOD))).status_code == 401
    assert peers.revisions.edits == []


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.from_regex(r"(CONFIG|DEF|SCRIPT|CERT)/[A-Za-z0-9_][A-Za-z0-9_. äß-]{0,20}", fullmatch=True).map(str.rstrip),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(ArchiveFormat),
    st.integers(0, 2**31),
)
def test_what_is_packed_is_unpacked_whatever_it_holds(files, form, changed):
    assert unpack(pack(files, form, changed)) == files


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 300), st.sampled_from(ArchiveFormat))
def test_a_damaged_archive_is_refused_or_read_and_never_another_error(noise, at, form):
    content = pack({"DEF/m.csv": "a;b\n" * 20, "CERT/x.pem": "y"}, form, 0)
    with suppress(Unreadable):
        unpack(content[:at] + noise + content[at + len(noise) :])


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: zipped({"../CONFIG/x.ini": b""}), "reaches beyond"),
        (lambda: zipped({"CONFIG/../../x": b""}), "reaches beyond"),
        (lambda: zipped({"/etc/passwd": b""}), "reaches beyond"),
        (lambda: tarred(tarfile.TarInfo("DEF\\..\\x")), "reaches beyond"),
        (lambda: tarred(kind("DEF/m.csv", tarfile.SYMTYPE)), "is a link"),
        (lambda: tarred(kind("DEF/m.csv", tarfile.LNKTYPE)), "is a link"),
        (lambda: tarred(kind("DEF/m.csv", tarfile.FIFOTYPE)), "is a link or no plain file"),
        (lambda: zipped(GOOD, lambda e: setattr(e, "external_attr", 0o120777 << 16)), "is a link"),
        (lambda: tarred(tarfile.TarInfo("DEF/m.csv"), tarfile.TarInfo("./DEF/m.csv")), "is there twice"),
        (lambda: zipped({f"DATA/{n}": b"" for n in range(2001)}), "too many files"),
        (lambda: tarred(*(tarfile.TarInfo(f"DATA/{n}") for n in range(2001))), "too many files"),
        (lambda: zipped({"README": b"", "DATA/x.csv": b""}), "no file of a configuration set"),
        (lambda: zipped({"DEF/a\nb.csv": b""}), "can't be the name"),
        (lambda: zipped({"DEF/m.csv": b"a\n\xb0C"}), "not UTF-8 in line 2"),
        (lambda: b"7z\xbc\xaf", "neither a .zip nor a .tar.gz"),
    ],
    ids=[
        "above", "inside", "root", "backslash", "symlink", "hard-link", "pipe", "zip-link", "twice", "many-zip",
        "many-tar", "nothing", "line-break", "latin-1", "other",
    ],
)  # fmt: skip
def test_what_is_dangerous_or_no_set_is_refused_with_its_reason(made, said):
    content = made()
    with pytest.raises(Unreadable) as refused:
        unpack(content)
    assert said in refused.value.detail
    assert refused.value.detail.isprintable()


@pytest.mark.parametrize("pack_bomb", [lambda b: zipped({"DATA/x": b}), gzip.compress], ids=["zip", "gzip"])
def test_a_bomb_is_not_unpacked_beyond_the_limit(monkeypatch, pack_bomb):
    monkeypatch.setattr(archives, "MOST_BYTES", 10_000)
    with pytest.raises(Unreadable, match="unpacks to more"):
        unpack(pack_bomb(bytes(2_000_000)))


def test_an_archive_of_the_servers_tree_or_of_a_folder_is_read_and_all_else_left_alone():
    noise = {
        "DATA/x.csv.gz": b"\xff",
        "DEF/.DS_Store": b"\xff",
        "DEF/old/m.csv": b"\xff",
        "__MACOSX/DEF/m.csv": b"\xff",
    }
    files = {path: content.decode() for path, content in GOOD.items()}
    assert unpack(zipped({**GOOD, **noise})) == files
    assert unpack(zipped({f"gateway-set/{path}": content for path, content in GOOD.items()})) == files
