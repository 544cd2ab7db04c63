"""A revision is taken whole, or the plant of the one before stays in force and the reason is told."""

from heliograph.contract import Revision, Service
from heliograph.formats import read_plant
from heliograph.runtime import EventLog, PlantInForce, SystemClock
from support.plausible_set import FILES, UID

DAQ = f"CONFIG/{UID}_daq.csv"


def revision(number: int, **files: str) -> Revision:
    return Revision(number=number, time=0, origin="test", uid=UID, files={**FILES, **files})


def in_force(**options) -> PlantInForce:
    return PlantInForce(EventLog(Service.API, SystemClock()), **options)


async def test_a_good_revision_is_taken_and_told():
    plant = in_force()
    assert await plant.take(revision(1))
    assert (plant.number, plant.rejected, plant.rejected_revision) == (1, "", None)
    assert len(plant.plant.devices) == 4
    assert plant.changed.is_set()


async def test_a_revision_that_cannot_be_read_changes_nothing():
    plant = in_force()
    await plant.take(revision(1))
    before = plant.plant
    for number, files, word in (
        (2, {"DEF/meter.csv": "garbage"}, "DEF/meter.csv:1:1"),
        (3, {DAQ: FILES[DAQ].replace("meter.csv", "none.csv")}, "DEF/none.csv"),
        (4, {DAQ: FILES[DAQ].replace("grid meter;5", "grid meter;999")}, f"{DAQ}:8:"),
    ):
        plant.changed.clear()
        assert not await plant.take(revision(number, **files))
        assert word in plant.rejected
        assert (plant.number, plant.rejected_revision) == (1, number)
        assert plant.plant is before
        assert plant.changed.is_set()


async def test_what_is_taken_back_under_a_newer_number_is_taken():
    plant = in_force()
    await plant.take(revision(1))
    await plant.take(revision(2, **{"DEF/meter.csv": "garbage"}))
    assert await plant.take(revision(3))
    assert (plant.number, plant.rejected, plant.rejected_revision) == (3, "", None)


async def test_a_fault_while_reading_is_a_rejection():
    """Whatever is raised, the service goes on with the plant it has."""

    def read(files, uid):
        if "DEF/fault.csv" in files:
            raise RuntimeError("no such case was thought of")
        return read_plant(files, uid)

    plant = in_force(read=read)
    await plant.take(revision(1))
    assert not await plant.take(revision(2, **{"DEF/fault.csv": ""}))
    assert "no such case was thought of" in plant.rejected
    assert (plant.number, plant.rejected_revision) == (1, 2)


async def test_the_first_revision_may_be_refused_as_well():
    plant = in_force()
    assert not await plant.take(revision(7, **{"DEF/meter.csv": "garbage"}))
    assert (plant.number, plant.rejected_revision) == (None, 7)


async def test_the_same_revision_again_is_no_news():
    """The last value comes again after each reconnection."""
    plant = in_force()
    for offered in (revision(1), revision(2, **{"DEF/meter.csv": "garbage"})):
        await plant.take(offered)
        plant.changed.clear()
        assert not await plant.take(offered)
        assert not plant.changed.is_set()
    assert plant.rejected_revision == 2
