"""The models of the SunSpec Alliance, as pysunspec2 carries them: JSON files, read as data, each once and validated.

The package itself is never imported, so that no second Modbus library wakes up here.
"""

import logging
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from heliograph.formats.sunspec import BadModel, Model, read_model

PACKAGE: Final = "pysunspec2"
FOLDER: Final = "sunspec2/models/json"
MODEL_LIMIT_BYTES: Final = 4 * 1024 * 1024

_log = logging.getLogger("heliograph.collector")


class Catalogue:
    """Models by number; what cannot be read is as unknown as what is not there."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or _shipped()
        self._read: dict[int, Model | None] = {}

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of all models that there are, in ascending order."""
        names = (path.stem.removeprefix("model_") for path in self._folder.glob("model_*.json"))
        return tuple(sorted(int(name) for name in names if name.isdecimal()))

    def model(self, number: int) -> Model | None:
        """Return a model, None where it is not known. Reads a file at its first use."""
        if number not in self._read:
            self._read[number] = self._load(number)
        return self._read[number]

    def _load(self, number: int) -> Model | None:
        path = self._folder / f"model_{number}.json"
        try:
            with path.open("rb") as file:
                model = read_model(file.read(MODEL_LIMIT_BYTES), path.name)
        except FileNotFoundError:
            return None
        except (OSError, BadModel) as error:
            _log.warning("the SunSpec model %d cannot be used: %s", number, error)
            return None
        return model if model.id == number else None


def _shipped() -> Path:
    """Return where pysunspec2 keeps its models; a folder without any where it is not installed."""
    try:
        return Path(str(distribution(PACKAGE).locate_file(FOLDER)))
    except PackageNotFoundError:
        _log.warning("%s is not installed: no SunSpec model is known", PACKAGE)
        return Path(FOLDER)
