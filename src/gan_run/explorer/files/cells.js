// Rows of generated images, each a button.

import { draw } from "explorer/pictures.js";

/** A row of `count` cells in an element; `chosen(index)` is called when one is clicked. */
export class Cells {
  constructor(element, count, chosen) {
    this.cells = Array.from({ length: count }, (_, i) => {
      const cell = document.createElement("button");
      cell.type = "button";
      cell.className = "cell";
      cell.append(document.createElement("canvas"), document.createElement("span"));
      cell.addEventListener("click", () => chosen(i));
      return cell;
    });
    element.replaceChildren(...this.cells);
  }

  caption(i, text, spoken) {
    this.cells[i].lastElementChild.textContent = text;
    this.cells[i].setAttribute("aria-label", spoken);
  }

  /** Generates the images of samples into the cells, piece by piece. */
  async *fill(app, samples) {
    for await (const [start, images] of app.model.images(samples)) {
      images.forEach((image, i) => {
        draw(this.cells[start + i].firstElementChild, image, app.description.image, app.description.shown);
      });
      yield;
    }
  }
}
