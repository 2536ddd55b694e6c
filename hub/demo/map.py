"""The dashboard's background: roads and names as JSON. `python -m hub.demo.map > FILE` writes it anew."""

from __future__ import annotations

import json
import sys
from typing import Any, Final

from hub.demo.lakes import LAKES
from hub.demo.roads import JUNCTIONS, ROADS

LABELS: Final = (
    "Majestic", "MG Road", "Indiranagar", "Koramangala", "Jayanagar", "Hebbal", "Yelahanka", "Peenya",
    "Kengeri", "Whitefield", "Electronic City", "KR Puram", "Marathahalli", "Banashankari",
)  # fmt: skip


def document() -> dict[str, Any]:
    """`roads` with class and points, `labels`, `lakes` as outlines; the same for the same code."""
    return {
        "roads": [
            {"name": name, "class": road_class.value, "points": [list(JUNCTIONS[stop]) for stop in stops]}
            for name, road_class, stops in ROADS
        ],
        "labels": [{"name": name, "lat": JUNCTIONS[name][0], "lng": JUNCTIONS[name][1]} for name in LABELS],
        "lakes": [{"name": name, "points": [list(point) for point in outline]} for name, outline in LAKES],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document(), indent=1) + "\n")
