// @ts-check
/*
 * Evaluated in the page: texts whose contrast with what they stand on is less than WCAG 2.2 AA asks for
 * (success criterion 1.4.3). A colour that is not opaque is mixed with what is beneath it; a number on
 * the map stands on its station's plate, a name on the map's ground.
 */
() => {
  const probe = /** @type {OffscreenCanvasRenderingContext2D} */ (
    new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })
  );
  const rgba = (/** @type {string} */ css) => {
    probe.clearRect(0, 0, 1, 1);
    probe.fillStyle = css;
    probe.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = probe.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (/** @type {number[]} */ [r, g, b, a], /** @type {number[]} */ below) =>
    [r, g, b].map((channel, i) => channel * a + below[i] * (1 - a));
  const luminance = (/** @type {number[]} */ colour) => {
    const [r, g, b] = colour
      .map((channel) => channel / 255)
      .map((share) => (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  /** @returns {number[]} */
  const ground = (/** @type {Element | null} */ element) => {
    if (!element) return [255, 255, 255];
    const plate = element.closest(".station")?.querySelector(".plate");
    if (plate) return rgba(getComputedStyle(plate).fill).slice(0, 3);
    const own = rgba(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own.slice(0, 3) : over(own, ground(element.parentElement));
  };
  const least = (/** @type {CSSStyleDeclaration} */ style) => {
    const size = parseFloat(style.fontSize);
    return size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = /** @type {Element} */ (node.parentElement);
    const said = node.textContent?.trim();
    if (!said || element.closest(".unseen, noscript")) continue;
    if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const style = getComputedStyle(element);
    const below = ground(element);
    const colour = over(rgba(element instanceof SVGElement ? style.fill : style.color), below);
    const [light, dark] = [luminance(colour), luminance(below)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < least(style)) faint.push(`${said}: ${ratio.toFixed(2)}`);
  }
  return faint;
}
