// The form of a device, new or configured: what is filled in is checked first, faults stand at their fields, and what
// was found good is put in force by a second step.
"use strict";

const form = byId("device-form");
const ofDevice = form && form.dataset.index; // undefined for a new one
const UPLOAD = "upload";
const DRAFT = `draft ${location.pathname}`;
let definitions = [];
let uploaded = null; // { name, text } of the file that was chosen
let before = {}; // the fields of the device as it is configured

const asJson = (path) => fetch(path, { headers: headers(), cache: "no-store" }).then(async (answer) => {
  if (!answer.ok) throw new Error(await detailOf(answer));
  return answer.json();
});

// ---- definitions ------------------------------------------------------------------------------------------------

async function fillDefinitions() {
  const select = byId("device-definition");
  try {
    ({ definitions } = await asJson("/api/v1/definitions"));
  } catch (error) {
    select.replaceChildren(new Option(`Not known: ${error.message}`, ""));
    return;
  }
  const named = ({ manufacturer, model, name }) => `${[manufacturer, model].filter(Boolean).join(" ") || name} – ${name}`;
  const group = (label, source) => {
    const made = document.createElement("optgroup");
    made.label = label;
    definitions.forEach((row, at) => { if (row.source === source) made.append(new Option(named(row), String(at))); });
    return made.children.length ? [made] : [];
  };
  const first = new Option(ofDevice ? "Leave it as it is" : "Choose one", "");
  select.required = !ofDevice;
  select.replaceChildren(first, ...group("Of this set", "set"), ...group("That come with Heliograph", "library"), new Option("A file of your own …", UPLOAD));
}

const chosenDefinition = () => definitions[Number(byId("device-definition").value || NaN)];

function showDefinition() {
  const chosen = chosenDefinition();
  const isUpload = byId("device-definition").value === UPLOAD;
  byId("upload").hidden = !isUpload;
  byId("device-file").required = isUpload;
  const usual = [chosen && chosen.port && `port ${chosen.port}`, chosen && chosen.unit && `unit ${chosen.unit}`].filter(Boolean);
  const about = chosen ? [chosen.category, chosen.protocol, usual.length && `usually ${usual.join(", ")}`].filter(Boolean).join(" · ") : "";
  setText(byId("definition-hint"), about);
}

async function takeFile(event) {
  const file = event.target.files[0];
  uploaded = null;
  byId("upload-lines").hidden = true;
  if (!file) return;
  if (file.size > 512 * 1024) return setText(byId("upload-told"), "This file is larger than a definition can be (512 kB).");
  const text = await file.text();
  uploaded = { name: file.name, text };
  setText(byId("upload-told"), "Checking …");
  const answer = await fetch(`/api/v1/definitions/check?file=${encodeURIComponent(file.name)}`, { method: "POST", body: text, headers: headers({ "Content-Type": "text/plain" }) });
  if (!answer.ok) return setText(byId("upload-told"), await detailOf(answer));
  return showChecked(text, await answer.json());
}

function showChecked(text, checked) {
  const said = checked.usable
    ? `${[checked.category, checked.manufacturer, checked.model].filter(Boolean).join(" · ")}: ${checked.variables} variables, ${checked.recorded} recorded.`
    : "It has errors: mend the lines that are marked, and choose it again.";
  setText(byId("upload-told"), said);
  showLines(text, checked.findings);
}

// The file with its findings at their lines; of a long file only the lines about which something is said.
function showLines(text, findings) {
  const lines = text.split(/\r\n|\n|\r/);
  const at = findings.reduce((all, row) => all.set(row.line, [...(all.get(row.line) || []), row]), new Map());
  const shown = lines.map((line, index) => ({ line, number: index + 1 })).filter(({ number }) => lines.length <= 60 || at.has(number));
  byId("upload-lines").replaceChildren(...shown.map(({ line, number }) => {
    const row = document.createElement("li");
    row.value = number;
    const code = document.createElement("code");
    code.textContent = line || " ";
    row.append(code, ...(at.get(number) || []).map(({ severity, column, text: said }) => {
      const note = document.createElement("span");
      note.className = severity === "error" ? "failure" : "sub kinds faults";
      note.textContent = `${severity === "error" ? "Error" : "Warning"}, column ${column}: ${said}`;
      return note;
    }));
    return row;
  }));
  byId("upload-lines").hidden = !findings.length;
}

// ---- the form ---------------------------------------------------------------------------------------------------

function filled() {
  const value = (name) => form.elements[name].value;
  const fields = { name: value("name").trim(), interface: value("interface").trim() };
  for (const name of ["address", "period_seconds", "timeout_ms"]) fields[name] = Number(value(name));
  const body = Object.fromEntries(Object.entries(fields).filter(([name, given]) => given !== before[name]));
  if (!byId("serial-settings").hidden)
    body.serial = { baudrate: Number(value("baudrate")), data_bits: Number(value("data_bits")), parity: value("parity"), stop_bits: Number(value("stop_bits")) };
  const chosen = chosenDefinition();
  if (chosen) body[chosen.source === "library" ? "library" : "definition"] = chosen.name;
  else if (value("definition") === UPLOAD && uploaded) Object.assign(body, { definition: uploaded.name, text: uploaded.text });
  return body;
}

function faultAt(name, text, isError) {
  const fault = form.querySelector(`[data-fault="${CSS.escape(name)}"]`);
  const field = form.elements[name];
  if (!fault || !field || field.closest("[hidden]")) return false;
  setText(fault, fault.hidden ? text : `${fault.textContent}; ${text}`);
  fault.hidden = false;
  if (isError) field.setAttribute("aria-invalid", "true");
  return true;
}

const atField = ({ field, severity, text }) =>
  Boolean(field) && faultAt(field, severity === "error" ? text : `Note: ${text}`, severity === "error");

function clearFaults() {
  for (const fault of form.querySelectorAll("[data-fault]")) Object.assign(fault, { hidden: true, textContent: "" });
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
}

function showFaults(errors) {
  const named = errors.map(({ place, text }) => [place.replace(/^body\.?(serial\.)?/, "") || "definition", text]);
  for (const [name, text] of named) faultAt(name === "library" ? "definition" : name, text, true);
}

// What is about a field stands there, all else on top of the form.
function showFindings(findings) {
  const elsewhere = findings.filter((finding) => !atField(finding));
  const list = byId("device-findings");
  list.replaceChildren(...elsewhere.map(({ file, line, severity, text }) => {
    const row = document.createElement("li");
    const chip = document.createElement("span");
    chip.className = severity === "error" ? "chip bad" : "chip poor";
    chip.textContent = severity === "error" ? "Error" : "Warning";
    row.append(chip, document.createTextNode(`${file ? `${file}, line ${line}: ` : ""}${text}`));
    return row;
  }));
  list.hidden = !elsewhere.length;
  const first = form.querySelector("[aria-invalid]");
  if (first) first.focus();
  const own = uploaded && findings.filter(({ file }) => file === `DEF/${uploaded.name}`);
  if (own && own.length) showLines(uploaded.text, own);
}

const path = (isCheck) => `/api/v1/devices${ofDevice ? `/${encodeURIComponent(ofDevice)}` : ""}${isCheck ? "?check=true" : ""}`;
const method = () => (ofDevice ? "PATCH" : "POST");

// As `demand`, and it shows what stands in a refusal beside its text.
async function send(button, isCheck, done) {
  const body = JSON.stringify(filled());
  if (button.getAttribute("aria-busy") === "true") return undefined;
  button.setAttribute("aria-busy", "true");
  clearFaults();
  showFindings([]);
  const stopper = new AbortController();
  showWork("device-form-told", isCheck ? "Checking with the whole configuration" : "Putting it in force", () => stopper.abort());
  try {
    const named = headers({ "Content-Type": "application/json" });
    const answer = await fetch(path(isCheck), { method: method(), body, headers: named, signal: stopper.signal });
    if (answer.status === 401) {
      keepDraft();
      return toLogin();
    }
    const said = await answer.json();
    say("device-form-told", answer.ok ? "" : said.detail, !answer.ok);
    showFaults(said.errors || []);
    showFindings(said.findings || []);
    if (answer.ok) done(said);
    else hideOutcome();
  } catch (error) {
    say("device-form-told", whyNot(error), true);
  } finally {
    button.removeAttribute("aria-busy");
  }
  return undefined;
}

// What is typed outlasts the login that a session's end asks for; a chosen file has to be chosen again.
function keepDraft() {
  const typed = Array.from(form.elements).filter(({ name, type }) => name && type !== "file").map(({ name, value }) => [name, value]);
  sessionStorage.setItem(DRAFT, JSON.stringify(typed));
}

function takeDraft() {
  const typed = JSON.parse(sessionStorage.getItem(DRAFT) || "[]");
  sessionStorage.removeItem(DRAFT);
  for (const [name, value] of typed) if (form.elements[name]) form.elements[name].value = value;
  if (typed.length) say("device-form-told", "What you had typed is here again. Check it now.", false);
  if (typed.length && form.closest("details")) form.closest("details").open = true;
}

function showOutcome(done) {
  say("device-form-told", "", false);
  setText(byId("device-checked-text"), done.detail);
  setText(byId("device-checked-line"), done.line);
  byId("device-checked").hidden = false;
  byId("device-apply").focus();
}

const hideOutcome = () => { byId("device-checked").hidden = true; };

// Serial lines that no device is on yet have no settings: they are asked for.
let usedLines = new Set();
function showSerial() {
  const line = form.elements.interface.value.trim();
  byId("serial-settings").hidden = !/^SERIAL[1-3]$/.test(line) || usedLines.has(line);
}

async function fillDevice() {
  const { devices } = await asJson("/api/v1/devices");
  usedLines = new Set(devices.map((device) => device.interface));
  const device = devices.find(({ index }) => index === ofDevice);
  if (!device) return;
  for (const name of ["name", "interface", "address", "period_seconds", "timeout_ms"]) {
    before[name] = device[name];
    form.elements[name].value = device[name];
  }
  for (const name of ["interface", "address"]) form.elements[name].disabled = !device.interface; // the gateway's own inputs
}

if (form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(event.submitter || form.querySelector("button[type=submit]"), true, showOutcome);
  });
  form.addEventListener("input", () => { hideOutcome(); showSerial(); });
  byId("device-definition").addEventListener("change", showDefinition);
  byId("device-file").addEventListener("change", takeFile);
  byId("device-back").addEventListener("click", () => { hideOutcome(); form.elements.name.focus(); });
  byId("device-apply").addEventListener("click", (event) => send(event.target, false, (done) => {
    hideOutcome();
    say("device-form-told", done.detail, false);
    if (ofDevice) before = {};
    fillDevice().catch(() => {});
    if (!ofDevice) form.reset();
  }));
  Promise.all([fillDefinitions(), fillDevice()]).then(() => { takeDraft(); showDefinition(); showSerial(); }, (error) => say("device-form-told", error.message, true));
}
