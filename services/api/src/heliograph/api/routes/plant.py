"""`/api/v1/plant`: the plant's figures at a glance (decision 0033)."""

from fastapi import Depends

from heliograph.api import plant_examples as examples
from heliograph.api.access import may_read
from heliograph.api.examples import shown
from heliograph.api.plantnow import PlantNow
from heliograph.api.problems import described
from heliograph.api.routes.parts import ThePlant
from heliograph.api.routes.routing import routing

router = routing(prefix="/api/v1/plant", tags=["plant"], dependencies=[Depends(may_read)], responses=described(401))


@router.get("", summary="The plant at a glance", responses={200: shown(examples.PLANT, "Its figures now")})
async def plant(plant: ThePlant) -> PlantNow:
    """Power now, energy of today, the meters: sums name the devices that are missing in them."""
    return await plant.look()
