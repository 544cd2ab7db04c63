// Edits the files of the set: what is changed, added or taken out stays here until it is applied as one revision.
"use strict";

const TOLD = "edit-told";
const CHECKED = "edit-checked";
const FILES = "/api/v1/configuration/files";
const draft = new Map(); // new text by path; null for a file that is taken out
const known = new Map(); // text of the revision that is edited, as far as it was looked at
let paths = []; // of that revision
let base = ""; // its ETag
let current = "";

const chooser = byId("edit-file");
const addressOf = (path) => `${FILES}/${path.split("/").map(encodeURIComponent).join("/")}`;

async function asked(path) {
  const answer = await fetch(path, { headers: headers(), cache: "no-store" });
  if (!answer.ok) throw new Error(await detailOf(answer));
  return answer;
}

// ---- which file ------------------------------------------------------------------------------------------------

function stateOf(path) {
  if (!draft.has(path)) return "";
  if (draft.get(path) === null) return " · taken out";
  return paths.includes(path) ? " · changed" : " · new";
}

function drawFiles() {
  const all = [...new Set([...paths, ...draft.keys()])].sort();
  chooser.replaceChildren(...all.map((path) => new Option(path + stateOf(path), path, false, path === current)));
  for (const button of document.querySelectorAll("[data-edit-do=undo]")) button.disabled = !draft.has(current);
}

async function textOf(path) {
  if (draft.has(path)) return draft.get(path);
  if (!known.has(path)) known.set(path, await (await asked(addressOf(path))).text());
  return known.get(path);
}

async function openFile(path) {
  current = path;
  drawFiles();
  if (!path) return showText(null);
  try {
    const text = await textOf(path);
    if (current === path) showText(text);
  } catch (error) {
    showText(null);
    say(TOLD, error.message, true);
  }
  return undefined;
}

// Takes up the revision in force; what was changed here stays changed.
async function begin() {
  try {
    const answer = await asked(FILES);
    base = answer.headers.get("ETag");
    const { revision, files } = await answer.json();
    paths = files.map(({ path }) => path);
    known.clear();
    setText(byId("edit-base"), `Revision ${revision}`);
    const wanted = current || byId("set-edit").dataset.file;
    await openFile(paths.includes(wanted) || draft.has(wanted) ? wanted : paths[0] || "");
    const { line } = byId("set-edit").dataset;
    if (line && !draft.size && wanted === current) goTo(Number(line), 1);
  } catch (error) {
    say(TOLD, `The files are not known: ${error.message}`, true);
  }
}

// ---- what is changed -------------------------------------------------------------------------------------------

function change(path, text) {
  if (text === known.get(path) || (text === null && !paths.includes(path))) draft.delete(path);
  else draft.set(path, text);
  forget(CHECKED);
  drawFiles();
}

function undo() {
  draft.delete(current);
  forget(CHECKED);
  openFile(paths.includes(current) ? current : paths[0] || "");
}

function takeOut() {
  if (!current) return;
  change(current, null);
  openFile(paths.includes(current) ? current : paths[0] || "");
}

async function add() {
  const path = `${byId("add-folder").value}/${byId("add-name").value.trim()}`;
  const upload = byId("add-upload").files[0];
  const isThere = (paths.includes(path) || draft.has(path)) && draft.get(path) !== null;
  byId("add-fault").hidden = !isThere;
  setText(byId("add-fault"), isThere ? `${path} is in the set already: choose it in the list to change it.` : "");
  if (isThere) return;
  draft.set(path, upload ? await upload.text() : "");
  byId("add-dialog").close();
  byId("add-form").reset();
  forget(CHECKED);
  await openFile(path);
  editor.text.focus();
}

// ---- check and apply -------------------------------------------------------------------------------------------

const bodyOfDraft = () => JSON.stringify({ files: Object.fromEntries(draft) });

function overtaken(detail) {
  forget(CHECKED);
  say(TOLD, `${detail} Your changes are still here. `, true);
  const textContent = "Go on with the revision in force";
  const go = made("button", { type: "button", className: "button", textContent });
  go.addEventListener("click", async () => {
    await begin();
    say(TOLD, "Check the changes again: what differs from the revision in force is shown.", false);
  });
  byId(TOLD).append(go);
}

function check(button) {
  if (!draft.size) return say(TOLD, "Nothing is changed yet: change a file, add one or take one out.", true);
  forget(CHECKED);
  const marks = (findings) => markLines(findings.filter(({ file }) => file === current));
  return patiently(button, TOLD, "Checking", {
    method: "PUT", path: "/configuration/check", body: bodyOfDraft(), more: { "If-Match": base }, overtaken,
    isMarkup: true,
    done: (html) => showChecked(CHECKED, html, { mark: marks, apply, open: openAt }),
  });
}

async function openAt({ file, line, column }) {
  if (file !== current) await openFile(file);
  goTo(line, column);
}

function apply(button) {
  patiently(button, TOLD, "Applying", {
    method: "PATCH", path: FILES, body: bodyOfDraft(), more: { "If-Match": base }, overtaken,
    done: () => {
      draft.clear();
      forget(CHECKED);
      begin();
    },
  });
}

// ---- what a person does ----------------------------------------------------------------------------------------

const acts = {
  add: () => byId("add-dialog").showModal(),
  "add-not": () => byId("add-dialog").close(),
  undo,
  "take-out": takeOut,
  check,
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-edit-do]");
  if (button) acts[button.dataset.editDo](button);
});
chooser.addEventListener("change", () => openFile(chooser.value));
editor.text.addEventListener("input", () => change(current, editedText()));
byId("add-form").addEventListener("submit", (event) => {
  event.preventDefault();
  add();
});
window.addEventListener("beforeunload", (event) => { if (draft.size) event.preventDefault(); });
begin();
