// @ts-check
import { html, useState } from "../ui/html.js";
import { Logo } from "../ui/icons.js";

/** @typedef {import("../net/session.js").Why} Why */

/** @type {Record<Why, {title: string, text: string}>} */
const WHY = {
  none: { title: "Sign in", text: "The dashboard opens with a one-time link, printed when the hub starts." },
  "link-used": {
    title: "This link was used already",
    text: "A link opens the dashboard once, and only for a while. A fresh one takes a second.",
  },
  expired: {
    title: "Your session has ended",
    text: "A session lasts twelve hours. A fresh link begins the next one.",
  },
  refused: {
    title: "This token does not open the dashboard",
    text: "It may have expired, or it may not be an admin’s.",
  },
  unreachable: {
    title: "The hub does not answer",
    text: "Once it runs again, open a fresh link or try again.",
  },
};

/** @param {{why: Why, enter: (token: string) => void, retry: () => void}} props */
export function SignIn({ why, enter, retry }) {
  const [token, setToken] = useState("");
  const { title, text } = WHY[why];
  /** @param {any} event */
  const typed = (event) => setToken(event.target.value);
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    if (token.trim()) enter(token.trim());
  };
  return html`<main class="door">
    <div class="door-card">
      <p class="door-brand"><${Logo} /><b>NavSwap <span>Hub</span></b></p>
      <h1>${title}</h1>
      <p class="door-text" role="status">${text}</p>
      <h2>Get a fresh link</h2>
      <p>On the machine of the hub, run</p>
      <pre tabindex="0"><code>navswap link</code></pre>
      <h2>Or paste a token</h2>
      <p>Made by</p>
      <pre tabindex="0"><code>navswap token --role admin --user admin_001</code></pre>
      <form onSubmit=${submit}>
        <label for="token">Admin’s token</label>
        <div class="door-row">
          <input
            id="token"
            name="token"
            type="password"
            autocomplete="off"
            spellcheck="false"
            value=${token}
            onInput=${typed}
          />
          <button class="primary" type="submit">Open</button>
        </div>
      </form>
      ${why === "unreachable" && html`<button class="chip" type="button" onClick=${retry}>Try again</button>`}
    </div>
  </main>`;
}
