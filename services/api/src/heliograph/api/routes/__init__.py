"""The paths of the api, a file for each part."""

from heliograph.api.routes import (
    commands,
    configuration,
    connections,
    definitions,
    detections,
    device_edits,
    devices,
    edits,
    health,
    history,
    page,
    plant,
    scripts,
    setpoints,
    status,
    support,
    traces,
)

ROUTERS = (
    status.router,
    plant.router,
    devices.router,
    device_edits.router,
    definitions.router,
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
