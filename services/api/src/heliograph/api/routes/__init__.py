"""The paths of the api, a file for each part."""

from heliograph.api.routes import configuration, connections, devices, edits, health, history, page, status

ROUTERS = (
    status.router,
    devices.router,
    history.router,
    connections.router,
    configuration.router,
    edits.router,
    health.router,
    page.router,
)

__all__ = ["ROUTERS"]
