// Node's socket.io with the handlers of ../servers.py; per-message deflate is off, as by default.
import { Server } from "socket.io";

const io = new Server(Number(process.argv[2]), {
  transports: ["websocket"],
  perMessageDeflate: false,
  pingInterval: 25000,
  pingTimeout: 20000,
  connectionStateRecovery: process.argv[3] === "recovery" ? { maxDisconnectionDuration: 120000 } : undefined,
});
const news = { id: "01J9ZK7Q0000000000000000", station_id: "station_001", lat: 12.9716, lng: 77.5946, version: 7, soc: 83.5 };
let timer;
io.on("connection", (socket) => {
  socket.join(["room", `user:${socket.id}`]);
  socket.on("echo", (value, ack) => ack(value));
  socket.on("burst", (count) => {
    for (let i = 0; i < count; i++) io.to("room").emit("news", news);
  });
  socket.on("pace", (perSecond, telemetry) => {
    clearInterval(timer);
    const room = () => (telemetry ? io.volatile : io).to("room");
    if (perSecond > 0) timer = setInterval(() => room().emit("news", news), 1000 / perSecond);
  });
  socket.on("size", (ack) => ack(io.engine.clientsCount));
});
console.log("ready");
