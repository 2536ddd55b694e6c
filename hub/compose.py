"""What `docker-compose.yml` reads from `.env` beside the hub's own settings."""

from __future__ import annotations

from typing import Final

COMPOSE_SETTINGS: Final = {
    "MONGO_PASSWORD": "the hub's password at MongoDB; letters and digits, for it stands in a URL",
    "MONGO_ROOT_PASSWORD": "that of MongoDB's own administrator",
    "REDIS_PASSWORD": "the hub's password at Redis; letters and digits, for it stands in a URL",
    "PUBLISH_ADDRESS": "address of the host on which both doors are published; 127.0.0.1 when not set",
}
