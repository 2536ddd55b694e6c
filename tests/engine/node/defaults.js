// The official client with its defaults: polling, then an upgrade; prints one JSON line.
import { io } from "socket.io-client";
import { options as optionsOf } from "./options.js";

const url = process.argv[2];
const options = optionsOf(JSON.parse(process.argv[3] ?? "{}"));
const socket = io(url, { reconnection: false, ...options });
let first;
socket.io.once("open", () => (first = socket.io.engine.transport.name));
const seen = [];
socket.onAny((...args) => seen.push(args.map((a) => (Buffer.isBuffer(a) ? [...a] : a))));

await new Promise((resolve, reject) => {
  socket.on("connect", resolve);
  socket.on("connect_error", (error) => reject(new Error(JSON.stringify([error.message, error.data]))));
}).catch((error) => {
  console.log(JSON.stringify({ refused: JSON.parse(error.message) }));
  process.exit(0);
});
if (socket.io.engine.transport.name === "polling" && options.upgrade !== false) {
  await new Promise((resolve) => socket.io.engine.once("upgrade", resolve));
}
const echoed = await socket.timeout(3000).emitWithAck("echo", { a: [1, "é"] }, Buffer.from([1, 2, 3]));
socket.emit("told", 1); // no acknowledgement asked for
const told = await new Promise((resolve) => socket.once("told", resolve));
const admin = io(`${url}/custom`, { forceNew: false, ...options });
const custom = await admin.timeout(3000).emitWithAck("where");
const reason = await new Promise((resolve) => {
  admin.once("disconnect", resolve);
  admin.emit("send me away");
});
console.log(
  JSON.stringify({
    first,
    last: socket.io.engine.transport.name,
    echoed: [echoed[0], [...echoed[1]]],
    told,
    custom,
    reason,
    seen,
    shared: admin.io === socket.io,
  }),
);
socket.disconnect();
admin.disconnect();
