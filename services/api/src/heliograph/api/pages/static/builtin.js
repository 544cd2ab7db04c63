// Sends a built-in command, or calls a function of a script: which there are comes from the gateway.
"use strict";

let table = [];

function labelled(parameter, input) {
  const field = document.createElement("div");
  field.className = "field";
  const { name, required, words: textContent } = parameter;
  const label = made("label", { htmlFor: input.id, textContent: required ? `${name} (needed)` : name });
  const words = made("span", { id: `${input.id}-words`, className: "sub", textContent });
  input.setAttribute("aria-describedby", words.id);
  field.append(label, input, words);
  return field;
}

function chooserOf(choices) {
  const select = document.createElement("select");
  select.append(new Option("–", ""), ...choices.map(([text, value]) => new Option(text, value)));
  return select;
}

function inputOf({ form, choices, least, most }) {
  if (form === "choice") return chooserOf(choices.map((choice) => [choice, choice]));
  if (form === "flag") return chooserOf([["yes", "true"], ["no", "false"]]);
  if (form === "device") return chooserOf(Array.from(byId("send-device").options, ({ text, value }) => [text, value]));
  const types = { number: "number", secret: "password" };
  const input = made("input", { type: types[form] || "text", autocomplete: "off", maxLength: 300 });
  if (least !== null) input.min = least;
  if (most !== null) input.max = most;
  return input;
}

function showFields() {
  const command = table.find(({ name }) => name === byId("builtin-name").value);
  const fields = command.parameters.map((parameter) => {
    const { name, required } = parameter;
    const input = Object.assign(inputOf(parameter), { id: `builtin-${name}`, name, required });
    input.dataset.form = parameter.form;
    return labelled(parameter, input);
  });
  const none = made("p", { className: "sub", textContent: "It takes no parameters." });
  byId("builtin-fields").replaceChildren(...(fields.length ? fields : [none]));
}

function parameterOf({ value, dataset }) {
  if (dataset.form === "flag") return value === "true";
  if (dataset.form === "number") return Number(value);
  if (dataset.form === "device" || dataset.form === "variable") return reference(value);
  return dataset.form === "value" ? valueOf(value) : value;
}

async function fillTable() {
  try {
    table = (await known("/api/v1/built-in-commands")).commands;
    byId("builtin-name").replaceChildren(...table.map(({ name }) => new Option(name.replace("sunpm.", ""), name)));
    showFields();
  } catch (error) {
    const textContent = `They are not known now: ${error.message} Any command goes as JSON below.`;
    byId("builtin-fields").replaceChildren(made("p", { className: "sub", textContent }));
  }
}

byId("builtin-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const given = [...byId("builtin-fields").querySelectorAll("input, select")].filter(({ value }) => value !== "");
  const parameters = Object.fromEntries(given.map((input) => [input.name, parameterOf(input)]));
  const rpcName = byId("builtin-name").value;
  const told = given.map(({ name, value, type }) => `${name} ${type === "password" ? "***" : value}`).join(", ");
  const button = event.submitter || event.target.querySelector("button");
  confirmThen(`${rpcName}${told ? ` with ${told}` : ""}.`, () => send(button, JSON.stringify([{ rpcName, parameters }])));
});

byId("builtin-name").addEventListener("change", showFields);
byId("builtin-form").closest("details").addEventListener("toggle", () => { if (!table.length) fillTable(); });

// ---- functions of scripts ---------------------------------------------------------------------------------------

const functionForm = byId("function-form");
const functionHint = byId("function-hint").innerHTML; // of the page itself

async function fillFunctions() {
  const named = ({ name, functions }) => functions.map((each) => `${name}.${each}`);
  let none = "No script that runs has a function. Start one under Scripts.";
  let names = [];
  try {
    names = (await known("/api/v1/scripts")).scripts.flatMap(named);
  } catch (error) {
    none = `They are not known now: ${error.message}`;
  }
  byId("function-name").replaceChildren(...names.map((name) => new Option(name)));
  functionForm.querySelector("button").disabled = !names.length;
  if (names.length) byId("function-hint").innerHTML = functionHint;
  else setText(byId("function-hint"), none);
}

// The table that is given; throws what a person is told where it is none.
function givenTable() {
  const text = byId("function-parameters").value.trim();
  if (!text) return undefined;
  const found = JSON.parse(text);
  if (found === null || typeof found !== "object" || Array.isArray(found)) throw new Error('one table is wanted, such as {"watts": 5000}');
  return found;
}

function callFunction(button) {
  const field = byId("function-parameters");
  let fault = "";
  let parameters;
  try {
    parameters = givenTable();
  } catch (error) {
    fault = `This cannot be sent: ${error.message}`;
  }
  setText(byId("function-fault"), fault);
  byId("function-fault").hidden = !fault;
  field.toggleAttribute("aria-invalid", Boolean(fault));
  if (fault) return field.focus();
  const rpcName = byId("function-name").value;
  const told = parameters ? ` with ${JSON.stringify(parameters)}` : "";
  return confirmThen(`${rpcName}${told}.`, () => send(button, JSON.stringify([{ rpcName, ...(parameters ? { parameters } : {}) }])));
}

functionForm.addEventListener("submit", (event) => {
  event.preventDefault();
  callFunction(event.submitter || functionForm.querySelector("button"));
});
functionForm.closest("details").addEventListener("toggle", fillFunctions);
