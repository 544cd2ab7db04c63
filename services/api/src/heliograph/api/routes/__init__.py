"""The paths of the api, a file for each part."""

from heliograph.api.routes import (
    commands,
    configuration,
    connections,
    detections,
    devices,
    edits,
    health,
    history,
    page,
    scripts,
    setpoints,
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
    detections.router,
    commands.router,
    setpoints.router,
    scripts.router,
    support.router,
    traces.router,
    health.router,
    page.router,
)

__all__ = ["ROUTERS"]
