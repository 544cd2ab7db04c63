"""SunSpec detection: finds devices, walks their chains of models, proposes how to configure them (spec 2.4).

`catalogue` gives the models, `asking` reaches a device through the line that polls it or through a link of its own,
`walk` examines one unit, `search` goes through all that is to be searched, `detections` is what the bus sees of it.
"""

from heliograph.collector.sunspec.asking import Asker, OwnLink, PolledLine
from heliograph.collector.sunspec.catalogue import Catalogue
from heliograph.collector.sunspec.detections import Detections, Site
from heliograph.collector.sunspec.proposals import Proposals
from heliograph.collector.sunspec.search import Found, Search, SearchPlan, Tell
from heliograph.collector.sunspec.walk import Chain

__all__ = [
    "Asker",
    "Catalogue",
    "Chain",
    "Detections",
    "Found",
    "OwnLink",
    "PolledLine",
    "Proposals",
    "Search",
    "SearchPlan",
    "Site",
    "Tell",
]
