"""The engine's own tests of rooms and recovery, on nodes that share a Redis. The same files, one by one."""

from polling_support import http, session
from test_recovery import *  # noqa: F403
from test_recovery_clients import *  # noqa: F403
from test_recovery_offsets import *  # noqa: F403
from test_recovery_rights import *  # noqa: F403
from test_rooms import *  # noqa: F403

from tests.real.nodes import serve
from tests.real.redis_fixtures import redis_databases, redis_url

__all__ = ["http", "redis_databases", "redis_url", "serve", "session"]
