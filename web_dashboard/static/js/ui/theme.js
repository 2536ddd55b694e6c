// @ts-check
import { Signal } from "./signal.js";

const KEY = "navswap.theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

/** `light` or `dark`: what was chosen here, else what the system prefers. */
export const theme = new Signal(localStorage.getItem(KEY) ?? system());

function system() {
  return dark.matches ? "dark" : "light";
}

dark.addEventListener("change", () => {
  if (!localStorage.getItem(KEY)) theme.value = system();
});

export function toggleTheme() {
  const next = theme.value === "dark" ? "light" : "dark";
  if (next === system()) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, next);
  theme.value = next;
}

/** @param {string} value */
function show(value) {
  document.documentElement.dataset.theme = value;
}

theme.subscribe(show);
show(theme.value);

/** Whether things should stand still. */
export const calm = matchMedia("(prefers-reduced-motion: reduce)");
