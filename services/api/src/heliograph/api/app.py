"""The wiring of the api: the view of the bus, the HTTP app over it, and the server that carries it."""

import asyncio

from fastapi import FastAPI

from heliograph.api import problems
from heliograph.api.access import Access, access_of
from heliograph.api.headers import SafetyLayer
from heliograph.api.lookback.files import AllDownloads
from heliograph.api.metrics import Figures, installed_version
from heliograph.api.pages import Pages
from heliograph.api.routes import ROUTERS
from heliograph.api.sent import Sent
from heliograph.api.server import listen, serve
from heliograph.api.settings import Settings
from heliograph.api.stream import Hub
from heliograph.api.view import View
from heliograph.contract import ApiState
from heliograph.runtime import Context


async def main(settings: Settings, context: Context) -> None:
    """Serve the page and the REST API until told to stop."""
    access = access_of(settings)
    sockets = listen(settings.api_host, settings.api_port)
    view = View(context.bus, context.clock, context.events)
    await view.watch()
    pages = Pages(view)
    hub = Hub(pages)
    app = make_app(view, access, pages, hub)
    _tell(context, settings, access, sockets[0].getsockname()[1])
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(hub.run(), name="api: pictures"),
            group.create_task(pages.asked.follow(hub.wanted), name="api: what pages ask"),
            group.create_task(context.report(lambda: _state(context, view), view.in_force.changed), name="api: state"),
        ]
        closing = group.create_task(_close(hub, context.stopping), name="api: close streams")
        await serve(SafetyLayer(app), sockets, context.stopping)
        for task in (*tasks, closing):
            task.cancel()


def make_app(view: View, access: Access, pages: Pages, hub: Hub) -> FastAPI:
    """The HTTP app over a view."""
    app = problems.ProblemApp(
        title="Heliograph",
        summary="An open photovoltaic gateway.",
        description=_DESCRIPTION,
        version=installed_version(),
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.view, app.state.access, app.state.pages, app.state.hub = view, access, pages, hub
    app.state.figures, app.state.sent, app.state.downloads = Figures(view), Sent(), AllDownloads()
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    return app


_DESCRIPTION = """
The state of the gateway, read; commands, connections to its servers and edits of its configuration, asked for.

Reads are open to clients on the gateway's own machine as long as no token is set; writes always need the token, as
`Authorization: Bearer …`. It is in `GATEWAY_API_TOKEN`, or else in the file `api-token` of this service's state
directory. Times are milliseconds since 1970, UTC. Errors are problem documents (RFC 9457).
"""


def _tell(context: Context, settings: Settings, access: Access, port: int) -> None:
    host = f"[{settings.api_host}]" if ":" in settings.api_host else settings.api_host
    context.events.info(
        f"page and REST API on http://{host}:{port}/; the token for writes is that of {access.token.place}"
    )


async def _close(hub: Hub, stopping: asyncio.Event) -> None:
    await stopping.wait()
    await hub.close()


def _state(context: Context, view: View) -> ApiState:
    return ApiState(
        time=context.now(),
        started=context.started,
        revision=view.in_force.number,
        rejected=view.in_force.rejected,
        rejected_revision=view.in_force.rejected_revision,
    )
