// The explorer: turns the codes of a model. `App` has the values of all latents; each part of the page shows them.

import { Codes } from "explorer/codes.js";
import { json } from "explorer/embedded.js";
import { Encode } from "explorer/encode.js";
import { Latents } from "explorer/latents.js";
import { Model } from "explorer/model.js";
import { Names } from "explorer/names.js";
import { Noises } from "explorer/noises.js";
import { Path } from "explorer/path.js";
import { draw } from "explorer/pictures.js";
import { Scheduler } from "explorer/scheduler.js";

class App {
  constructor(description, model) {
    this.description = description;
    this.model = model;
    this.codes = description.codes;
    this.latents = new Latents(description.latents);
    this.scheduler = new Scheduler(["alone", "image", "strip", "path", "noises"]);
    this.scheduler.failed = (error) => this.say(`The model failed: ${error.message}`);
    this.noise = 0;
    this.values = this.latents.drawn(0);
    this.parts = [];
    this.turnTime = null;
  }

  value(code) {
    return this.values[code.latent][code.copy];
  }

  set(values) {
    this.values = values;
    this.show();
  }

  turn(code, value) {
    const keep = document.getElementById("keep").checked;
    const values = keep ? this.values : this.latents.withNoise(this.values, ++this.noise, this.codes);
    this.set(this.latents.with(values, code, value));
  }

  takeNoise(number) {
    this.noise = number;
    this.set(this.latents.withNoise(this.values, number, this.codes));
  }

  show() {
    this.scheduler.start("image", this.#image(performance.now()));
    for (const part of this.parts) part.show();
  }

  async *#image(asked) {
    for await (const [, [image]] of this.model.images([this.values])) {
      draw(document.getElementById("image"), image, this.description.image, this.description.shown);
    }
    this.turnTime = performance.now() - asked;
    yield;
  }

  /** Runs work of the model when no other runs, and returns its result. */
  alone(work) {
    return new Promise((resolve, reject) => {
      const pieces = (async function* () {
        await work().then(resolve, reject);
      })();
      this.scheduler.start("alone", pieces);
    });
  }

  say(text) {
    document.getElementById("status").textContent = text;
  }
}

function listen(app) {
  document.getElementById("new-noise").addEventListener("click", () => app.takeNoise(app.noise + 1));
  document.addEventListener("keydown", (event) => {
    if (event.key === "n" && !event.target.closest("input[type=text], dialog")) app.takeNoise(app.noise + 1);
  });
}

async function main() {
  const description = json("description");
  const model = await Model.load(description);
  const app = new App(description, model);
  const codes = new Codes(app);
  app.parts = [codes, new Noises(app)];
  new Path(app);
  new Encode(app);
  new Names(app, codes);
  listen(app);
  app.say("");
  app.show();
  window.explorer = app; // for the browser's console
  document.body.classList.add("ready");
}

main().catch((error) => {
  document.getElementById("status").textContent = `The explorer cannot start: ${error.message}`;
  throw error;
});
