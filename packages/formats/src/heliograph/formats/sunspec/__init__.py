"""SunSpec: from the models that a device was found to have to a definition file and a line of `_daq.csv` (spec 2.4).

Pure: who asks devices hands in what they answered, who knows models hands in their definitions.
`models` reads a model's definition, `layout` finds its points, `definition` makes the file, `additions` puts it into a
set, `targets` reads what is to be searched, `progress` writes the lines for people.
"""

from heliograph.formats.sunspec.additions import Additions, Proposed, additions, configured_as
from heliograph.formats.sunspec.definition import FoundModel, Made, definition_of
from heliograph.formats.sunspec.layout import Layout, Place, ValueWanted, laid_out, laid_out_by_counts
from heliograph.formats.sunspec.models import BadModel, Model, read_model
from heliograph.formats.sunspec.names import Identity, definition_name, device_name
from heliograph.formats.sunspec.targets import HOSTS_LIMIT, Target, read_targets, read_units

__all__ = [
    "HOSTS_LIMIT",
    "Additions",
    "BadModel",
    "FoundModel",
    "Identity",
    "Layout",
    "Made",
    "Model",
    "Place",
    "Proposed",
    "Target",
    "ValueWanted",
    "additions",
    "configured_as",
    "definition_name",
    "definition_of",
    "device_name",
    "laid_out",
    "laid_out_by_counts",
    "read_model",
    "read_targets",
    "read_units",
]
