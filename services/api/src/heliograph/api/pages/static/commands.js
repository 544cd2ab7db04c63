// Sends commands: one variable read or written, or any text of commands, after a confirmation. The journal comes as a
// section of the page.
"use strict";

const TOLD = "send-told";
const MOST_RESULTS = 200;
let variables = [];
let sentNames = [];
let confirmed = null; // what is sent when the person says yes

const isWrite = () => document.querySelector("input[name=what]:checked").value === "write";
const chosen = (id) => byId(id).selectedOptions[0];

async function known(path) {
  const answer = await fetch(path, { headers: headers(), cache: "no-store" });
  if (!answer.ok) throw new Error(await detailOf(answer));
  return answer.json();
}

function fill(select, rows) {
  const before = select.value;
  select.replaceChildren(...rows.map(({ index, name, tag }) => new Option(tag ? `${name} (${tag})` : name, index)));
  if (rows.some(({ index }) => index === before)) select.value = before;
}

async function fillDevices() {
  try {
    fill(byId("send-device"), (await known("/api/v1/devices")).devices);
    await fillVariables();
  } catch (error) {
    say(TOLD, `The devices are not known: ${error.message}`, true);
  }
}

async function fillVariables() {
  const device = byId("send-device").value;
  variables = device ? (await known(`/api/v1/devices/${encodeURIComponent(device)}/variables`)).variables : [];
  showVariables();
}

function showVariables() {
  const offered = isWrite() ? variables.filter(({ writable }) => writable) : variables;
  fill(byId("send-variable"), offered);
  byId("send-value").disabled = !isWrite();
  setText(byId("variable-form").querySelector("button"), isWrite() ? "Write …" : "Read");
  showVariable();
}

function showVariable() {
  const variable = variables.find(({ index }) => index === byId("send-variable").value);
  setText(byId("send-unit"), variable && variable.unit ? variable.unit : "");
  let hint = variable ? `${lastValue(variable)}${isWrite() ? limitsOf(variable) : ""}` : "";
  if (!byId("send-device").options.length) hint = "No device is configured: add one under Devices first.";
  else if (!variable) hint = isWrite() ? "This device has no variable that can be written: choose another, or Read." : "";
  setText(byId("send-hint"), hint);
}

const lastValue = ({ value, unit }) => (value === null || value === undefined ? "" : `Last value read: ${value} ${unit}. `);

function limitsOf({ least, most, unit }) {
  const hasLeast = typeof least === "number";
  const hasMost = typeof most === "number";
  if (hasLeast && hasMost) return `Allowed: ${least} to ${most} ${unit}.`;
  if (hasLeast) return `Allowed: ${least} ${unit} or more.`;
  return hasMost ? `Allowed: ${most} ${unit} or less.` : "";
}

// Why a value may not be sent; empty where it may: the gateway checks again.
function outside(variable, value) {
  if (typeof value !== "number" || !variable) return "";
  const isBelow = typeof variable.least === "number" && value < variable.least;
  const isAbove = typeof variable.most === "number" && value > variable.most;
  return isBelow || isAbove ? `${value} is outside of what is allowed. ${limitsOf(variable)}` : "";
}

// An index is a number: as a text it would be taken for a name first.
const reference = (index) => (/^[0-9]+$/.test(index) ? Number(index) : index);

// A number as a number, anything else as a text: the definition says which it must be.
function valueOf(text) {
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

function send(button, text) {
  const key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0"));
  byId("send-results").hidden = true;
  sentNames = [JSON.parse(text)].flat().map((command) => (command && command.rpcName) || "?");
  const more = { "Idempotency-Key": key.join("") };
  patiently(button, TOLD, "Sent: waiting for what comes of it", { path: "/api/v1/commands", body: text, more, done: showResults });
}

function showResults(answer) {
  if (!answer.finished) return;
  const failed = answer.results.filter((result) => "error" in result).length;
  const done = answer.results.length - failed;
  say(TOLD, failed ? `${done} done, ${failed} ended with an error.` : `Done: ${done} of ${answer.results.length}.`, failed > 0);
  byId("send-results").replaceChildren(resultTable(answer.results.slice(0, MOST_RESULTS), sentNames));
  byId("send-results").hidden = false;
}

function confirmThen(text, then) {
  setText(byId("confirm-text"), text);
  confirmed = then;
  byId("confirm-dialog").showModal();
}

byId("variable-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const button = event.target.querySelector("button");
  const [device, variable, value] = [chosen("send-device"), chosen("send-variable"), byId("send-value").value];
  const parameters = { device: reference(device.value), variable: reference(variable.value) };
  if (!isWrite()) return send(button, JSON.stringify([{ rpcName: "sunpm.readVariable", parameters }]));
  const refusal = outside(variables.find(({ index }) => index === variable.value), valueOf(value));
  if (refusal) return say(TOLD, refusal, true);
  const text = JSON.stringify([{ rpcName: "sunpm.writeVariable", parameters: { ...parameters, value: valueOf(value) } }]);
  const unit = byId("send-unit").textContent;
  return confirmThen(`Write ${value} ${unit} to ${variable.text} of ${device.text}.`, () => send(button, text));
});

byId("text-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = byId("send-text").value;
  let commands;
  try {
    commands = [JSON.parse(text)].flat();
  } catch (error) {
    return say(TOLD, `This is not JSON: ${error.message}`, true);
  }
  const names = commands.slice(0, 5).map((command) => (command && command.rpcName) || "?").join(", ");
  const more = commands.length > 5 ? ` and ${commands.length - 5} more` : "";
  return confirmThen(`${names}${more}, in this order.`, () => send(event.target.querySelector("button"), text));
});

byId("confirm-form").addEventListener("submit", (event) => {
  event.preventDefault();
  byId("confirm-dialog").close();
  const then = confirmed;
  confirmed = null;
  if (then) then();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("button[data-refuse]")) byId("confirm-dialog").close();
});

for (const choice of document.querySelectorAll("input[name=what]")) choice.addEventListener("change", showVariables);
byId("send-device").addEventListener("change", () => fillVariables().catch((error) => say(TOLD, error.message, true)));
byId("send-variable").addEventListener("change", showVariable);
fillDevices();
