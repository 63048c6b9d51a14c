// A picture of the user's: what Q reads off it, and its codes as a start for turning them.

import { decode, draw } from "explorer/pictures.js";

export class Encode {
  constructor(app) {
    this.app = app;
    this.section = document.getElementById("encode");
    this.section.hidden = !app.model.encoder || !app.description.decoder;
    if (this.section.hidden) return;
    const input = this.section.querySelector("input");
    input.addEventListener("change", () => input.files.length && this.#take(input.files[0]));
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer.files.length) this.#take(event.dataTransfer.files[0]);
    });
  }

  async #take(file) {
    let image;
    try {
      image = await decode(file, this.app.description.decoder);
    } catch (error) {
      this.app.say(`${file.name} cannot be read as a picture (${error.message}).`);
      return;
    }
    const found = await this.app.alone(() => this.app.model.encode(image));
    draw(this.section.querySelector("canvas"), image, this.app.description.image, this.app.description.shown);
    this.section.querySelector("tbody").replaceChildren(...this.app.codes.filter((code) => code.recovered).map((code) => row(code, found)));
    this.section.querySelector(".found").hidden = false;
    let values = this.app.values;
    for (const code of this.app.codes) {
      if (code.recovered) values = this.app.latents.with(values, code, found[code.latent][code.copy]);
    }
    this.app.set(values);
    this.app.say(`Read the codes of ${file.name}.`);
  }
}

/** A row of the table: the code, its value, and how sure Q is. */
function row(code, found) {
  const value = found[code.latent][code.copy];
  const cells = [code.title, code.values[value] ?? (code.discrete ? `${value}` : value.toFixed(3)), sureness(code, found, value)];
  const element = document.createElement("tr");
  cells.forEach((text, i) => {
    const cell = document.createElement(i === 0 ? "th" : "td");
    if (i === 0) cell.scope = "row";
    cell.textContent = text;
    element.append(cell);
  });
  return element;
}

function sureness(code, found, value) {
  if (code.discrete) {
    const all = found[`${code.latent}.p`];
    const count = code.categories;
    const probabilities = all.slice(code.copy * count, (code.copy + 1) * count);
    const order = probabilities.map((p, i) => [p, i]).sort((one, other) => other[0] - one[0]);
    return order.slice(0, 3).map(([p, i]) => `${code.values[i] ?? i} ${(100 * p).toFixed(1)}%`).join(", ");
  }
  const deviation = found[`${code.latent}.std`]?.[code.copy] ?? code.error;
  return deviation === null || deviation === undefined ? "" : `± ${deviation.toFixed(3)}`;
}
