// What paper cannot do: hover, zoom, another axis, series on and off, downloads. The charts are drawn already; this
// moves what is there and draws no mark of its own but the cursor. What the reader sees stands in the address's fragment.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  for (const { panels } of Object.values(data.charts)) {
    for (const { readings } of panels) for (const reading of readings) reading.steps ??= data.steps;
  }
  const svgNamespace = "http://www.w3.org/2000/svg";

  // ---- Scales ----

  const transforms = {
    linear: { to: (v) => v, from: (u) => u },
    logarithmic: { to: (v) => Math.log10(Math.max(v, 1e-300)), from: (u) => 10 ** u },
    // log(t + 1): step 0 has a place.
    logStep: { to: (v) => Math.log1p(Math.max(v, 0)), from: (u) => Math.expm1(u) },
    rows: { to: (v) => v, from: (u) => u },
  };

  class Scale {
    constructor(kind, low, high) {
      Object.assign(this, { kind, low, high, transform: transforms[kind] });
      this.start = this.transform.to(low);
      this.length = this.transform.to(high) - this.start || 1;
    }
    fraction(value) { return (this.transform.to(value) - this.start) / this.length; }
    value(fraction) { return this.transform.from(this.start + fraction * this.length); }

    /** Marked values whose labels fit side by side: decades where they are enough, else even steps. */
    ticks(pixels, room) {
      const sets = this.kind === "linear" ? [] : [[1, 2, 5], [1, 3], [1]].map((mantissas) => this.decades(mantissas));
      if (!sets.length || sets[0].length < 3) sets.splice(0, sets.length, ...[10, 7, 5, 4, 3, 2].map((n) => this.even(n)));
      const fits = (set) => set.every((tick, i) => i === 0
        || (this.fraction(tick.value) - this.fraction(set[i - 1].value)) * pixels >= room(tick.label));
      return sets.find(fits) ?? sets[sets.length - 1].filter((_, i, all) => i === 0 || i === all.length - 1);
    }
    decades(mantissas) {
      const ticks = this.low <= 0 ? [{ value: 0, label: "0" }] : [];
      const first = Math.floor(Math.log10(Math.max(this.low, this.kind === "logStep" ? 1 : 1e-300)));
      for (let power = first; power <= Math.floor(Math.log10(Math.max(this.high, 1e-300))); power += 1) {
        for (const mantissa of mantissas) {
          const value = mantissa * 10 ** power;
          if (value >= this.low && value <= this.high) ticks.push({ value, label: tickLabel(value, value) });
        }
      }
      return ticks;
    }
    even(count) {
      const rough = (this.high - this.low) / count;
      const power = 10 ** Math.floor(Math.log10(rough));
      const step = ([1, 2, 5, 10].find((m) => m * power >= rough * 0.999) ?? 10) * power;
      const ticks = [];
      for (let i = Math.ceil(this.low / step); i <= Math.floor(this.high / step); i += 1) {
        ticks.push({ value: i * step, label: tickLabel(i * step, step) });
      }
      return ticks;
    }
  }

  function tickLabel(value, resolution) {
    const size = Math.abs(value);
    const [divisor, suffix] = size >= 1e9 ? [1e9, "G"] : size >= 1e6 ? [1e6, "M"] : size >= 1e3 ? [1e3, "k"] : [1, ""];
    if (size !== 0 && (size < 1e-4 || size >= 1e12)) return value.toPrecision(3);
    const decimals = Math.min(20, Math.max(0, -Math.floor(Math.log10(resolution / divisor) + 1e-9)));
    return (value < 0 ? "−" : "") + Number((size / divisor).toFixed(decimals)) + suffix;
  }

  function number(value) {
    if (value === null || value === undefined) return "–";
    if (Number.isInteger(value) && Math.abs(value) < 1e15) return group(value);
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(3).replace("-", "−");
    return group(Number(value.toPrecision(5)));
  }

  function group(value) {
    const [whole, fraction] = String(Math.abs(value)).split(".");
    return (value < 0 ? "−" : "") + whole.replace(/\B(?=(\d{3})+$)/g, ",") + (fraction ? `.${fraction}` : "");
  }

  // ---- The horizontal axis that all charts over checkpoints share ----

  /** A quantity over steps: straight lines between its points, and beyond them as the outermost two go. */
  function through(steps, values) {
    return (step) => {
      let i = steps.findIndex((s) => s >= step);
      i = Math.min(Math.max(i < 0 ? steps.length - 1 : i, 1), steps.length - 1);
      return values[i - 1] + (step - steps[i - 1]) / (steps[i] - steps[i - 1]) * (values[i] - values[i - 1]);
    };
  }

  const axes = [
    { name: `log ${data.word}`, isLogarithmic: true, of: (step) => step, unit: 1, label: null },
    { name: data.word, isLogarithmic: false, of: (step) => step, unit: 1, label: data.word },
  ];
  for (const { name, steps, values } of data.axes) {
    const unit = values.find((v) => v > 0) ?? 1;
    axes.push({ name, isLogarithmic: false, of: through(steps, values), unit, label: name });
    axes.push({ name: `log ${name}`, isLogarithmic: true, of: through(steps, values), unit, label: `${name}, logarithmic` });
  }

  // ---- Charts ----

  const state = { axis: axes[0].name, from: null, to: null, at: null, off: new Set(), views: new Map() };
  let hovered = null;

  class Panel {
    constructor(element, chart, content) {
      Object.assign(this, { element, chart });
      this.readings = content.readings;
      [this.left, this.top, this.width, this.height] = element.dataset.frame.split(" ").map(Number);
      const scale = (text) => { const [kind, low, high] = text.split(" "); return new Scale(kind, Number(low), Number(high)); };
      this.drawnX = scale(element.dataset.x);
      this.drawnY = scale(element.dataset.y);
      this.plot = element.querySelector(".plot");
      this.x = (pixel) => pixel;
      this.y = (pixel) => pixel;
      this.marks = [...this.plot.querySelectorAll("path, line, rect, text")].map((mark) => new MovableMark(mark));
      this.labels = [...element.querySelectorAll(".stage-label, .boundary-label")].map((mark) => new MovableMark(mark));
      this.ticks = ["x", "y"].map((name) => {
        const group = element.querySelector(`.ticks.${name}`);
        return { group, drawn: [...group.childNodes] };
      });
      this.axisLabel = element.querySelector(".x-label");
      this.axisText = this.axisLabel?.textContent;
    }

    /** Where a step, or a place in a plane, stands now. */
    pixelX(value) { return this.x(this.left + this.drawnX.fraction(value) * this.width); }
    pixelY(value) { return this.y(this.top + (1 - this.drawnY.fraction(value)) * this.height); }

    /** Draws checkpoints over another axis or a part of it. */
    moveSteps(axis, range) {
      const isDrawn = axis === axes[0] && !range;
      if (isDrawn) { this.move((p) => p, this.y, null, null); return; }
      const [low, high] = range ?? [this.drawnX.low, this.drawnX.high];
      const quantity = (step) => axis.of(step) / axis.unit;
      const scale = new Scale(axis.isLogarithmic ? "logStep" : "linear", quantity(low), quantity(high));
      this.move(
        (pixel) => this.left + scale.fraction(quantity(this.drawnX.value((pixel - this.left) / this.width))) * this.width,
        this.y, axis.unit === 1 ? scale : new Scale(scale.kind === "linear" ? "linear" : "logarithmic",
          Math.max(axis.of(low), scale.kind === "linear" ? -Infinity : axis.unit), axis.of(high)),
        null, axis.label,
        (value) => scale.fraction(value / axis.unit));
    }

    /** Magnifies a part of a plane, in pixels of the drawing. */
    magnify(box) {
      if (!box) { this.move((p) => p, (p) => p, null, null); return; }
      const [x0, x1, y0, y1] = box;
      const part = (scale, low, high) => new Scale(scale.kind, scale.value(low), scale.value(high));
      const across = part(this.drawnX, (x0 - this.left) / this.width, (x1 - this.left) / this.width);
      const up = part(this.drawnY, 1 - (y1 - this.top) / this.height, 1 - (y0 - this.top) / this.height);
      this.move(
        (p) => this.left + (p - x0) / (x1 - x0) * this.width, (p) => this.top + (p - y0) / (y1 - y0) * this.height,
        across, up);
    }

    move(x, y, across, up, label, fraction) {
      Object.assign(this, { x, y });
      for (const mark of this.marks) mark.move(x, y);
      let end = -Infinity;
      for (const mark of this.labels) {
        mark.move(x, (p) => p);
        mark.element.style.display = "";
        if (!across) continue;
        const box = mark.element.getBBox();
        const isInside = box.x >= this.left - 20 && box.x + box.width <= this.left + this.width + 20 && box.x > end + 4;
        mark.element.style.display = isInside ? "" : "none";
        if (isInside) end = box.x + box.width;
      }
      this.element.classList.toggle("zoomed", Boolean(across));
      this.drawTicks(0, across, fraction);
      this.drawTicks(1, up);
      if (this.axisLabel) this.axisLabel.textContent = label ?? this.axisText;
    }

    drawTicks(which, scale, fraction = scale?.fraction.bind(scale)) {
      const { group, drawn } = this.ticks[which];
      if (!scale) { group.replaceChildren(...drawn); return; }
      group.replaceChildren();
      const isX = which === 0;
      for (const tick of scale.ticks(isX ? this.width : this.height, (label) => (isX ? 6.7 * label.length + 14 : 26))) {
        const at = fraction(tick.value);
        if (!(at >= -1e-9 && at <= 1 + 1e-9)) continue;
        const [bottom, right] = [this.top + this.height, this.left + this.width];
        const x = this.left + at * this.width;
        const y = bottom - at * this.height;
        group.append(isX
          ? draw("line", { x1: x, y1: bottom, x2: x, y2: bottom + 4, class: "axis" })
          : draw("line", { x1: this.left, y1: y, x2: right, y2: y, class: "gridline" }));
        if (isX && !group.classList.contains("labelled")) continue;
        const text = draw("text", isX
          ? { x, y: bottom + 17, class: "tick", "text-anchor": "middle" }
          : { x: this.left - 6, y: y + 4, class: "tick", "text-anchor": "end" });
        text.textContent = tick.label;
        group.append(text);
      }
    }

    /** Marks the place of a checkpoint, and the values there. */
    mark(step) {
      for (const old of this.plot.querySelectorAll(".cursor, .dot")) old.remove();
      if (step === null) return;
      if (this.chart.kind !== "plane") {
        const x = this.pixelX(step);
        this.plot.append(draw("line", { x1: x, y1: this.top, x2: x, y2: this.top + this.height, class: "cursor" }));
      }
      if (this.drawnY.kind === "rows") return;
      for (const reading of this.readings) {
        const i = reading.steps.indexOf(step);
        if (i < 0 || reading.values[i] === null || state.off.has(reading.key)) continue;
        const [x, y] = [this.pixelX(reading.x ? reading.x[i] : step), this.pixelY(reading.values[i])];
        this.plot.append(draw("circle", { cx: x, cy: y, r: 4.5, class: "dot" }));
      }
    }
  }

  /** A mark with the geometry that it was drawn with. Of a path, absolute M, L, H and V are moved; what is relative to
      them, as the shapes of markers are, keeps its form. */
  class MovableMark {
    constructor(element) {
      this.element = element;
      const get = (name) => Number(element.getAttribute(name));
      if (element.tagName === "path") this.path = element.getAttribute("d").match(/[MLHV][^MLHV]*/g) ?? [];
      else if (element.tagName === "line") this.line = ["x1", "y1", "x2", "y2"].map(get);
      else if (element.tagName === "rect") this.box = ["x", "y", "width", "height"].map(get);
      else this.text = [get("x"), get("y")];
    }
    move(x, y) {
      const set = (values) => { for (const name in values) this.element.setAttribute(name, values[name].toFixed(2)); };
      if (this.line) set({ x1: x(this.line[0]), y1: y(this.line[1]), x2: x(this.line[2]), y2: y(this.line[3]) });
      else if (this.text) set({ x: x(this.text[0]), y: y(this.text[1]) });
      else if (this.box) {
        const [left, top, width, height] = this.box;
        set({ x: x(left), y: y(top), width: Math.max(0, x(left + width) - x(left)), height: Math.max(0, y(top + height) - y(top)) });
      } else {
        this.element.setAttribute("d", this.path.map((part) => {
          const command = part[0];
          const [place] = /[-\d. ]*/.exec(part.slice(1));
          const numbers = place.trim().split(" ").map(Number);
          const moved = command === "H" ? [x(numbers[0])] : command === "V" ? [y(numbers[0])] : [x(numbers[0]), y(numbers[1])];
          return command + moved.map((v) => v.toFixed(2)).join(" ") + part.slice(1 + place.length);
        }).join(""));
      }
    }
  }

  function draw(name, attributes) {
    const element = document.createElementNS(svgNamespace, name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    return element;
  }

  class ChartView {
    constructor(figure) {
      this.figure = figure;
      this.name = figure.dataset.chart;
      const content = data.charts[this.name];
      this.kind = content.kind;
      this.label = content.label;
      this.contents = content.panels;
      this.drawings = [...figure.querySelectorAll("svg.chart")].map((svg) => ({
        svg,
        panels: [...svg.querySelectorAll(".panel")].map((panel, i) => new Panel(panel, this, content.panels[i])),
      }));
      this.readings = content.panels.flatMap((panel) => panel.readings);
      this.steps = [...new Set(this.readings.flatMap((reading) => reading.steps))].sort((a, b) => a - b);
      this.readout = document.createElement("div");
      this.readout.className = "readout";
      figure.querySelector(".drawings").append(this.readout);
      figure.tabIndex = 0;
      this.own = null;
      for (const drawing of this.drawings) this.listen(drawing);
      figure.addEventListener("keydown", (event) => this.press(event));
      figure.querySelector(".drawings").addEventListener("pointerleave", () => { hovered = null; this.own = null; showCursor(); });
      this.addTools();
    }

    get isShared() { return this.kind !== "own"; }

    addTools() {
      const tools = document.createElement("p");
      tools.className = "tools";
      const add = (name, words, title, action) => {
        const button = document.createElement("button");
        Object.assign(button, { type: "button", textContent: words, title, onclick: action });
        button.dataset.do = name;
        tools.append(button);
        return button;
      };
      if (this.kind !== "own") this.back = add("back", "Whole range", "Leave the zoom (Escape)", () => this.leaveZoom());
      add("svg", "SVG", "Download this chart as an SVG file", () => this.downloadSVG());
      if (this.steps.length) add("csv", "CSV", "Download this chart's numbers as a CSV file", () => this.downloadCSV());
      this.figure.querySelector(".drawings").after(tools);
    }

    listen({ svg, panels }) {
      const point = (event) => {
        const matrix = svg.getScreenCTM();
        return matrix ? new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse()) : null;
      };
      const panelAt = (p) => panels.find((panel) => p.x >= panel.left - 8 && p.x <= panel.left + panel.width + 8
        && p.y >= panel.top - 4 && p.y <= panel.top + panel.height + 14);
      let brush = null;
      svg.addEventListener("pointerdown", (event) => {
        const p = point(event);
        const panel = p && event.button === 0 && panelAt(p);
        if (!panel || event.target.closest(".key")) return;
        brush = { panel, start: p, area: null };
        svg.setPointerCapture(event.pointerId);
      });
      svg.addEventListener("pointermove", (event) => {
        const p = point(event);
        if (!p) return;
        if (brush && this.kind !== "own") this.drawBrush(brush, p);
        const panel = panelAt(p);
        if (panel && !brush?.area) this.hover(panel, p);
      });
      const end = (event) => {
        if (!brush) return;
        const { area } = brush;
        const wasClick = !area && event.type === "pointerup";
        area?.element.remove();
        brush = null;
        if (area && event.type === "pointerup") this.zoom(area);
        else if (wasClick && this.isShared && hovered !== null) {
          state.at = state.at === hovered ? null : hovered;
          showCursor();
          keepState();
        }
      };
      svg.addEventListener("pointerup", end);
      svg.addEventListener("pointercancel", end);
      svg.addEventListener("dblclick", () => this.leaveZoom());
      svg.setAttribute("role", "group");
      svg.setAttribute("aria-label", svg.querySelector("title").textContent);
      // Else the browser shows it wherever the pointer rests.
      svg.querySelector("title").remove();
      for (const key of svg.querySelectorAll(".key[data-key]")) {
        key.setAttribute("role", "button");
        key.setAttribute("tabindex", "0");
        const box = key.getBBox();
        key.prepend(draw("rect", { x: box.x - 4, y: box.y - 3, width: box.width + 8, height: box.height + 6, class: "target" }));
        key.addEventListener("click", () => toggle(key.dataset.key));
        key.addEventListener("keydown", (event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          event.stopPropagation();
          toggle(key.dataset.key);
        });
      }
    }

    drawBrush(brush, p) {
      const { panel, start } = brush;
      if (!brush.area && Math.hypot(p.x - start.x, p.y - start.y) < 6) return;
      const within = (v, low, length) => Math.min(Math.max(v, low), low + length);
      const xs = [within(start.x, panel.left, panel.width), within(p.x, panel.left, panel.width)].sort((a, b) => a - b);
      const ys = this.kind === "plane"
        ? [within(start.y, panel.top, panel.height), within(p.y, panel.top, panel.height)].sort((a, b) => a - b)
        : [panel.top, panel.top + panel.height];
      brush.area ??= { element: draw("rect", { class: "brush" }) };
      Object.assign(brush.area, { panel, xs, ys });
      const { element } = brush.area;
      if (!element.parentNode) panel.plot.append(element);
      for (const [name, value] of [["x", xs[0]], ["y", ys[0]], ["width", xs[1] - xs[0]], ["height", ys[1] - ys[0]]]) {
        element.setAttribute(name, value);
      }
    }

    zoom({ panel, xs, ys }) {
      if (xs[1] - xs[0] < 4 || ys[1] - ys[0] < 4) return;
      if (this.kind === "plane") {
        // Places of the drawing behind what is shown now.
        const inverse = (pixel, move, low, length) => {
          const [a, b] = [move(low), move(low + length)];
          return low + (pixel - a) / (b - a) * length;
        };
        const box = [...xs.map((v) => inverse(v, panel.x, panel.left, panel.width)),
          ...ys.map((v) => inverse(v, panel.y, panel.top, panel.height))];
        // Kept as values, which are the same in the wide and in the narrow drawing.
        state.views.set(this.name, [
          panel.drawnX.value((box[0] - panel.left) / panel.width), panel.drawnX.value((box[1] - panel.left) / panel.width),
          panel.drawnY.value(1 - (box[3] - panel.top) / panel.height), panel.drawnY.value(1 - (box[2] - panel.top) / panel.height)]);
      } else {
        [state.from, state.to] = xs.map((pixel) => stepAt(panel, pixel));
      }
      show();
      keepState();
    }

    leaveZoom() {
      if (this.kind === "plane") state.views.delete(this.name); else state.from = state.to = null;
      show();
      keepState();
    }

    hover(panel, p) {
      let step = null;
      let best = Infinity;
      for (const reading of panel.readings) {
        if (state.off.has(reading.key)) continue;
        reading.steps.forEach((candidate, i) => {
          if (this.kind === "plane" && reading.values[i] === null) return;
          const away = this.kind === "plane"
            ? Math.hypot(panel.pixelX(reading.x[i]) - p.x, panel.pixelY(reading.values[i]) - p.y)
            : Math.abs(panel.pixelX(candidate) - p.x);
          if (away < best) [best, step] = [away, candidate];
        });
      }
      this.row = panel.drawnY.kind === "rows" ? Math.floor((p.y - panel.top) / panel.height * panel.drawnY.high) : null;
      if (this.isShared) { hovered = step; showCursor(); } else { this.own = step; this.showCursor(step); }
    }

    press(event) {
      if (event.target !== this.figure) return;
      const place = this.steps.indexOf(state.at);
      const moves = { ArrowRight: place + 1, ArrowLeft: place < 0 ? this.steps.length - 1 : place - 1, Home: 0, End: this.steps.length - 1 };
      if (event.key in moves && this.isShared && this.steps.length) {
        state.at = this.steps[Math.min(Math.max(moves[event.key], 0), this.steps.length - 1)];
        this.readout.setAttribute("aria-live", "polite");
      } else if (event.key === "Escape") {
        if (state.at !== null) state.at = null; else { this.leaveZoom(); return; }
      } else return;
      event.preventDefault();
      hovered = null;
      showCursor();
      keepState();
    }

    showCursor(step) {
      for (const { panels } of this.drawings) for (const panel of panels) panel.mark(step);
      this.readout.replaceChildren();
      this.readout.classList.toggle("shown", step !== null && this.steps.length > 0);
      if (step === null) return;
      // The nearest checkpoint that this chart has.
      const near = this.steps.reduce((a, b) => (Math.abs(b - step) < Math.abs(a - step) ? b : a), Infinity);
      if (this.isShared && near !== step) { this.readout.classList.remove("shown"); return; }
      const add = (parent, words, name = "") => {
        const line = document.createElement("div");
        line.textContent = words;
        line.className = name;
        parent.append(line);
      };
      add(this.readout, this.isShared ? `${data.word} ${number(step)}` : `${this.label} ${number(step)}`, "place");
      const list = document.createElement("div");
      list.className = "values";
      let rows = 0;
      this.contents.forEach((panel) => panel.readings.forEach((reading, row) => {
        if (panel.isRows && row !== (this.row ?? -1)) return;
        const i = reading.steps.indexOf(step);
        if (i < 0 || state.off.has(reading.key)) return;
        const error = reading.errors?.[i];
        const across = reading.x ? `${number(reading.x[i])}, ` : "";
        const value = reading.values[i] === null ? "could not be computed" : number(reading.values[i]);
        add(list, `${reading.name} ${across}${value}${error ? ` ± ${Number(error.toPrecision(2))}` : ""}`);
        if (reading.notes?.[i]) add(list, reading.notes[i], "doubt");
        rows += 1;
      }));
      list.classList.toggle("columns", rows > 8);
      this.readout.append(list);
      // On the side of the chart where the cursor is not.
      const { svg, panels } = this.drawings.find((drawing) => drawing.svg.getClientRects().length) ?? this.drawings[0];
      const at = this.readings.find((reading) => reading.steps.includes(step));
      const place = this.kind === "plane" && at ? at.x[at.steps.indexOf(step)] : step;
      const isLeft = panels[0].pixelX(place) > panels[0].left + panels[0].width / 2;
      const ratio = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width || 1;
      this.readout.style.top = `${(panels[0].top + 4) * ratio}px`;
      this.readout.style.left = isLeft ? `${(panels[0].left + 6) * ratio}px` : "auto";
      this.readout.style.right = isLeft ? "auto" : `${18 * ratio}px`;
    }

    show() {
      const axis = axes.find((candidate) => candidate.name === state.axis) ?? axes[0];
      const range = state.from === null ? null : [state.from, state.to];
      const view = state.views.get(this.name);
      for (const { svg, panels } of this.drawings) {
        for (const panel of panels) {
          if (this.kind === "checkpoints") panel.moveSteps(axis, range);
          if (this.kind === "plane") {
            panel.magnify(view && [
              panel.left + panel.drawnX.fraction(view[0]) * panel.width, panel.left + panel.drawnX.fraction(view[1]) * panel.width,
              panel.top + (1 - panel.drawnY.fraction(view[3])) * panel.height,
              panel.top + (1 - panel.drawnY.fraction(view[2])) * panel.height]);
          }
        }
        for (const element of svg.querySelectorAll("[data-key]")) {
          const isOff = state.off.has(element.dataset.key);
          if (element.classList.contains("key")) element.setAttribute("aria-pressed", String(!isOff));
          else element.classList.toggle("off", isOff);
        }
      }
      if (this.back) this.back.hidden = this.kind === "plane" ? !view : !range;
    }

    downloadSVG() {
      const shown = this.drawings.find(({ svg }) => svg.getClientRects().length) ?? this.drawings[0];
      const copy = shown.svg.cloneNode(true);
      for (const extra of copy.querySelectorAll(".cursor, .dot, .target")) extra.remove();
      const { width, height } = shown.svg.viewBox.baseVal;
      copy.setAttribute("width", width);
      copy.setAttribute("height", height);
      const style = draw("style", {});
      style.textContent = document.querySelector("style").textContent + "svg { background: var(--paper); font-family: sans-serif; }";
      copy.prepend(style);
      download(`${this.name}.svg`, "image/svg+xml", new XMLSerializer().serializeToString(copy));
    }

    downloadCSV() {
      const cell = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
      const columns = [[this.isShared ? data.word : this.label, (step) => step]];
      for (const panel of this.contents) {
        for (const reading of panel.readings) {
          const at = (values) => (step) => { const i = reading.steps.indexOf(step); return i < 0 ? null : values[i]; };
          if (reading.x) columns.push([`${reading.name} ${this.label}`, at(reading.x)]);
          columns.push([reading.x ? `${reading.name} ${panel.label}` : reading.name, at(reading.values)]);
          if (reading.errors) columns.push([`${reading.name} error`, at(reading.errors)]);
        }
      }
      const rows = [columns.map(([name]) => cell(name)), ...this.steps.map((step) => columns.map(([, value]) => value(step) ?? ""))];
      download(`${this.name}.csv`, "text/csv", rows.map((row) => `${row.join(",")}\r\n`).join(""));
    }
  }

  function download(name, type, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  /** The step under a pixel of what is shown, by bisection: every axis ascends. */
  function stepAt(panel, pixel) {
    let [low, high] = [panel.drawnX.low, panel.drawnX.high];
    for (let i = 0; i < 60; i += 1) {
      const middle = panel.drawnX.kind === "linear" ? (low + high) / 2 : Math.expm1((Math.log1p(low) + Math.log1p(high)) / 2);
      if (panel.pixelX(middle) < pixel) low = middle; else high = middle;
    }
    return Number(((low + high) / 2).toPrecision(6));
  }

  function toggle(key) {
    if (!state.off.delete(key)) state.off.add(key);
    show();
    keepState();
  }

  // ---- State, and the address's fragment: #section&axis=…&from=…&to=…&at=…&off=…&on=…&open=…&view.CHART=… ----

  const charts = [...document.querySelectorAll("figure[data-chart]")].map((figure) => new ChartView(figure));
  const switches = [...document.querySelectorAll("input.switch")];
  const folds = [...document.querySelectorAll("details")];
  let section = "";

  function showCursor() {
    for (const chart of charts) if (chart.isShared) chart.showCursor(hovered ?? state.at);
  }

  function show() {
    for (const chart of charts) chart.show();
    showCursor();
  }

  function keepState() {
    const list = (values) => values.map(encodeURIComponent).join(",");
    const words = [];
    if (state.axis !== axes[0].name) words.push(`axis=${encodeURIComponent(state.axis)}`);
    if (state.from !== null) words.push(`from=${state.from}`, `to=${state.to}`);
    if (state.at !== null) words.push(`at=${state.at}`);
    if (state.off.size) words.push(`off=${list([...state.off])}`);
    const on = switches.filter((box) => box.checked).map((box) => box.id);
    if (on.length) words.push(`on=${list(on)}`);
    const open = folds.flatMap((fold, i) => (fold.open ? [i] : []));
    if (open.length) words.push(`open=${open.join(",")}`);
    for (const [name, view] of state.views) words.push(`view.${encodeURIComponent(name)}=${view.map((v) => v.toPrecision(6)).join(",")}`);
    const fragment = words.length ? `${section}&${words.join("&")}` : section;
    history.replaceState(null, "", fragment ? `#${fragment}` : location.pathname + location.search);
  }

  function readState() {
    const [anchor, ...words] = location.hash.slice(1).split("&");
    section = anchor;
    if (!words.length && anchor) { keepState(); return; }
    const given = new Map(words.map((word) => { const i = word.indexOf("="); return [word.slice(0, i), word.slice(i + 1)]; }));
    const decode = (text) => { try { return decodeURIComponent(text); } catch { return ""; } };
    const list = (name) => (given.get(name) ? given.get(name).split(",").map(decode) : []);
    const finite = (name) => { const v = Number.parseFloat(given.get(name)); return Number.isFinite(v) ? v : null; };
    state.axis = decode(given.get("axis") ?? "") || axes[0].name;
    [state.from, state.to] = [finite("from"), finite("to")];
    if (state.from === null || state.to === null || state.from >= state.to) state.from = state.to = null;
    state.at = finite("at");
    state.off = new Set(list("off"));
    state.views = new Map([...given].filter(([name]) => name.startsWith("view.")).map(([name, text]) =>
      [decode(name.slice(5)), text.split(",").map(Number)]).filter(([, view]) => view.length === 4 && view.every(Number.isFinite)));
    const [on, open] = [new Set(list("on")), new Set(list("open").map(Number))];
    for (const box of switches) box.checked = on.has(box.id);
    folds.forEach((fold, i) => { fold.open = open.has(i); });
    if (axisChoice) axisChoice.value = axes.some((axis) => axis.name === state.axis) ? state.axis : axes[0].name;
    show();
    if (words.length && section) document.getElementById(decode(section))?.scrollIntoView();
  }

  let axisChoice = null;
  if (charts.some((chart) => chart.kind === "checkpoints")) {
    const controls = document.createElement("p");
    controls.className = "controls";
    const label = document.createElement("label");
    label.textContent = "Axis ";
    axisChoice = document.createElement("select");
    axisChoice.id = "axis";
    for (const { name } of axes) axisChoice.add(new Option(name, name));
    axisChoice.onchange = () => { state.axis = axisChoice.value; show(); keepState(); };
    label.append(axisChoice);
    const hint = document.createElement("span");
    hint.className = "hint";
    hint.textContent = "Hover for values, click to keep them, drag to zoom, click a name in a legend to hide it. The page's address keeps this view, to be shared.";
    controls.append(label, hint);
    document.querySelector("nav").after(controls);
  }
  for (const box of switches) box.addEventListener("change", keepState);
  for (const fold of folds) fold.addEventListener("toggle", keepState);
  addEventListener("hashchange", readState);
  show();
  readState();
})();
