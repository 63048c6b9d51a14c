// Values of all latents: {name: array of numbers}, one sample; a latent with copies has one number per copy.

import { decodeBase64 } from "explorer/embedded.js";

export class Latents {
  /** @param description  {name: {size, discrete, period, draws}}: `draws` are samples of the prior, in base64. */
  constructor(description) {
    this.by_name = description;
    this.draws = {};
    for (const [name, latent] of Object.entries(description)) {
      const numbers = new Float32Array(decodeBase64(latent.draws).buffer);
      const rows = [];
      for (let at = 0; at < numbers.length; at += latent.size) rows.push(Array.from(numbers.subarray(at, at + latent.size)));
      this.draws[name] = rows;
    }
    this.count = Object.values(this.draws)[0].length;
  }

  get names() {
    return Object.keys(this.by_name);
  }

  /** The sample of the prior of a number; numbers go round. */
  drawn(number) {
    const row = ((number % this.count) + this.count) % this.count;
    return Object.fromEntries(this.names.map((name) => [name, [...this.draws[name][row]]]));
  }

  /** `values` in which everything but the values of codes is that of the prior's sample of a number. */
  withNoise(values, number, codes) {
    const other = this.drawn(number);
    for (const code of codes) other[code.latent][code.copy] = values[code.latent][code.copy];
    return other;
  }

  with(values, code, value) {
    const changed = [...values[code.latent]];
    changed[code.copy] = value;
    return { ...values, [code.latent]: changed };
  }

  /** A sample at `share` of the way between two: angles the shorter way round, categories change at the middle. */
  between(one, other, share) {
    const mixed = {};
    for (const [name, latent] of Object.entries(this.by_name)) {
      mixed[name] = one[name].map((start, i) => {
        const end = other[name][i];
        if (latent.discrete) return share < 0.5 ? start : end;
        let apart = end - start;
        if (latent.period) apart -= latent.period * Math.round(apart / latent.period);
        return start + share * apart;
      });
    }
    return mixed;
  }
}
