"""Real places of Bengaluru, by their public coordinates (WGS 84, about 100 m)."""

from __future__ import annotations

from typing import Final

from services.base import Location


def _at(lat: float, lng: float) -> Location:
    return Location(lat=lat, lng=lng)


STATIONS: Final[tuple[tuple[str, Location], ...]] = (
    ("Majestic", _at(12.9767, 77.5713)),
    ("MG Road", _at(12.9755, 77.6068)),
    ("Indiranagar", _at(12.9784, 77.6408)),
    ("Domlur", _at(12.9610, 77.6387)),
    ("Koramangala", _at(12.9352, 77.6245)),
    ("HSR Layout", _at(12.9116, 77.6389)),
    ("Silk Board", _at(12.9177, 77.6238)),
    ("BTM Layout", _at(12.9166, 77.6101)),
    ("Jayanagar", _at(12.9308, 77.5838)),
    ("JP Nagar", _at(12.9063, 77.5857)),
    ("Banashankari", _at(12.9255, 77.5468)),
    ("Kengeri", _at(12.9177, 77.4838)),
    ("Rajajinagar", _at(12.9982, 77.5530)),
    ("Malleshwaram", _at(13.0031, 77.5643)),
    ("Yeshwanthpur", _at(13.0250, 77.5500)),
    ("Peenya", _at(13.0330, 77.5180)),
    ("Hebbal", _at(13.0358, 77.5970)),
    ("RT Nagar", _at(13.0219, 77.5952)),
    ("Yelahanka", _at(13.1007, 77.5963)),
    ("KR Puram", _at(13.0075, 77.6959)),
    ("Marathahalli", _at(12.9569, 77.7011)),
    ("Bellandur", _at(12.9304, 77.6784)),
    ("Whitefield", _at(12.9698, 77.7500)),
    ("Electronic City", _at(12.8452, 77.6602)),
)

SHOPS: Final[tuple[tuple[str, Location], ...]] = (
    ("Chickpet Stores", _at(12.9700, 77.5760)),
    ("Commercial Street Mart", _at(12.9822, 77.6083)),
    ("Frazer Town Electricals", _at(12.9970, 77.6140)),
    ("Basavanagudi Traders", _at(12.9420, 77.5750)),
    ("Vijayanagar Wheels", _at(12.9710, 77.5330)),
    ("Sarjapur Road Depot", _at(12.9130, 77.6760)),
)


def station_id(index: int) -> str:
    """The id of `STATIONS[index]`."""
    return f"station_{index + 1:03}"
