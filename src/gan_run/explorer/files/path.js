// The images between two pinned ones.

import { Cells } from "explorer/cells.js";

const COUNT = 9;

export class Path {
  constructor(app) {
    this.app = app;
    this.pins = {};
    this.section = document.getElementById("path");
    this.range = this.section.querySelector("input");
    this.cells = new Cells(this.section.querySelector(".cells"), COUNT, (i) => this.#go(i / (COUNT - 1)));
    for (let i = 0; i < COUNT; i++) this.cells.caption(i, "", `${Math.round((100 * i) / (COUNT - 1))}% of the way from A to B`);
    this.range.addEventListener("input", () => this.#go(Number(this.range.value)));
    for (const name of ["A", "B"]) {
      document.getElementById(`pin-${name}`).addEventListener("click", () => this.pin(name));
    }
  }

  pin(name) {
    this.pins[name] = this.app.values;
    document.getElementById(`pin-${name}`).classList.add("pinned");
    if (!this.pins.A || !this.pins.B) {
      this.app.say(`Pinned ${name}. Pin the other one too to see the images in between.`);
      return;
    }
    this.app.say(`Pinned ${name}.`);
    this.section.hidden = false;
    const samples = Array.from({ length: COUNT }, (_, i) => this.#at(i / (COUNT - 1)));
    this.app.scheduler.start("path", this.cells.fill(this.app, samples));
  }

  #at(share) {
    return this.app.latents.between(this.pins.A, this.pins.B, share);
  }

  #go(share) {
    this.range.value = share;
    this.app.set(this.#at(share));
  }
}
