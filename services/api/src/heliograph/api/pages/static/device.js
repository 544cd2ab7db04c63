// One device: a variable read now or written after a confirmation within its limits, the device removed.
"use strict";

const index = byId("device-page").dataset.index;
let target = null; // the button whose variable is being written
let wanted = null; // the value that was found to fit, before it is confirmed

// An index is a number: as a text it would be taken for a name first.
const reference = (text) => (/^[0-9]+$/.test(text) ? Number(text) : text);
const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

function command(button, rpcName, variable, more, what) {
  const parameters = { device: reference(index), variable: reference(variable), ...more };
  const body = JSON.stringify([{ rpcName, parameters }]);
  patiently(button, "device-told", what, {
    path: "/api/v1/commands",
    body,
    more: { "Idempotency-Key": newKey() },
    done: (answer) => showResult(answer, what),
  });
}

function showResult(answer, what) {
  if (!answer.finished) return say("device-told", `${what}: still running; the journal under Commands tells the end.`, false);
  const [{ error, result }] = answer.results;
  if (error) return say("device-told", `${what}: ${error}`, true);
  const { value, raw, unit } = result || {};
  const shown = value === undefined || value === null ? "done" : `${value}${unit ? ` ${unit}` : ""}${raw !== undefined && raw !== value ? ` (raw ${raw})` : ""}`;
  return say("device-told", `${what}: ${shown}.`, false);
}

// ---- the plot ---------------------------------------------------------------------------------------------------

function plotTicked() {
  const ticked = Array.from(document.querySelectorAll("input[name=plot]:checked"), (box) => box.value).join(",");
  if (byId("plot").dataset.variables !== ticked) byId("plot").dataset.variables = ticked;
}

document.addEventListener("change", (event) => { if (event.target.name === "plot") plotTicked(); });
plotTicked();

// ---- writing ----------------------------------------------------------------------------------------------------

function limitsOf({ least, most, unit }) {
  const from = least === "" ? "" : `at least ${Number(least)}`;
  const to = most === "" ? "" : `at most ${Number(most)}`;
  const said = [from, to].filter(Boolean).join(", ");
  return said ? `It may be ${said}${unit ? ` ${unit}` : ""}.` : "No limit is set for it: the device decides what it takes.";
}

function openWrite(button) {
  target = button;
  const { name, unit, value } = button.dataset;
  setText(byId("write-title"), `Write ${name}`);
  setText(byId("write-limits"), `${limitsOf(button.dataset)}${value === "" ? "" : ` Last value read: ${value}${unit ? ` ${unit}` : ""}.`}`);
  setText(byId("write-unit"), unit);
  byId("write-value").value = "";
  askValue();
  byId("write-dialog").showModal();
}

function askValue() {
  wanted = null;
  byId("write-value").readOnly = false;
  byId("write-fault").hidden = true;
  byId("write-confirm").hidden = true;
  setText(byId("write-go"), "Continue");
}

// A number as a number, with a comma or a point; anything else as a text: the definition says which it must be.
function valueOf(text) {
  const number = Number(text.trim().replace(",", "."));
  return text.trim() !== "" && Number.isFinite(number) ? number : text;
}

function faultOf(value, { least, most }) {
  if (least === "" && most === "") return "";
  if (typeof value !== "number") return "A number is expected.";
  if (least !== "" && value < Number(least)) return `This is less than the limit of ${Number(least)}.`;
  if (most !== "" && value > Number(most)) return `This is more than the limit of ${Number(most)}.`;
  return "";
}

function takeValue() {
  const value = valueOf(byId("write-value").value);
  const fault = faultOf(value, target.dataset);
  setText(byId("write-fault"), fault);
  byId("write-fault").hidden = !fault;
  if (fault) return byId("write-value").focus();
  wanted = value;
  const { name, unit } = target.dataset;
  setText(byId("write-confirm"), `This writes ${value}${unit ? ` ${unit}` : ""} to ${name} of ${byId("device-name").textContent}, now.`);
  byId("write-confirm").hidden = false;
  byId("write-value").readOnly = true;
  return setText(byId("write-go"), "Write it");
}

if (byId("write-form")) {
  byId("write-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (wanted === null) return takeValue();
    byId("write-dialog").close();
    const { write, name } = target.dataset;
    return command(target, "sunpm.writeVariable", write, { value: wanted }, `Write ${name}`);
  });
  byId("remove-form").addEventListener("submit", (event) => {
    event.preventDefault();
    byId("remove-dialog").close();
    const done = ({ detail }) => say("device-told", `${detail}`, false);
    patiently(byId("device-remove"), "device-told", "Removing it", { method: "DELETE", path: `/api/v1/devices/${encodeURIComponent(index)}`, done });
  });
  byId("device-remove").addEventListener("click", () => byId("remove-dialog").showModal());
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.read !== undefined) {
    const name = button.closest("tr").querySelector(".row-name").textContent;
    command(button, "sunpm.readVariable", button.dataset.read, {}, `Read ${name}`);
  } else if (button.dataset.write !== undefined) openWrite(button);
  else if (button.dataset.close !== undefined) button.closest("dialog").close();
});
