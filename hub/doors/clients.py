"""How to connect and come back, for each language's client, as the docs show it."""

from __future__ import annotations

from typing import Final

CLIENTS: Final[dict[str, str]] = {
    "JavaScript: the official client recovers by itself": """\
import { io } from "socket.io-client";

const socket = io("http://localhost:8000", { auth: { token } });
socket.on("connect", async () => {
  if (socket.recovered) return; // nothing was missed
  const { data } = await socket.emitWithAck("room:join", { room: "station:station_001" });
  show(data.snapshot); // and then every event that follows
});
const answer = await socket.emitWithAck("queue:confirm", {
  station_id: "station_001",
  request_id: crypto.randomUUID(), // the same id again gets the same answer, and happens once
});
if (!answer.ok) console.log(answer.error.code, answer.error.message);""",
    "Python: handlers have a fixed number of arguments, so ask for the offset in the payload": """\
import socketio

seen = {}
client = socketio.AsyncClient()

@client.on("hub:session")
async def session(data):
    seen["pid"] = data["pid"]
    if not data["recovered"]:
        answer = await client.call("room:join", {"room": "station:station_001"})

@client.on("*")
async def anything(event, data):
    seen["offset"] = data.get("offset", seen.get("offset"))

await client.connect(
    "http://localhost:8000", auth=lambda: {"token": token, "offsets": "payload", **seen}
)
answer = await client.call("queue:mine", {})""",
    "Swift: keep pid and offset, give them back when you connect again": """\
socket.on("hub:session") { data, _ in pid = (data[0] as! [String: Any])["pid"] as? String }
socket.onAny { event in offset = (event.items?.first as? [String: Any])?["offset"] as? String ?? offset }
socket.connect(withPayload: ["token": token, "offsets": "payload", "pid": pid, "offset": offset])
socket.emitWithAck("queue:confirm", ["station_id": "station_001"]).timingOut(after: 10) { answer in }""",
    "Java: the same, through the auth map": """\
IO.Options options = IO.Options.builder()
    .setAuth(Map.of("token", token, "offsets", "payload", "pid", pid, "offset", offset)).build();
Socket socket = IO.socket("http://localhost:8000", options);
socket.on("hub:session", args -> pid = ((JSONObject) args[0]).getString("pid"));
socket.onAnyIncoming(args -> offset = ((JSONObject) args[1]).optString("offset", offset));
socket.emit("queue:mine", new JSONObject(), (Ack) answer -> {});""",
    "REST": """\
curl -X POST http://localhost:8080/queue/confirm \\
  -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: 7f1c" -d '{"station_id": "station_001"}'""",
}
