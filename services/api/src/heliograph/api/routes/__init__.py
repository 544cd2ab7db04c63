"""The paths of the api, a file for each part."""

from heliograph.api.routes import (
    configuration,
    connections,
    devices,
    edits,
    health,
    history,
    page,
    status,
    support,
    traces,
)

ROUTERS = (
    status.router,
    devices.router,
    history.router,
    connections.router,
    configuration.router,
    edits.router,
    support.router,
    traces.router,
    health.router,
    page.router,
)

__all__ = ["ROUTERS"]
