// The same codes with other noise: a grid of images; a click takes the noise of one.

import { Cells } from "explorer/cells.js";

const COUNT = 24;

export class Noises {
  constructor(app) {
    this.app = app;
    this.cells = new Cells(document.querySelector("#noises .cells"), COUNT, (i) => app.takeNoise(app.noise + 1 + i));
    for (let i = 0; i < COUNT; i++) this.cells.caption(i, "", `Take the noise of image ${i + 1}`);
  }

  show() {
    const { latents, values, noise, codes } = this.app;
    const samples = Array.from({ length: COUNT }, (_, i) => latents.withNoise(values, noise + 1 + i, codes));
    this.app.scheduler.start("noises", this.cells.fill(this.app, samples));
  }
}
