// The body of a function that looks at the page for what no reader should see, and lists it in words.
// arguments[0]: which of the checks below to make.
const tolerance = 2;
const problems = new Set();
const isVisible = (element) => element.checkVisibility({ checkVisibilityCSS: true });
const windowWidth = document.documentElement.clientWidth;

const name = (element) => {
  const step = (e) => e.tagName.toLowerCase() + (e.id ? `#${e.id}` : "")
    + [...e.classList].map((word) => `.${word}`).join("");
  const around = element.closest("figure[id], section[id], header, footer");
  return around && around !== element ? `${step(around)} ${step(element)}` : step(element);
};
const quoted = (text) => `“${text.length > 50 ? `${text.slice(0, 50)}…` : text}”`;

// Where a view within a drawing is; what its contents take does not matter.
const viewport = (view) => {
  const matrix = view.parentElement.getScreenCTM();
  const corner = new DOMPoint(view.x.baseVal.value, view.y.baseVal.value).matrixTransform(matrix);
  return new DOMRect(corner.x, corner.y, view.width.baseVal.value * matrix.a, view.height.baseVal.value * matrix.d);
};

// Texts with the boxes of their lines, as far as tables that scroll and plots that are zoomed show them.
const collected = () => {
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    const words = node.textContent.trim();
    if (!words || element.closest("script, style, option, title, desc") || !isVisible(element)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const svg = element.closest("svg.chart");
    const scroller = element.closest(".scroll");
    const zoomed = element.closest(".zoomed .plot");
    const frame = scroller?.getBoundingClientRect() ?? (zoomed && viewport(zoomed));
    for (const whole of range.getClientRects()) {
      let box = whole;
      if (frame) {
        const [left, top] = [Math.max(box.left, frame.left), Math.max(box.top, frame.top)];
        box = new DOMRect(left, top, Math.min(box.right, frame.right) - left, Math.min(box.bottom, frame.bottom) - top);
      }
      const isCut = !scroller && (box.width < whole.width - tolerance || box.height < whole.height - tolerance);
      if (box.width > 0 && box.height > 0) texts.push({ node, element, words, box, svg, scroller, isCut });
    }
  }
  return texts;
};

const checks = {
  // Nothing is wider than the window, and nothing is cut that does not scroll.
  width() {
    const root = document.documentElement;
    if (root.scrollWidth > windowWidth) {
      problems.add(`the page has ${root.scrollWidth} pixels in a window of ${windowWidth}`);
    }
    for (const element of document.body.querySelectorAll("*")) {
      if (element.closest("svg, select") || element.matches(".scroll") || !isVisible(element)) continue;
      if (element.clientWidth === 0 || element.scrollWidth <= element.clientWidth + 1) continue;
      problems.add(`${name(element)} has ${element.scrollWidth} pixels in a box of ${element.clientWidth}: `
        + quoted(element.textContent.trim()));
    }
  },

  // No two texts lie on each other, none is cut, none leaves its drawing or the window.
  texts() {
    const texts = collected();
    for (const { element, words, box, svg, scroller, isCut } of texts) {
      if (isCut) problems.add(`${name(element)} is cut: ${quoted(words)}`);
      if (!scroller && (box.left < -tolerance || box.right > windowWidth + tolerance)) {
        problems.add(`${name(element)} leaves the window, from ${Math.round(box.left)} to ${Math.round(box.right)}: `
          + quoted(words));
      }
      if (!svg) continue;
      const frame = svg.getBoundingClientRect();
      const beyond = Math.max(
        frame.left - box.left, frame.top - box.top, box.right - frame.right, box.bottom - frame.bottom);
      if (beyond > tolerance) {
        problems.add(`${name(element)} leaves its drawing by ${Math.round(beyond)} pixels: ${quoted(words)}`);
      }
    }
    // What hovering shows lies on a chart on purpose.
    const flat = texts.filter(({ element }) => !element.closest(".readout")).sort((a, b) => a.box.top - b.box.top);
    flat.forEach((first, index) => {
      for (let other = index + 1; other < flat.length; other += 1) {
        const second = flat[other];
        if (second.box.top >= first.box.bottom - tolerance) break;
        if (first.node === second.node) continue;
        const width = Math.min(first.box.right, second.box.right) - Math.max(first.box.left, second.box.left);
        const height = Math.min(first.box.bottom, second.box.bottom) - second.box.top;
        if (width > tolerance && height > tolerance) {
          problems.add(`${name(first.element)}: ${quoted(first.words)} and ${quoted(second.words)} overlap by `
            + `${Math.round(width)} × ${Math.round(height)} pixels`);
        }
      }
    });
  },

  // Text stands out from what is behind it by 4.5 to 1, large text by 3 to 1 (WCAG 2.2, 1.4.3).
  contrast() {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const known = new Map();
    const colour = (text) => {
      if (!known.has(text)) {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = text;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        known.set(text, { rgb: [r, g, b], alpha: a / 255 });
      }
      return known.get(text);
    };
    const over = (top, alpha, below) => top.map((value, i) => value * alpha + below[i] * (1 - alpha));
    const luminance = (rgb) => {
      const [r, g, b] = rgb.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const opacity = (element) => {
      let product = 1;
      for (let e = element; e; e = e.parentElement) product *= Number(getComputedStyle(e).opacity);
      return product;
    };
    const paper = (element) => {
      const layers = [];
      for (let e = element; e; e = e.parentElement) layers.unshift(colour(getComputedStyle(e).backgroundColor));
      return layers.reduce((below, { rgb, alpha }) => over(rgb, alpha, below), [255, 255, 255]);
    };
    // The rectangles of a drawing under a point, each with its fill.
    const behind = (svg, box, below) => {
      const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
      for (const area of svg.querySelectorAll("rect")) {
        const frame = area.getBoundingClientRect();
        if (x < frame.left || x > frame.right || y < frame.top || y > frame.bottom || !isVisible(area)) continue;
        const style = getComputedStyle(area);
        if (style.fill === "none") continue;
        const { rgb, alpha } = colour(style.fill);
        below = over(rgb, alpha * Number(style.fillOpacity) * opacity(area), below);
      }
      return below;
    };
    // A halo of its own is what such a letter stands on.
    const haloed = (style) => style.paintOrder.startsWith("stroke") && Number.parseFloat(style.strokeWidth) >= 3;
    const seen = new Map();
    for (const { element, words, box, svg } of collected()) {
      // A switched-off series is meant to recede.
      if (element.closest("[aria-pressed=false]")) continue;
      const style = getComputedStyle(element);
      const { rgb, alpha } = colour(svg ? style.fill : style.color);
      const below = haloed(style) ? colour(style.stroke).rgb : svg ? behind(svg, box, paper(element)) : paper(element);
      const text = over(rgb, alpha * opacity(element), below);
      const [light, dark] = [luminance(text), luminance(below)].sort((a, b) => b - a);
      const ratio = (light + 0.05) / (dark + 0.05);
      const size = Number.parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio >= (isLarge ? 3 : 4.5)) continue;
      const place = name(element);
      if (!seen.has(place) || seen.get(place).ratio > ratio) seen.set(place, { ratio, words });
    }
    for (const [place, { ratio, words }] of seen) {
      problems.add(`${place} stands out by ${ratio.toFixed(2)} to 1: ${quoted(words)}`);
    }
  },

  // No markup came in with a name, and none of it ran.
  injection() {
    if (window.pwned !== undefined) problems.add("a script from a name has run");
    for (const element of document.querySelectorAll("*")) {
      // An icon of no bytes keeps a browser from asking a server for one.
      if (element.matches("img, iframe, object, embed, base, link:not([rel=icon][href^='data:'])")) {
        problems.add(`there is an element ${name(element)}`);
      }
      for (const { name: attribute } of element.attributes) {
        if (attribute.startsWith("on")) problems.add(`${name(element)} has an attribute ${attribute}`);
      }
    }
    const scripts = [...document.scripts].filter((script) => script.type !== "application/json");
    if (scripts.length > 1) problems.add(`there are ${scripts.length} scripts`);
  },
};

for (const check of arguments[0]) checks[check]();
return [...problems];
