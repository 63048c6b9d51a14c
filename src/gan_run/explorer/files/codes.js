// The list of codes: a name, a control, and the real images at its extremes.

import { Cells } from "explorer/cells.js";

export class Codes {
  constructor(app) {
    this.app = app;
    this.parts = app.codes.map((code) => this.#part(code));
    document.getElementById("codes").append(...this.parts.map((part) => part.element));
    this.active = this.parts[0];
    this.#layOutStrip();
  }

  #part(code) {
    const element = document.getElementById("code").content.firstElementChild.cloneNode(true);
    const part = { code, element };
    this.#attachControl(part);
    for (const event of ["pointerenter", "focusin"]) element.addEventListener(event, () => this.#activate(part));
    element.querySelector(".extremes").append(...code.extremes.map((row) => figure(code, row)));
    element.querySelector("details").hidden = code.extremes.length === 0;
    return part;
  }

  #attachControl(part) {
    const { code, element } = part;
    element.querySelector("h3").textContent = code.title;
    const control = document.createElement(code.control.element);
    Object.assign(control, { settings: code.control.settings, label: code.title, names: code.values });
    control.addEventListener("input", () => this.app.turn(code, control.value));
    element.querySelector(".control").replaceChildren(control);
    part.control = control;
  }

  /** Shows the names of a code after a change of them. */
  renamed(code) {
    const part = this.parts.find((other) => other.code === code);
    this.#attachControl(part);
    part.control.value = this.app.value(code);
    code.extremes.forEach((row, i) => {
      part.element.querySelectorAll("figcaption")[i].textContent = title(code, row);
    });
    if (part === this.active) this.#layOutStrip();
  }

  /** Sets the controls to the values of the page. */
  show() {
    for (const { code, control } of this.parts) control.value = this.app.value(code);
    if (this.active) this.#strip();
  }

  #activate(part) {
    if (part === this.active) return;
    this.active = part;
    this.#layOutStrip();
    this.#strip();
  }

  #layOutStrip() {
    const section = document.getElementById("strip");
    section.hidden = !this.active;
    if (!this.active) return;
    const { code } = this.active;
    const stops = code.stops;
    section.querySelector("h2").textContent = code.title;
    this.cells = new Cells(section.querySelector(".cells"), stops.length, (i) => this.app.turn(code, stops[i]));
    stops.forEach((stop, i) => {
      const text = code.values[stop] ?? (Number.isInteger(stop) ? `${stop}` : stop.toFixed(2));
      this.cells.caption(i, text, `${code.title}: ${text}`);
    });
  }

  #strip() {
    const { code } = this.active;
    const samples = code.stops.map((stop) => this.app.latents.with(this.app.values, code, stop));
    this.app.scheduler.start("strip", this.cells.fill(this.app, samples));
  }
}

/** What a row of real images is called: a category by its present name. */
function title(code, row) {
  return row.category === null ? row.title : code.values[row.category];
}

function figure(code, row) {
  const element = document.createElement("figure");
  const caption = document.createElement("figcaption");
  caption.textContent = title(code, row);
  const pictures = row.pictures.map((source) => Object.assign(new Image(), { src: source, alt: "" }));
  element.append(caption, ...pictures);
  return element;
}
