"""Several nodes: rooms, recovery and their order in one Redis.

An emit is one script: it numbers the event, appends it to the stream of each target and publishes
it on the targets' channels. A node subscribes to the channels of the rooms it serves, so what
happens elsewhere costs it nothing; after a break it reads from the streams what it has missed.
"""

from hub.engine.cluster.bus import Bus
from hub.engine.cluster.manager import ClusterRooms
from hub.engine.cluster.sessions import SharedRecovery

__all__ = ["Bus", "ClusterRooms", "SharedRecovery"]
