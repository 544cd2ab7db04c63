"""The figures for Prometheus: a table of stable names, and what fills it from the view at each scrape."""

from heliograph.api.metrics.exporter import CONTENT_TYPE, Figures
from heliograph.api.metrics.gateway import installed_version
from heliograph.api.metrics.names import FIGURES, Figure

__all__ = ["CONTENT_TYPE", "FIGURES", "Figure", "Figures", "installed_version"]
