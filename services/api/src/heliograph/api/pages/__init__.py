"""The pages: rendered here, section by section, so that what a person sees is escaped and tested in one place."""

from heliograph.api.pages.assets import ASSETS, Asset
from heliograph.api.pages.commands import JournalFilter
from heliograph.api.pages.pages import Pages, Picture

__all__ = ["ASSETS", "Asset", "JournalFilter", "Pages", "Picture"]
