"""`/api/v1/system` and `/api/v1/certificates`: what the gateway runs on, and the certificates of the set."""

from fastapi import Depends

from heliograph.api import configuration as asked
from heliograph.api import server_examples as examples
from heliograph.api.access import may_read
from heliograph.api.certified import SetCertificates, certificates
from heliograph.api.examples import shown
from heliograph.api.problems import described
from heliograph.api.routes.parts import TheView
from heliograph.api.routes.routing import routing
from heliograph.api.systemnow import SystemNow
from heliograph.api.systemview import system_now

router = routing(prefix="/api/v1", tags=["gateway"], dependencies=[Depends(may_read)], responses=described(401))


@router.get("/system", summary="What the gateway runs on", responses={200: shown(examples.SYSTEM, "The system")})
async def system(view: TheView) -> SystemNow:
    """Version, memory of each service, the plant's time zone, and whether a time service keeps the clock."""
    return system_now(view)


@router.get(
    "/certificates",
    summary="Certificates of the set",
    responses={200: shown(examples.CERTIFICATES, "By file"), **described(404, 409, 503)},
)
async def of_set(view: TheView) -> SetCertificates:
    """What each file of `CERT/` is for, and until when. The page's own is in `/api/v1/status`."""
    _, detail = await asked.revision(view)
    return SetCertificates(certificates=certificates(detail.files, view.now()))
