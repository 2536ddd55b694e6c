import * as parser from "socket.io-msgpack-parser";

/** Options of the official client, from those that JSON can hold. */
export function options({ serializer, ...others }) {
  return serializer === "msgpack" ? { parser, ...others } : others;
}
