"""A communication trace as a simulated device: a fault from the field becomes a test.

exchanges (lines to questions and answers) → device (which answer comes next) → serving → command (`heliograph replay`)
"""

from heliograph.demo.replay.device import ReplayedDevice
from heliograph.demo.replay.exchanges import Exchange, TraceFault, read_exchanges
from heliograph.demo.replay.serving import Replayed, replayed

__all__ = ["Exchange", "Replayed", "ReplayedDevice", "TraceFault", "read_exchanges", "replayed"]
