// @ts-check
/**
 * Runs `work` in an animation frame, once for however many requests came before it, and not more often
 * than every `gapMs`.
 * @param {() => void} work
 * @param {number} [gapMs]
 */
export function batched(work, gapMs = 0) {
  let asked = false;
  let last = -Infinity;
  const run = () => {
    asked = false;
    last = performance.now();
    work();
  };
  return () => {
    if (asked) return;
    asked = true;
    const rest = last + gapMs - performance.now();
    if (rest <= 0) requestAnimationFrame(run);
    else setTimeout(() => requestAnimationFrame(run), rest);
  };
}
