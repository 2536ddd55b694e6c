// @ts-check
import { App } from "./app.js";
import { adopt, begin, forget } from "./net/session.js";
import "./ui/theme.js";
import { html, render } from "./ui/html.js";
import { SignIn } from "./views/signin.js";
import { Shell } from "./views/shell.js";

/** @typedef {import("./net/session.js").Session} Session @typedef {import("./net/session.js").Why} Why */

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
/** @type {App | null} */
let app = null;

/** @param {Session} session */
function open(session) {
  app = new App(session, (why) => {
    forget();
    shut(why);
  });
  render(html`<${Shell} key="shell" app=${app} />`, root);
}

/** @param {Why} why */
function shut(why) {
  app?.close();
  app = null;
  render(html`<${SignIn} key=${why} why=${why} enter=${enter} retry=${start} />`, root);
}

/** @param {string} token */
async function enter(token) {
  try {
    open(await adopt(token));
  } catch {
    shut("unreachable");
  }
}

async function start() {
  const result = await begin();
  if ("session" in result) open(result.session);
  else shut(result.why);
}

// A fresh link pasted into this tab changes only the fragment, so the page is not loaded anew.
addEventListener("hashchange", () => {
  if (!location.hash.startsWith("#link=")) return;
  app?.close();
  app = null;
  start();
});

start();
