// The controls of codes, as custom elements. A control gets `settings`, `label` and `names` before it is attached; it has
// `value`, a number, and sends an `input` event when the user changes it. Plugins define elements of their own alike.

class Control extends HTMLElement {
  settings = {};
  label = "";
  names = [];

  changed() {
    this.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

/** A number: `low` and `high` of training are marked, and there is room beyond. */
class Slider extends Control {
  connectedCallback() {
    const { low, high } = this.settings;
    const room = (high - low) / 2;
    this.innerHTML = `<input type="range" step="any"><output></output><div class="marks"><span></span><span></span></div>`;
    this.querySelectorAll(".marks span").forEach((mark, i) => (mark.textContent = Number([low, high][i].toPrecision(3))));
    this.range = this.querySelector("input");
    this.range.min = low - room;
    this.range.max = high + room;
    this.range.setAttribute("aria-label", this.label);
    this.range.addEventListener("input", () => this.#show());
    this.range.addEventListener("keydown", (event) => this.#step(event, (high - low) / 40));
  }

  #step(event, size) {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    this.value = Math.min(this.range.max, Math.max(this.range.min, this.value + by * size));
    this.changed();
  }

  #show() {
    const { low, high } = this.settings;
    const beyond = this.value < low || this.value > high;
    const text = this.value.toFixed(2);
    this.querySelector("output").textContent = text;
    this.range.setAttribute("aria-valuetext", beyond ? `${text}, not drawn in training` : text);
    this.classList.toggle("beyond", beyond);
  }

  get value() {
    return Number(this.range.value);
  }

  set value(number) {
    this.range.value = number;
    this.#show();
  }
}

/** A category: one button for each of `count`, with the names of those that have one. */
class Choice extends Control {
  connectedCallback() {
    const group = `choice-${Math.random().toString(36).slice(2)}`;
    const buttons = Array.from({ length: this.settings.count }, (_, i) => {
      const label = document.createElement("label");
      label.innerHTML = `<input type="radio" name="${group}" value="${i}"><span></span>`;
      label.lastElementChild.textContent = this.names[i] ?? i;
      return label;
    });
    this.setAttribute("role", "radiogroup");
    this.setAttribute("aria-label", this.label);
    this.replaceChildren(...buttons);
  }

  get value() {
    return Number(this.querySelector("input:checked")?.value ?? 0);
  }

  set value(number) {
    this.querySelectorAll("input")[number].checked = true;
  }
}

/** An angle: values repeat with `period`. */
class Dial extends Control {
  connectedCallback() {
    this.innerHTML = `<div class="knob" role="slider" tabindex="0" aria-valuemin="0" aria-valuemax="360"><i></i></div><output></output>`;
    this.knob = this.firstElementChild;
    this.knob.setAttribute("aria-label", this.label);
    this.knob.addEventListener("pointerdown", (event) => {
      this.knob.setPointerCapture(event.pointerId);
      this.#point(event);
    });
    this.knob.addEventListener("pointermove", (event) => event.buttons && this.#point(event));
    this.knob.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -5, ArrowDown: -5, ArrowRight: 5, ArrowUp: 5, PageDown: -45, PageUp: 45 }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      this.#turn(this.degrees + by);
    });
  }

  #point(event) {
    const box = this.knob.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
    this.#turn((Math.atan2(x, -y) * 180) / Math.PI);
  }

  #turn(degrees) {
    this.value = (degrees / 360) * this.settings.period;
    this.changed();
  }

  get value() {
    return (this.degrees / 360) * this.settings.period;
  }

  set value(number) {
    const share = number / this.settings.period;
    this.degrees = (share - Math.floor(share)) * 360;
    const text = `${Math.round(this.degrees)}°`;
    this.knob.style.setProperty("--degrees", `${this.degrees}deg`);
    this.knob.setAttribute("aria-valuenow", Math.round(this.degrees));
    this.knob.setAttribute("aria-valuetext", text);
    this.lastElementChild.textContent = text;
  }
}

/** Off or on, 0 or 1. */
class Switch extends Control {
  connectedCallback() {
    this.innerHTML = `<label><input type="checkbox" role="switch"><span></span></label>`;
    this.box = this.querySelector("input");
    this.box.setAttribute("aria-label", this.label);
    this.box.addEventListener("input", () => this.#show());
  }

  #show() {
    this.querySelector("span").textContent = this.names[this.value] ?? (this.value ? "on" : "off");
  }

  get value() {
    return Number(this.box.checked);
  }

  set value(number) {
    this.box.checked = number === 1;
    this.#show();
  }
}

customElements.define("code-slider", Slider);
customElements.define("code-choice", Choice);
customElements.define("code-dial", Dial);
customElements.define("code-switch", Switch);
