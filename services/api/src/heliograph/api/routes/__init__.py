"""The paths of the api, a file for each part."""

from heliograph.api.routes import connections, devices, health, history, page, status

ROUTERS = (status.router, devices.router, history.router, connections.router, health.router, page.router)

__all__ = ["ROUTERS"]
