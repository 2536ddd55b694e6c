// The official client loses its connection twice; prints what it saw, as one JSON line.
import { io } from "socket.io-client";
import { options } from "./options.js";

const [, , url, serializer] = process.argv;
const socket = io(url, { transports: ["websocket"], reconnectionDelay: 10, ...options({ serializer }) });
const recovered = [];
const ids = new Set();
const seen = [];
socket.onAny((name, ...args) => seen.push([name, ...args.slice(0, -1)])); // the last one is the offset
socket.on("connect", () => {
  recovered.push(socket.recovered);
  ids.add(socket.id);
  if (recovered.length < 3) {
    setTimeout(() => socket.emit("lose_me"), 50);
  } else {
    setTimeout(() => {
      console.log(JSON.stringify({ recovered, same: ids.size === 1, seen }));
      socket.disconnect();
    }, 100);
  }
});
setTimeout(() => process.exit(1), 5000).unref();
