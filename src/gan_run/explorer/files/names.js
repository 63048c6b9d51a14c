// Renaming codes and categories in place. A served page writes them to the run's labels.json.

export class Names {
  constructor(app, codes) {
    this.app = app;
    this.codes = codes;
    for (const { code, element } of codes.parts) {
      const button = element.querySelector(".rename");
      button.hidden = !app.description.served;
      button.setAttribute("aria-label", `Rename ${code.title}`);
      button.addEventListener("click", () => this.#ask(code));
    }
  }

  #ask(code) {
    const dialog = document.getElementById("renaming");
    const form = dialog.querySelector("form");
    const value = this.app.value(code);
    dialog.querySelector("h2").textContent = `Names of ${code.dim}`;
    form.name_of_code.value = code.name ?? "";
    form.querySelector(".category").hidden = !code.discrete;
    form.querySelector(".category span").textContent = `Name of category ${value}`;
    form.name_of_value.value = code.discrete ? (code.names[value] ?? "") : "";
    dialog.onclose = async () => {
      if (dialog.returnValue !== "save") return;
      await this.#save(code, null, form.name_of_code.value.trim(), code.name);
      if (code.discrete) await this.#save(code, value, form.name_of_value.value.trim(), code.names[value]);
    };
    dialog.returnValue = "";
    dialog.showModal();
  }

  async #save(code, category, name, before) {
    if (!name || name === before) return;
    const answer = await fetch("names", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ code: code.dim, category, name }),
    });
    const content = await answer.json();
    if (!answer.ok) {
      this.app.say(content.error);
      return;
    }
    Object.assign(code, content);
    this.codes.renamed(code);
    this.app.say(`Saved in labels.json: ${name}.`);
  }
}
