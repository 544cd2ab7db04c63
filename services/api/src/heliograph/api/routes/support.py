"""`POST /api/v1/support-bundle`: a debug bundle is asked for (spec 3.4)."""

from fastapi import Depends

from heliograph.api import examples
from heliograph.api.access import may_write
from heliograph.api.models import BundleMade
from heliograph.api.ordering import asker
from heliograph.api.problems import described
from heliograph.api.routes.parts import TheView
from heliograph.api.routes.routing import routing

router = routing(
    prefix="/api/v1", tags=["support"], dependencies=[Depends(may_write)], responses=described(401, 409, 503)
)


@router.post(
    "/support-bundle",
    status_code=202,
    summary="Send a debug bundle to the servers",
    responses={202: examples.shown(examples.BUNDLE, "It is made, and a connection to each file server follows")},
)
async def send_bundle(view: TheView) -> BundleMade:
    """Configuration without secrets, versions, states, connections, revisions and the last lines of the log.

    The file goes to `/LOG` of every file server; it takes the place of one that none has begun to get. Needs the token.
    """
    made = await view.bundle(asker())
    which = " and ".join(f"server {number}" for number in made.servers)
    return BundleMade(
        name=made.name,
        bytes=made.bytes,
        servers=made.servers,
        detail=f"A connection to {which} follows and carries it.",
    )
