// @ts-check
/**
 * Who is signed in: a token in sessionStorage, which this tab alone can read and which goes with it.
 * @typedef {{token: string, socketUrl: string}} Session
 * @typedef {"none" | "link-used" | "expired" | "refused" | "unreachable"} Why
 */

const KEY = "navswap.token";

/** The code of `#link=...`, taken out of the address bar so that it is neither bookmarked nor shared. */
export function takeLink() {
  const link = new URLSearchParams(location.hash.slice(1)).get("link");
  if (link !== null) history.replaceState(null, "", location.pathname + location.search);
  return link;
}

/**
 * The session to begin with: from the link, else from this tab's storage.
 * @returns {Promise<{session: Session} | {why: Why}>}
 */
export async function begin() {
  const link = takeLink();
  try {
    if (link) return await exchange(link);
    const token = sessionStorage.getItem(KEY);
    return token ? { session: { token, socketUrl: await socketUrl() } } : { why: "none" };
  } catch {
    return { why: "unreachable" };
  }
}

/** @param {string} link @returns {Promise<{session: Session} | {why: Why}>} */
async function exchange(link) {
  const answer = await fetch("/auth/link", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ link }),
  });
  if (answer.status >= 500) return { why: "unreachable" };
  if (!answer.ok) return { why: "link-used" };
  const { token, socket_url } = await answer.json();
  sessionStorage.setItem(KEY, token);
  return { session: { token, socketUrl: socket_url } };
}

/**
 * A token that was pasted; whether it is good, the hub says at the handshake.
 * @param {string} token
 * @returns {Promise<Session>}
 */
export async function adopt(token) {
  sessionStorage.setItem(KEY, token);
  return { token, socketUrl: await socketUrl() };
}

export function forget() {
  sessionStorage.removeItem(KEY);
}

async function socketUrl() {
  const answer = await fetch("/dashboard/config.json");
  if (!answer.ok) throw new Error(`config.json: ${answer.status}`);
  return (await answer.json()).socket_url;
}
