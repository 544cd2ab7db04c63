// Results of commands as a table: what came of each, in words.
"use strict";

const TITLES = ["Command", "Came of it", "Result"];

function resultTable(results, names) {
  const table = made("table", { className: "table results" });
  table.append(made("caption", { className: "hidden", textContent: "Results, in the order of the commands" }));
  table.createTHead().insertRow().append(...TITLES.map((textContent) => made("th", { scope: "col", textContent })));
  const body = table.createTBody();
  results.forEach((result, at) => fillRow(body.insertRow(), result, names[at] || `${at + 1}`));
  return table;
}

function fillRow(row, result, name) {
  const isError = "error" in result;
  const chip = made("span", { className: `chip ${isError ? "bad" : "good"}`, textContent: isError ? "Error" : "Done" });
  [name, chip, isError ? result.error : inWordsOf(result.result)].forEach((content, at) => {
    const cell = row.insertCell();
    cell.dataset.label = TITLES[at];
    cell.append(content);
  });
}

const asText = (part) => (part !== null && typeof part === "object" ? JSON.stringify(part) : String(part));

function inWordsOf(value) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return asText(value);
  return Object.entries(value).map(([name, part]) => `${name}: ${asText(part)}`).join(" · ");
}
