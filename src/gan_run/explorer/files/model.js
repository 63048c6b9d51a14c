// The generator and the encoder, in onnxruntime-web on the processor.

import * as ort from "onnxruntime-web";
import { file } from "explorer/embedded.js";

const TOGETHER = 4; // samples of one call, so that a newer one does not wait long

export class Model {
  static async load(description) {
    ort.env.wasm.wasmBinary = await file("wasm");
    ort.env.wasm.numThreads = 1; // more need headers that a file: page cannot have
    ort.env.logLevel = "error";
    const generator = await session("generator");
    const encoder = description.encoder ? await session("encoder") : null;
    return new Model(description, generator, encoder);
  }

  constructor(description, generator, encoder) {
    this.description = description;
    this.generator = generator;
    this.encoder = encoder;
  }

  /** Generates images of samples, some at a time: yields [index of the first, Float32Array of each image]. */
  async *images(samples) {
    const together = this.description.generator.anyBatch ? TOGETHER : 1;
    for (let start = 0; start < samples.length; start += together) {
      const some = samples.slice(start, start + together);
      const outputs = await this.generator.run(this.#inputs(some));
      const data = outputs.images.data;
      const length = data.length / some.length;
      yield [start, some.map((_, i) => data.slice(i * length, (i + 1) * length))];
    }
  }

  /** What Q reads off an image, Float32Array of C * H * W in [-1, 1]: {output: array of numbers}. */
  async encode(image) {
    const tensor = new ort.Tensor("float32", image, [1, ...this.description.image]);
    const outputs = await this.encoder.run({ images: tensor });
    return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, Array.from(value.data, Number)]));
  }

  #inputs(samples) {
    const inputs = {};
    for (const [name, latent] of Object.entries(this.description.latents)) {
      if (!this.generator.inputNames.includes(name)) continue;
      const numbers = samples.flatMap((values) => values[name]);
      const shape = [samples.length, ...latent.shape];
      inputs[name] = latent.discrete
        ? new ort.Tensor("int64", BigInt64Array.from(numbers, (number) => BigInt(Math.round(number))), shape)
        : new ort.Tensor("float32", Float32Array.from(numbers), shape);
    }
    return inputs;
  }
}

async function session(id) {
  return ort.InferenceSession.create(await file(id), { executionProviders: ["wasm"] });
}
