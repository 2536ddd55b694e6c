"""The client manager of one node among several: rooms are native here, and everywhere at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

from hub.engine.client import Client
from hub.engine.cluster.bus import Bus
from hub.engine.cluster.message import Message, pack, unpack
from hub.engine.cluster.sessions import SharedRecovery
from hub.engine.directory import event_args, targets
from hub.engine.errors import BusUnavailable
from hub.engine.lanes import LANES, STATE, TELEMETRY
from hub.engine.options import Options
from hub.engine.outgoing import Each, Outgoing
from hub.engine.rooms import NativeRooms

_RESYNC: Final = b"events were missed; connect again"
_logger = logging.getLogger("hub.engine")


class ClusterRooms(NativeRooms):
    """`Server(client_manager=ClusterRooms(bus))`. Rooms are named by text.

    An event is published on the channels of its targets, by this node too: everybody gets it in the
    same order. This node listens to the channels of the rooms and clients it has.
    """

    def __init__(self, bus: Bus) -> None:
        super().__init__()
        self.bus = bus
        self._recovery: SharedRecovery | None = None
        self._told: set[asyncio.Task[None]] = set()
        self._watched: dict[str, Callable[[tuple[str | None, ...]], None]] = {}

    def initialize(self) -> None:
        """Called once, when the server begins to listen."""
        super().initialize()
        bus = self.bus
        bus.on_event, bus.on_told, bus.on_gap = self._received, self._hear, self._gap
        bus.streams = self._streams
        bus.start()

    def watch(self, event: str, hear: Callable[[tuple[str | None, ...]], None]) -> None:
        """Have each node that serves a target of such events called with the targets, once per event."""
        self._watched[event] = hear

    async def stop(self) -> None:
        """Leave the bus; the clients' sessions stay."""
        for client in self.everybody():
            self._deafen_to(client)
        await self.bus.stop()

    def recovery(self, options: Options, window_s: float) -> SharedRecovery:
        """Sessions that every node can take up."""
        alive_s = options.interval_s + options.ping_timeout
        self.bus.keep_s = window_s + 2 * alive_s
        recovery = SharedRecovery(
            self.bus, lambda: self.server.codec, self._until_gone, window_s=window_s, alive_s=alive_s
        )
        self.bus.on_epoch = recovery.new_epoch
        self._recovery = recovery
        return recovery

    async def _until_gone(self, client: Client) -> None:
        await self.gone(client)

    # -- sending

    async def emit(
        self,
        event: str,
        data: Any,
        namespace: str,
        room: Any = None,
        skip_sid: Any = None,
        callback: Callable[..., Any] | None = None,
        to: Any = None,
        *,
        droppable: bool = False,
        conflate_key: object = None,
        conflate_each: Each | None = None,
        lane: str | None = None,
        once: tuple[str, int, int] | None = None,
        ignore_queue: bool = False,
        **_others: Any,
    ) -> None:
        """Emit on every node; raises BusUnavailable when that cannot be said to have happened.

        A droppable event is dropped then. `once` is a reader's name, a growing number and the one
        before it (0 when that is not known): what was emitted with this number, or a greater one, is
        not emitted again, and never before the one before it. `ignore_queue` emits to this node's
        clients alone, and nobody can recover it; acknowledgements, too, are theirs alone.
        """
        args = event_args(event, data)
        if callback is not None:
            self._emit_with_ack(namespace, to or room, skip_sid, callback, args)
            return
        aims = tuple(dict.fromkeys(targets(to or room)))
        skip = () if skip_sid is None else targets(skip_sid)
        # A client takes a string at the end of an event for its offset.
        has_offset = not ignore_queue and self._recovery is not None
        has_offset = has_offset and (not droppable or _ends_with_text(args))
        packet = Outgoing(
            namespace,
            args,
            codec=self.server.codec,
            lane=LANES[lane] if lane and not has_offset else TELEMETRY if droppable else STATE,
            key=(event, conflate_key) if conflate_key is not None else None,
            each=conflate_each,
        )
        message = Message(namespace, aims, skip, packet, event if event in self._watched else None)
        if ignore_queue:
            self._to_members(message)
            return
        packed = pack(message, has_offset=has_offset)
        try:
            if await self.bus.emit(namespace, aims, packed, droppable=droppable, once=once) < 0:
                raise BusUnavailable("what came before it was not emitted")
        except BusUnavailable:
            if not droppable:
                raise
            self.server.eio.stats.dropped += 1

    def _received(self, offset: str, _number: int, raw: bytes) -> None:
        message = unpack(raw, offset, self.server.codec)
        self._to_members(message)
        hear = self._watched.get(message.watched) if message.watched else None
        if hear is not None:
            hear(message.targets)

    def _to_members(self, message: Message) -> None:
        space = self._spaces.get(message.namespace)
        if space is not None:
            skip = [client for sid in message.skip if (client := space.clients.get(sid)) is not None]
            self._send(space, message.targets, message.packet, skip)

    # -- clients and rooms

    async def ready(self, client: Client) -> None:
        """Listen to what is meant for everybody and for this client."""
        bus, space = self.bus, client.namespace
        await bus.listen((bus.channel(space, None), bus.channel(space, client.sid)))

    async def enter_room(self, sid: str, namespace: str, room: Any, eio_sid: str | None = None) -> None:
        """Add a client to a room, on whichever node it is; here it hears of everything from then on."""
        client = self.client(sid, namespace)
        if client is None:
            if not await self._tell(namespace, sid, "enter", room):
                raise ValueError("sid is not connected to requested namespace")
            return
        await self.bus.listen((self.bus.channel(namespace, room),))
        try:
            super().basic_enter_room(sid, namespace, room, eio_sid)
        finally:
            self._perhaps_deafen(namespace, room)
        await self._settled(client)

    async def leave_room(self, sid: str, namespace: str, room: Any) -> None:
        """Remove a client from a room."""
        client = self.client(sid, namespace)
        if client is None:
            await self._tell(namespace, sid, "leave", room)
            return
        super().basic_leave_room(sid, namespace, room)
        await self._settled(client)

    async def close_room(self, room: Any, namespace: str) -> None:
        """Take everybody out of a room, on every node."""
        if self.is_sid_room(namespace, room):
            raise ValueError("cannot close a sid room")
        await self._tell(namespace, room, "close", room)

    async def can_disconnect(self, sid: str, namespace: str) -> bool:
        """Whether a client is here; one of another node is told to go by that node."""
        if self.is_connected(sid, namespace):
            return True
        await self._tell(namespace, sid, "disconnect", None)
        return False

    async def _settled(self, client: Client) -> None:
        if client.session is not None and self._recovery is not None:
            await self._recovery.settled(client.session)

    def rename(self, client: Client, sid: str) -> None:
        """The client has another sid: so it has another channel."""
        self._deafen_to(client)
        super().rename(client, sid)

    def withdraw(self, client: Client, sid: str) -> None:
        """As above, but the sid it gets back has no channel any more."""
        super().withdraw(client, sid)
        self.bus.want(self.bus.channel(client.namespace, sid))

    def basic_disconnect(self, sid: str, namespace: str, **kwargs: Any) -> None:
        """Forget a client and what only it was listening for."""
        if (client := self.client(sid, namespace)) is not None:
            super().basic_disconnect(sid, namespace, **kwargs)
            self._deafen_to(client)

    def _deafen_to(self, client: Client) -> None:
        self.bus.deafen(self.bus.channel(client.namespace, client.sid))

    def _leave(self, client: Client, name: Any) -> None:
        super()._leave(client, name)
        self._perhaps_deafen(client.namespace, name)

    def _perhaps_deafen(self, namespace: str, room: Any) -> None:
        space = self._spaces.get(namespace)
        if room is not None and (space is None or room not in space.rooms):
            self.bus.deafen(self.bus.channel(namespace, room))

    # -- what the bus says

    async def _tell(self, namespace: str, target: Any, action: str, room: Any) -> int:
        """Have something done where `target` is; answers how many nodes have heard it."""
        told = {"action": action, "namespace": namespace, "target": target, "room": room}
        return await self.bus.tell(self.bus.channel(namespace, target), told)

    def _hear(self, told: dict[str, Any]) -> None:
        task = asyncio.get_running_loop().create_task(self._do(told))
        self._told.add(task)
        task.add_done_callback(self._told.discard)

    async def _do(self, told: dict[str, Any]) -> None:
        try:
            if "action" not in told:
                if self._recovery is not None:
                    await self._recovery.told(told)
                return
            action, namespace, target = told["action"], told["namespace"], told["target"]
            if action == "close":
                self.basic_close_room(told["room"], namespace)
            elif self.client(target, namespace) is None:
                pass
            elif action == "disconnect":
                await self.server.disconnect(target, namespace)
            elif action == "enter":
                await self.enter_room(target, namespace, told["room"])
            elif action == "leave":
                await self.leave_room(target, namespace, told["room"])
        except Exception:
            _logger.exception("engine: what another node said could not be done")

    def _streams(self) -> list[str]:
        """The streams of everything that this node listens to."""
        bus = self.bus
        found = []
        for namespace, space in self._spaces.items():
            found.append(bus.stream(namespace, None))
            found += [bus.stream(namespace, name) for name in (*space.rooms, *space.clients)]
        return found

    def _gap(self) -> None:
        """Events were missed for good: everybody here has to come again, for what can be recovered."""
        for client in self.everybody():
            client.connection.close("transport close", 1012, _RESYNC)


def _ends_with_text(args: list[Any]) -> bool:
    return len(args) > 1 and type(args[-1]) is str
