"""The simulated plant as a product: devices from definition files, described in one YAML file, served and logged.

plantfile (what may stand in the file) → reading (text to plan, every fault with its place) → signals (values in time)
→ device (registers) → serving (sockets, lines, faults, log) → command (`heliograph simulate`)
"""

from heliograph.demo.simulate.plantfile import PlantFile, plant_schema
from heliograph.demo.simulate.reading import DeviceSpec, PlantSpec, read_plant_file
from heliograph.demo.simulate.serving import Options, Place, SimulatedPlant, simulated

__all__ = [
    "DeviceSpec",
    "Options",
    "Place",
    "PlantFile",
    "PlantSpec",
    "SimulatedPlant",
    "plant_schema",
    "read_plant_file",
    "simulated",
]
