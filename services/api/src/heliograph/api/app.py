"""The wiring of the api: the view of the bus, the HTTP app over it, and the server that carries it."""

import asyncio

from fastapi import FastAPI

from heliograph.api import problems
from heliograph.api.access import Access
from heliograph.api.auth import Book, Passwords
from heliograph.api.auth.gateway_token import gateway_token
from heliograph.api.auth.passwords import Cost
from heliograph.api.clockstate import ClockState
from heliograph.api.following import tell_alarms
from heliograph.api.headers import SafetyLayer
from heliograph.api.lookback.files import AllDownloads
from heliograph.api.metrics import Figures, installed_version
from heliograph.api.pages import Pages
from heliograph.api.routes import ROUTERS
from heliograph.api.sent import Sent
from heliograph.api.server import listen, serve
from heliograph.api.settings import Settings
from heliograph.api.stream import Hub
from heliograph.api.tls.keeper import Keeper, certificate_keeper
from heliograph.api.view import View
from heliograph.contract import ApiState
from heliograph.runtime import Context


async def main(settings: Settings, context: Context) -> None:
    """Serve the page and the REST API until told to stop."""
    access = access_of(settings, context)
    sockets = listen(settings.api_host, settings.api_port)
    keeper = _keeper(settings, context)
    tls = await keeper.start() if keeper else None
    view = View(context.bus, context.clock, context.events)
    await view.watch()
    pages = Pages(view)
    hub = Hub(pages)
    app = make_app(view, access, pages, hub)
    app.state.figures.values = settings.api_metric_values
    _tell(context, settings, access, sockets[0].getsockname()[1])
    only_tls, clock = settings.api_tls == "given", ClockState()
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(hub.run(), name="api: pictures"),
            group.create_task(pages.asked.follow(hub.wanted), name="api: what pages ask"),
            group.create_task(tell_alarms(view, view.feed), name="api: alarms for those who follow"),
            group.create_task(
                context.report(lambda: _state(context, view, keeper, clock), view.in_force.changed), name="api: state"
            ),
            *([group.create_task(keeper.follow(), name="api: certificate")] if keeper else []),
        ]
        closing = group.create_task(_close(hub, view, context.stopping), name="api: close streams")
        await serve(SafetyLayer(app, only_tls=only_tls), sockets, context.stopping, tls)
        for task in (*tasks, closing):
            task.cancel()


def access_of(settings: Settings, context: Context) -> Access:
    """Who may come in, as the settings and the state directory have it."""
    gateway = gateway_token(settings.gateway_api_token.get_secret_value(), settings.state_dir)
    passwords = Passwords(Cost(settings.api_password_memory_kib, settings.api_password_rounds))
    book = Book(settings.state_dir, gateway, passwords, context.clock, context.events)
    return Access(book, settings.open_networks, settings.names)


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
    app.state.plant = pages.plant
    problems.install(app)
    for router in ROUTERS:
        app.router.routes += router.routes
    return app


_DESCRIPTION = """
The state of the gateway, read; commands, connections to its servers and edits of its configuration, asked for.

Two roles: a `viewer` reads, an `operator` does everything. Programs send a token as `Authorization: Bearer …`: one of
their own (`hg_…`, see `/api/v1/tokens`), or the gateway's, which is an operator's: it is in `GATEWAY_API_TOKEN`, or
else in the file `api-token` of this service's state directory. Browsers log in (`/api/v1/session`), and send
`X-CSRF-Token` with what changes something. Reads are open to clients on the gateway's own machine as long as there is
no account and nobody set a token.

Times are milliseconds since 1970, UTC. Errors are problem documents (RFC 9457); each `type` has a page that explains
it. Lists that grow come in pages, newest first: `limit`, `before`, and the next one as `next` and in the header
`Link`. What can be edited has an `ETag`: with `If-Match` an edit is refused (412) where somebody else was quicker.
"""


def _keeper(settings: Settings, context: Context) -> Keeper | None:
    """Who keeps the certificate; None without TLS."""
    if settings.api_tls == "off":
        return None
    given = (settings.api_tls_certificate, settings.api_tls_key)
    names = settings.names - {"localhost"}
    return certificate_keeper(settings.api_tls, given, settings.state_dir, names, context.clock, context.events)


def _tell(context: Context, settings: Settings, access: Access, port: int) -> None:
    host = f"[{settings.api_host}]" if ":" in settings.api_host else settings.api_host
    scheme = "http" if settings.api_tls == "off" else "https"
    if settings.api_tls == "off" and not settings.is_on_loopback:
        context.events.warning(
            "the page is open to the network without TLS: passwords and tokens can be read on the way; "
            "set API_TLS to generated or given"
        )
    context.events.info(
        f"page and REST API on {scheme}://{host}:{port}/; the token of an operator is that of {access.token.place}"
    )


async def _close(hub: Hub, view: View, stopping: asyncio.Event) -> None:
    await stopping.wait()
    await hub.close()
    await view.feed.close()


def _state(context: Context, view: View, keeper: Keeper | None, clock: ClockState) -> ApiState:
    return ApiState(
        time=context.now(),
        started=context.started,
        revision=view.in_force.number,
        rejected=view.in_force.rejected,
        rejected_revision=view.in_force.rejected_revision,
        certificate=keeper.certificate if keeper else None,
        clock_kept=clock.synchronised,
    )
