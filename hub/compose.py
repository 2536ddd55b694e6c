"""What `docker-compose.yml` reads from `.env` beside the hub's own settings."""

from __future__ import annotations

from typing import Final

COMPOSE_SETTINGS: Final = {
    "MONGO_PASSWORD": "of the database's user `navswap`; letters and digits, for it stands in a URL",
    "REDIS_PASSWORD": "of Redis; letters and digits, for it stands in a URL",
    "PUBLISH_ADDRESS": "address of the host on which both doors are published; 127.0.0.1 behind a proxy there",
}
