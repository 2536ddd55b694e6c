"""Is somebody where they must be? Their newest accepted fix decides."""

from __future__ import annotations

from services.base import Location
from services.errors import OutsideGeofence
from services.fences import DEFAULT_ACCURACY_M
from services.geo import distance_m
from services.holds import FRESH_FIX
from services.trust import is_trusted
from services.world import World


async def require_at(world: World, user_id: str, place: Location) -> None:
    """Raises OutsideGeofence unless the error circle of a fresh and trusted fix lies inside the geofence."""
    radius_m = world.rules.geofence_radius_m
    fix = await world.live.position(user_id)
    if fix is None or world.clock() - fix.at > FRESH_FIX:
        raise OutsideGeofence(radius_m=radius_m, reason="no fresh position")
    if not is_trusted(fix):
        doubts = ", ".join(fix.trust_reasons)
        raise OutsideGeofence(radius_m=radius_m, reason=f"the position is not trusted: {doubts}")
    away_m = distance_m(fix.location, place)
    blur_m = DEFAULT_ACCURACY_M if fix.accuracy_m is None else fix.accuracy_m
    if away_m + blur_m > radius_m:
        raise OutsideGeofence(radius_m=radius_m, distance_m=round(away_m, 1), accuracy_m=blur_m)
