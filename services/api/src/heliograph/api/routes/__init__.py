"""The paths of the api, a file for each part."""

from heliograph.api.routes import (
    archives,
    builtins,
    checks,
    commands,
    configuration,
    connections,
    detections,
    devices,
    editing_pages,
    edits,
    health,
    history,
    page,
    scriptfiles,
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
    archives.router,
    builtins.router,
    detections.router,
    commands.router,
    setpoints.router,
    scripts.router,
    scriptfiles.router,
    support.router,
    traces.router,
    health.router,
    checks.router,
    editing_pages.router,
    page.router,
)

__all__ = ["ROUTERS"]
