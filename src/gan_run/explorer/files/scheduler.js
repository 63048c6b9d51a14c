// Runs one piece of work at a time, the most urgent first; new work replaces older work of its name.

export class Scheduler {
  /** @param names  Names of work, the most urgent first. */
  constructor(names) {
    this.names = names;
    this.waiting = new Map();
    this.running = false;
    this.failed = () => {};
  }

  /** @param pieces  An async iterator, which yields after each piece of its work. */
  start(name, pieces) {
    this.waiting.set(name, pieces);
    if (!this.running) this.#run();
  }

  get idle() {
    return !this.running && this.waiting.size === 0;
  }

  async #run() {
    this.running = true;
    try {
      for (let name = this.#next(); name !== undefined; name = this.#next()) {
        const pieces = this.waiting.get(name);
        const { done } = await pieces.next();
        if (done && this.waiting.get(name) === pieces) this.waiting.delete(name);
        await new Promise((resolve) => setTimeout(resolve)); // events of the page come first
      }
    } catch (error) {
      this.waiting.clear();
      this.failed(error);
    } finally {
      this.running = false;
    }
  }

  #next() {
    return this.names.find((name) => this.waiting.has(name));
  }
}
