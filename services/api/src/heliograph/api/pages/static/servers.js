// The settings of one server: what is changed goes into `_config.ini` and `_var.ini` as one edit, checked before.
"use strict";

const SERVER_TOLD = "server-told";
const serverForm = byId("server-form");
const serverNumber = serverForm.dataset.number;
const texts = { config: "", schedules: "" };
const paths = { config: "", schedules: "" };
let basis = ""; // the ETag of what is edited

const inputs = () => Array.from(serverForm.querySelectorAll("[data-variable]"));
const setFile = (path) => `/api/v1/configuration/files/${path.split("/").map(encodeURIComponent).join("/")}`;

async function fetched(path) {
  const answer = await fetch(path, { headers: headers(), cache: "no-store" });
  if (answer.status === 401) toLogin();
  if (!answer.ok) throw new Error(await detailOf(answer));
  return answer;
}

async function load() {
  try {
    const answer = await fetched("/api/v1/configuration/files");
    const names = (await answer.json()).files.map(({ path }) => path);
    basis = answer.headers.get("ETag") || "";
    paths.config = names.find((name) => name.endsWith("_config.ini")) || "";
    paths.schedules = names.find((name) => name.endsWith("_var.ini")) || paths.config.replace(/_config\.ini$/, "_var.ini");
    texts.config = await (await fetched(setFile(paths.config))).text();
    texts.schedules = names.includes(paths.schedules) ? await (await fetched(setFile(paths.schedules))).text() : "";
    byId("certificates").replaceChildren(...names.filter((name) => name.startsWith("CERT/")).map((name) => new Option(name.slice(5))));
    fillForm();
  } catch (error) {
    say(SERVER_TOLD, `The settings are not known: ${error.message}`, true);
  }
}

function fillForm() {
  const written = valuesOf(texts.config);
  for (const input of inputs()) {
    const value = written.get(input.dataset.variable) ?? "";
    if (input.type === "checkbox") input.checked = (value || input.dataset.default) === "1";
    else if (input.tagName === "SELECT") input.value = value || input.dataset.default;
    else input.value = value;
    input.dataset.before = shown(input);
  }
  showType();
  forgetGiven();
  showFindings([]);
  fillSchedules(texts.schedules);
}

const shown = (input) => (input.type === "checkbox" ? (input.checked ? "1" : "0") : input.value.trim());

function showType() {
  const type = byId("server-type").value;
  for (const field of serverForm.querySelectorAll("[data-types]")) field.hidden = !field.dataset.types.split(" ").includes(type);
  for (const group of serverForm.querySelectorAll("fieldset.group")) group.hidden = !group.querySelector(".field:not([hidden])");
}

// Only what a person touched is written: a default that nobody wrote down stays unwritten.
function edited() {
  let text = texts.config;
  for (const input of inputs()) {
    if (shown(input) === input.dataset.before || input.closest("[hidden]")) continue;
    text = withValue(text, input.dataset.variable, shown(input));
  }
  text = withFittingRole(text);
  return { config: text, schedules: withSchedules(texts.schedules) };
}

// A role that belongs to another kind of server would only be refused, and its field is hidden.
function withFittingRole(text) {
  const role = valuesOf(text).get(byId("server-mode").dataset.variable);
  const isMqtt = byId("server-type").value.startsWith("mqtt");
  return role && (role === "strategy_mqtt") !== isMqtt ? withValue(text, byId("server-mode").dataset.variable, "") : text;
}

// The files and keys that the edit brings.
function changes() {
  const now = Object.entries(edited()).filter(([kind, text]) => text !== texts[kind]).map(([kind, text]) => [paths[kind], text]);
  const { files, keys } = given();
  const certificates = Object.entries(files).map(([name, text]) => [`CERT/${name}`, text]);
  return { files: Object.fromEntries([...now, ...certificates]), ...(Object.keys(keys).length ? { keys } : {}) };
}

// ---- findings ---------------------------------------------------------------------------------------------------

function listFindings(id, findings) {
  const items = findings.map(({ severity, place, text }) => {
    const item = document.createElement("li");
    const chip = Object.assign(document.createElement("span"), { className: `chip ${severity === "error" ? "bad" : "poor"}`, textContent: severity === "error" ? "Error" : "Warning" });
    item.append(chip, Object.assign(document.createElement("code"), { textContent: place ? `${place}: ${text}` : text }));
    return item;
  });
  byId(id).replaceChildren(...items);
  byId(id).hidden = !items.length;
}

function showFindings(findings) {
  for (const element of serverForm.querySelectorAll(".finding")) Object.assign(element, { hidden: true, textContent: "" });
  for (const input of [...inputs(), ...givenFields()]) input.removeAttribute("aria-invalid");
  const text = edited().config;
  const elsewhere = findings.map(placed).filter((finding) => !atField(finding, text));
  listFindings("server-findings", elsewhere);
  serverForm.querySelector("[aria-invalid]")?.focus();
}

const placed = ({ file, line, column, severity, text }) => ({ file, line, severity, text, place: file ? `${file}:${line}:${column}` : "" });

function atField({ file, line, severity, text }, config) {
  const about = givenField({ file });
  const name = about ? about.dataset.give : file === paths.config ? nameAt(config, line) : "";
  const told = name && byId(`w-${name}`);
  if (!told || told.closest(".field").hidden) return false;
  told.textContent = told.textContent ? `${told.textContent}; ${text}` : text;
  told.hidden = false;
  if (about) about.closest("details").open = true;
  const input = about || told.closest(".field").querySelector("[data-variable]");
  if (severity === "error") input.setAttribute("aria-invalid", "true");
  return true;
}

// ---- saving -----------------------------------------------------------------------------------------------------

async function sendEdit(button, query, done) {
  const body = changes();
  if (!Object.keys(body.files).length) return say(SERVER_TOLD, "Nothing is changed.", false);
  if (button.getAttribute("aria-busy") === "true") return undefined;
  button.setAttribute("aria-busy", "true");
  const stopper = new AbortController();
  showWork(SERVER_TOLD, query ? "Checking with the whole configuration" : "Saving", () => stopper.abort());
  try {
    const more = headers({ "Content-Type": "application/json", ...(basis ? { "If-Match": basis } : {}) });
    const answer = await fetch(`/api/v1/configuration/files${query}`, { method: "PATCH", body: JSON.stringify(body), headers: more, signal: stopper.signal });
    if (answer.status === 401) return toLogin();
    const said = await answer.json();
    showFindings(said.findings || []);
    if (answer.ok) return done(said);
    const hint = answer.status === 412 ? " Somebody changed the configuration meanwhile: undo all changes here, and make them again." : "";
    say(SERVER_TOLD, `${said.detail}${hint}`, true);
  } catch (error) {
    say(SERVER_TOLD, whyNot(error), true);
  } finally {
    button.removeAttribute("aria-busy");
  }
  return undefined;
}

function askToSave({ diff, provisional }) {
  say(SERVER_TOLD, "");
  setText(byId("save-text"), provisional
    ? "This changes how a server is reached, so it goes on trial: if the main server is not reached with it, the settings of now come back by themselves."
    : "It comes in force at once, as a new revision.");
  setText(byId("save-diff"), diff || "");
  byId("save-dialog").showModal();
}

serverForm.addEventListener("submit", (event) => {
  event.preventDefault();
  sendEdit(byId("server-save"), "?check=true", askToSave);
});
byId("save-form").addEventListener("submit", (event) => {
  event.preventDefault();
  byId("save-dialog").close();
  sendEdit(byId("server-save"), "", ({ detail }) => { load().then(() => say(SERVER_TOLD, detail, false)); });
});
byId("save-dialog").querySelector("[data-save-cancel]").addEventListener("click", () => byId("save-dialog").close());
byId("server-type").addEventListener("change", showType);
byId("server-test").addEventListener("click", (event) => {
  const { files, keys } = given();
  beginTest(event.target, serverNumber, { config: edited().config, certificates: files, keys });
});
byId("server-reset").addEventListener("click", () => { say(SERVER_TOLD, ""); load(); });
load();
