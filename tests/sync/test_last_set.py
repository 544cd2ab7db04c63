"""The last confirmed set beside the database: a gateway whose database is damaged goes on with it (spec 1.7)."""

import os
import random
import shutil
import stat
from pathlib import Path

import pytest

from heliograph.contract import ConnectRequest, Service
from heliograph.contract.channels import CONFIGURATION, CONNECT
from heliograph.runtime.setdirectory import read_set_directory
from heliograph.sync.lastset import LastSet
from heliograph.sync.settings import Settings
from heliograph.sync.setwatch import SetWatch
from support.disks import fill, small_disk
from support.sets import UID
from support.site import CONFIG, DAQ, INV, OTHER, config, daq, device, first_set, site_at
from support.syncing import Running, plant_set, until


def last_set(site) -> LastSet:
    return LastSet(site.directory, site.revisions)


def lose_database(site) -> None:
    """Damage the database so that the next start moves it aside."""
    site.close()
    damage(site.directory / "sync.db")
    site.again()
    assert site.aside is not None


def damage(path: Path) -> None:
    """Flip bytes all over a database."""
    content = bytearray(path.read_bytes())
    noise = random.Random(7)
    for at in range(4096, len(content), 4096):
        for offset in noise.sample(range(300), 100):
            content[at + offset] ^= 0xFF
    path.write_bytes(bytes(content))
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def test_it_lies_there_as_a_set_directory_that_nobody_else_may_read(site):
    last_set(site).keep(site.in_force)
    place = site.directory / "last-set"
    assert read_set_directory(place) == (first_set(), [])
    for path in (place, *place.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert not [p.name for p in site.directory.iterdir() if p.name.startswith("last-set.")]


def test_what_lies_there_already_is_not_written_again_also_after_a_restart(site):
    place = site.directory / "last-set"
    last_set(site).keep(site.in_force)
    before = place.stat().st_ino
    last_set(site).keep(site.in_force)
    assert place.stat().st_ino == before
    site.offer({**site.files, INV: OTHER})
    last_set(site).keep(site.in_force)
    assert (place / INV).read_bytes() == OTHER


def test_a_revision_on_trial_waits_for_its_confirmation(site):
    site.connect()
    kept = last_set(site)
    kept.keep(site.in_force)
    site.edit(CONFIG, config(FTP_Login="other"))
    site.connect()
    assert site.in_force.provisional
    kept.keep(site.in_force)
    assert kept.read().files == first_set()
    site.connect()
    assert not site.in_force.provisional
    kept.keep(site.in_force)
    assert kept.read().files == {**first_set(), CONFIG: config(FTP_Login="other")}


def test_a_gateway_without_its_database_starts_from_it_as_a_new_revision_and_says_so(site):
    site.connect()
    site.edit(DAQ, daq(device(3)))
    site.connect()
    last_set(site).keep(site.in_force)
    lose_database(site)
    last_set(site).restore(site.configuration, site.diary)
    site._settle()
    assert site.files == {**first_set(), DAQ: daq(device(3))}
    assert (site.in_force.number, site.in_force.origin) == (3, "last confirmed set"), "no number comes twice"
    assert "revision 3 applied, from the last confirmed set (as it was confirmed in revision 2" in site.log()
    site.connect()
    site.connect()
    assert (site.in_force.number, site.on()) == (3, site.files), "what it wrote there itself is no edit"


def test_a_wrong_address_is_still_tried_before_it_is_kept_after_the_database_was_lost(site):
    site.connect()
    last_set(site).keep(site.in_force)
    lose_database(site)
    last_set(site).restore(site.configuration, site.diary)
    site._settle()
    site.offer({**site.files, CONFIG: config(FTP_Address="alhpa")})
    assert site.in_force.provisional


def test_what_failed_stays_refused_after_the_database_was_lost(site):
    site.connect()
    site.edit(CONFIG, config(FTP_Address="alhpa"))
    for _ in range(4):
        site.connect()
    assert site.in_force.origin == "return"
    last_set(site).keep(site.in_force)
    lose_database(site)
    last_set(site).restore(site.configuration, site.diary)
    site._settle()
    number = site.in_force.number
    for _ in range(2):
        assert "refused until its content changes" in " ".join(site.connect().failures)
    assert (site.files, site.in_force.number) == (first_set(), number)


def test_a_set_directory_that_is_older_does_not_win_and_an_edit_of_it_does(site, tmp_path):
    local = plant_set(tmp_path / "set")
    own = first_set()
    for path, content in own.items():
        (local / path).write_bytes(content)
    watch = watching(site, local)
    watch.look()
    site.offer({**site.files, DAQ: daq(device(3))}, "server")
    last_set(site).keep(site.in_force)
    lose_database(site)
    last_set(site).restore(site.configuration, site.diary)
    watch = watching(site, local)
    assert not watch.look()
    assert site.configuration.applied.set.files[DAQ] == daq(device(3))
    (local / INV).write_bytes(OTHER)
    while not watch.look():
        pass
    assert site.configuration.applied.set.files[INV] == OTHER
    assert site.configuration.applied.set.files[DAQ] == daq(device(3))


def watching(site, directory: Path) -> SetWatch:
    settings = Settings(state_dir=site.directory, gateway_set=directory, bus_password="x")
    return SetWatch(settings, site.revisions, site.configuration, site.diary)


@pytest.mark.parametrize("what", [INV, "manifest.json"])
def test_one_that_is_damaged_too_is_not_used(site, what):
    last_set(site).keep(site.in_force)
    path = site.directory / "last-set" / what
    path.write_bytes(path.read_bytes()[:-1])
    lose_database(site)
    last_set(site).restore(site.configuration, site.diary)
    assert site.configuration.applied is None


def test_one_that_is_no_longer_valid_is_left_and_the_log_names_the_cause(site):
    kept = last_set(site)
    kept.keep(site.in_force)
    manifest = site.directory / "last-set" / "manifest.json"
    manifest.write_text(manifest.read_text().replace(f'"uid": "{UID}"', '"uid": "another"'))
    lose_database(site)
    last_set(site).restore(site.configuration, site.diary)
    assert site.configuration.applied is None
    assert "can't be put in force again" in site.log()


def test_a_database_that_holds_a_revision_needs_none(site):
    last_set(site).keep(site.in_force)
    site.offer({**site.files, INV: OTHER})
    last_set(site).restore(site.configuration, site.diary)
    assert site.in_force.number == 2


class Killed(BaseException):
    """The process ends here."""


def test_a_kill_at_any_step_leaves_the_set_before_or_the_new_one_whole(site, monkeypatch):
    last_set(site).keep(site.in_force)
    before = site.files
    site.offer({**site.files, INV: OTHER, DAQ: daq(device(4))})
    for step in range(1000):
        place = site.directory / f"copy-{step}"
        place.mkdir()
        shutil.copytree(site.directory / "last-set", place / "last-set")
        with monkeypatch.context() as patch:
            die_at(patch, step)
            try:
                LastSet(place, site.revisions).keep(site.in_force)
                break
            except Killed:
                pass
        after = LastSet(place, site.revisions)
        found = after.read()
        assert found is not None, step
        assert found.files in (before, site.files), step
        after.keep(site.in_force)
        assert (after.read().files, {p.name for p in place.iterdir()}) == (site.files, {"last-set"}), step
    assert step > 10, "there are more places to die at than that"


def die_at(patch: pytest.MonkeyPatch, step: int) -> None:
    """End at the step of this number: before a file or name is made, moved or flushed."""
    steps = iter(range(10**6))

    def dying(work):
        def wrapped(*arguments: object, **options: object) -> object:
            if next(steps) >= step:
                raise Killed
            return work(*arguments, **options)

        return wrapped

    for module, name in ((os, "open"), (os, "fsync"), (Path, "mkdir"), (Path, "rename"), (shutil, "rmtree")):
        patch.setattr(module, name, dying(getattr(module, name)))


def test_a_full_disk_keeps_the_set_before_whole_and_takes_the_new_one_when_there_is_room(tmp_path):
    with small_disk("8m") as disk:
        site = site_at(disk / "sync")
        kept = last_set(site)
        kept.keep(site.in_force)
        site.offer({**site.files, INV: OTHER + b"9;3;9;U16;;Much;;1;0;;4\n" + b"\n" * 100_000})
        filler = fill(disk)
        with pytest.raises(OSError, match="No space left"):
            kept.keep(site.in_force)
        assert kept.read().files == first_set()
        assert not (site.directory / "last-set.new").exists(), "a half set takes no room"
        filler.unlink()
        kept.keep(site.in_force)
        assert kept.read().files == site.files
        site.close()


async def test_the_whole_service_goes_on_with_its_servers_configuration(broker, connect, tmp_path):
    running = Running(broker, tmp_path, gateway_set=plant_set(tmp_path / "set"))
    revisions = []

    async def take(revision) -> None:
        revisions.append(revision)

    api = await connect(Service.API)
    await api.watch(CONFIGURATION, take)
    async with running.run():
        await until(lambda: revisions)
        await api.request(CONNECT, ConnectRequest(server=1), timeout=5)
        await until(lambda: running.texts(1, "LOG"))
        world = running.servers[1]
        world.files[f"/{INV}"], world.modified[f"/{INV}"] = OTHER, world.now + 100
        await api.request(CONNECT, ConnectRequest(server=1), timeout=5)
        await until(lambda: revisions[-1].number == 2)
        await until(lambda: (running.settings.state_dir / "last-set" / INV).read_bytes() == OTHER)
    damage(running.settings.state_dir / "sync.db")
    async with running.run():
        await until(lambda: revisions[-1].number == 3)
        assert revisions[-1].files[INV] == OTHER.decode()
        await api.request(CONNECT, ConnectRequest(server=1), timeout=5)
        await until(lambda: any("from the last confirmed set" in text for text in running.texts(1, "LOG")))
    assert list(dict.fromkeys(r.number for r in revisions))[-2:] == [2, 3], "the bus may be given one twice"
