"use strict";

// Draws the charts of a page from the JSON in it, and lets sliders turn the pictures over time.

const MARGIN = { left: 50, right: 10, top: 8, bottom: 22 };
const HEIGHT = 190;
const COLOURS = 10;

function element(name, attributes = {}, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

function html(name, className = "", text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

function colour(line) {
  return `c${line.colour % COLOURS}`;
}

// A number of few characters: 1500 as 1.5k, 0.00004 as 4e-5.
function short(value) {
  const size = Math.abs(value);
  if (size >= 1e3 && size < 1e9) {
    const [divisor, letter] = size < 1e6 ? [1e3, "k"] : [1e6, "M"];
    return `${Number((value / divisor).toPrecision(3))}${letter}`;
  }
  if (size !== 0 && (size < 1e-3 || size >= 1e9)) return value.toExponential().replace("e+", "e");
  return String(Number(value.toPrecision(3)));
}

function precise(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(3).replace("e+", "e");
  return size >= 1e3 ? value.toFixed(1) : value.toPrecision(4);
}

function linearTicks(low, high, count) {
  const raw = (high - low) / count || 1;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = unit * ([1, 2, 5, 10].find((factor) => factor * unit >= raw) || 10);
  const ticks = [];
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high + step * 1e-9; index++) {
    ticks.push(Number((index * step).toPrecision(12)));
  }
  return ticks;
}

function logTicks(low, high) {
  const ticks = [];
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const factors = last - first <= 2 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil((last - first) / 6));
  for (let power = first; power <= last; power += every) {
    for (const factor of factors) {
      const tick = Number((factor * 10 ** power).toPrecision(6));
      if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick);
    }
  }
  return ticks;
}

// The index of the value of a sorted list that is nearest to another.
function nearest(sorted, value) {
  let low = 0;
  let high = sorted.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle;
    else high = middle;
  }
  return value - sorted[low] <= sorted[high] - value ? low : high;
}

class Chart {
  constructor(figure, data) {
    this.figure = figure;
    this.data = data;
    this.isLog = data.log;
    this.steps = [...new Set(data.lines.flatMap((line) => line.x))].sort((one, other) => one - other);
    const values = data.lines.flatMap((line) => line.y);
    this.low = values.reduce((one, other) => Math.min(one, other), Infinity);
    this.high = values.reduce((one, other) => Math.max(one, other), -Infinity);
    this.at = null;
    this.build();
    this.draw();
    this.show();
  }

  build() {
    const head = html("div", "head");
    head.append(this.figure.querySelector("figcaption"));
    if (this.low > 0 && this.high > this.low) {
      const button = html("button", "", "log");
      button.type = "button";
      button.setAttribute("aria-label", `log axis of ${this.data.title}`);
      button.setAttribute("aria-pressed", this.isLog);
      button.addEventListener("click", () => {
        this.isLog = !this.isLog;
        button.setAttribute("aria-pressed", this.isLog);
        this.draw();
      });
      head.append(button);
    }
    this.plot = html("div", "plot");
    this.plot.tabIndex = 0;
    this.plot.setAttribute("role", "slider");
    this.plot.setAttribute("aria-label", `step in the chart of ${this.data.title}`);
    this.plot.setAttribute("aria-valuemin", this.steps[0]);
    this.plot.setAttribute("aria-valuemax", this.steps[this.steps.length - 1]);
    this.plot.addEventListener("pointermove", (event) => this.point(event));
    this.plot.addEventListener("pointerdown", (event) => this.point(event));
    this.plot.addEventListener("pointerleave", () => this.move(null));
    this.plot.addEventListener("keydown", (event) => this.key(event));
    this.plot.addEventListener("blur", () => this.move(null));
    this.legend = html("ul", "legend");
    this.values = new Map();
    for (const line of this.data.lines.filter((each) => each.label)) {
      const item = html("li");
      const value = html("span", "value");
      item.append(html("span", `key ${colour(line)}`), html("span", "name", line.label), value);
      this.legend.append(item);
      this.values.set(line, value);
    }
    this.stepText = html("li");
    this.stepValue = html("span", "step");
    this.stepText.append(this.stepValue);
    this.legend.append(this.stepText);
    this.figure.replaceChildren(head, this.plot, this.legend);
  }

  draw() {
    const width = Math.max(240, this.plot.clientWidth || 320);
    this.width = width;
    const inner = { width: width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
    const [from, to] = [this.steps[0], this.steps[this.steps.length - 1]];
    let [low, high] = [this.low, this.high];
    if (low === high) [low, high] = low === 0 ? [-1, 1] : [low - Math.abs(low) / 2, high + Math.abs(high) / 2];
    const scale = this.isLog ? Math.log10 : (value) => value;
    const [bottom, top] = [scale(low), scale(high)];
    const pad = (top - bottom) * 0.04;
    this.x = (step) => MARGIN.left + (to === from ? 0.5 : (step - from) / (to - from)) * inner.width;
    this.y = (value) => MARGIN.top + ((top + pad - scale(value)) / (top - bottom + 2 * pad)) * inner.height;
    const svg = element("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, "aria-hidden": "true" });
    for (const tick of this.isLog ? logTicks(low, high) : linearTicks(low, high, 5)) {
      const y = this.y(tick);
      svg.append(element("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: y, y2: y }));
      svg.append(element("text", { x: MARGIN.left - 6, y: y + 4, "text-anchor": "end" }, short(tick)));
    }
    for (const tick of linearTicks(from, to, Math.max(2, Math.floor(inner.width / 70)))) {
      svg.append(element("text", { x: this.x(tick), y: HEIGHT - 6, "text-anchor": "middle" }, short(tick)));
    }
    for (const line of this.data.lines) svg.append(this.path(line));
    this.cursor = element("line", { class: "cursor", y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom, visibility: "hidden" });
    svg.append(this.cursor);
    this.plot.replaceChildren(svg);
  }

  path(line) {
    if (line.x.length === 1) {
      return element("circle", { class: `dot ${colour(line)}`, cx: this.x(line.x[0]), cy: this.y(line.y[0]), r: 3 });
    }
    const points = line.x.map((step, index) => `${this.x(step).toFixed(1)} ${this.y(line.y[index]).toFixed(1)}`);
    const dashes = line.colour >= COLOURS ? { "stroke-dasharray": `${2 * Math.floor(line.colour / COLOURS)} 3` } : {};
    return element("path", { class: `line ${colour(line)}${line.thin ? " thin" : ""}`, d: `M${points.join("L")}`, ...dashes });
  }

  point(event) {
    const box = this.plot.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * this.width;
    const share = (x - MARGIN.left) / (this.width - MARGIN.left - MARGIN.right);
    const [from, to] = [this.steps[0], this.steps[this.steps.length - 1]];
    this.move(nearest(this.steps, from + Math.min(1, Math.max(0, share)) * (to - from)));
  }

  key(event) {
    const last = this.steps.length - 1;
    const at = this.at === null ? last : this.at;
    const page = Math.max(1, Math.round(last / 10));
    const to = {
      ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1,
      PageDown: at - page, PageUp: at + page, Home: 0, End: last,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.move(Math.min(last, Math.max(0, to)));
  }

  move(at) {
    this.at = at;
    this.show();
  }

  // The values at the chosen step; without one, the last of each line.
  show() {
    const step = this.at === null ? this.steps[this.steps.length - 1] : this.steps[this.at];
    const said = [];
    for (const [line, place] of this.values) {
      const last = line.x[line.x.length - 1];
      const isBeyond = step < line.x[0] || step > last;
      const at = isBeyond ? ` at ${last.toLocaleString("en")}` : "";
      const value = this.at !== null && isBeyond ? "–" : precise(line.y[nearest(line.x, step)]) + at;
      place.textContent = value;
      said.push(`${line.label} ${value}`);
    }
    this.stepValue.textContent = `step ${step.toLocaleString("en")}`;
    this.plot.setAttribute("aria-valuenow", step);
    this.plot.setAttribute("aria-valuetext", `step ${step}: ${said.join(", ")}`);
    this.cursor.setAttribute("visibility", this.at === null ? "hidden" : "visible");
    this.cursor.setAttribute("x1", this.x(step));
    this.cursor.setAttribute("x2", this.x(step));
  }
}

function followSlider(input) {
  const figure = input.closest("figure");
  const frames = [...figure.querySelectorAll("img")];
  const say = () => {
    const chosen = frames[Number(input.value)];
    for (const frame of frames) frame.hidden = frame !== chosen;
    const step = Number(chosen.dataset.step).toLocaleString("en");
    figure.querySelector("output").textContent = step;
    input.setAttribute("aria-valuetext", `step ${step}`);
  };
  input.addEventListener("input", say);
  say();
}

const data = JSON.parse(document.getElementById("charts").textContent);
const charts = [...document.querySelectorAll("[data-chart]")].map((figure) => new Chart(figure, data[figure.dataset.chart]));
document.querySelectorAll(".viewer input").forEach(followSlider);
let drawnAt = window.innerWidth;
window.addEventListener("resize", () => {
  if (window.innerWidth === drawnAt) return;
  drawnAt = window.innerWidth;
  for (const chart of charts) {
    chart.draw();
    chart.show();
  }
});
