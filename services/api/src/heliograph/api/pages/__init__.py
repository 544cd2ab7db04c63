"""The pages: rendered here, section by section, so that what a person sees is escaped and tested in one place."""

from heliograph.api.pages.alarms import AlarmFilter
from heliograph.api.pages.assets import ASSETS, Asset
from heliograph.api.pages.checks import checked
from heliograph.api.pages.commands import JournalFilter
from heliograph.api.pages.devicelist import DeviceFilter
from heliograph.api.pages.logs import LogFilter
from heliograph.api.pages.pages import Pages, Picture
from heliograph.api.pages.servers import HistoryFilter

__all__ = [
    "ASSETS",
    "AlarmFilter",
    "Asset",
    "DeviceFilter",
    "HistoryFilter",
    "JournalFilter",
    "LogFilter",
    "Pages",
    "Picture",
    "checked",
]
