// What an editor says about specs: Microsoft's engine for JSON, asked through standard input.
// In: {"schema": …, "specs": ["… | …"]}, each with the cursor at `|` if it has one.
// Out: for each spec {"offered": {LABEL: DOCUMENTATION}, "mistakes": [MESSAGE]}.
const {getLanguageService, TextDocument} = require("vscode-json-languageservice");

async function main() {
  const {schema, specs} = JSON.parse(require("fs").readFileSync(0, "utf-8"));
  const service = getLanguageService({});
  service.configure({validate: true, schemas: [{uri: "gan-run.schema.json", fileMatch: ["*"], schema}]});
  const answers = [];
  for (const spec of specs) {
    const cursor = spec.indexOf("|");
    const document = TextDocument.create("file:///spec.json", "json", 1, spec.replace("|", ""));
    const parsed = service.parseJSONDocument(document);
    const found = cursor < 0 ? null : await service.doComplete(document, document.positionAt(cursor), parsed);
    const offered = {};
    for (const item of found ? found.items : []) {
      offered[item.label] = item.documentation?.value ?? item.documentation ?? "";
    }
    const mistakes = await service.doValidation(document, parsed, {comments: "ignore", trailingCommas: "ignore"});
    answers.push({offered, mistakes: mistakes.map((mistake) => mistake.message)});
  }
  console.log(JSON.stringify(answers));
}

main();
