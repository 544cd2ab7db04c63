// Writes a script: checked by Lua and with the whole set, then applied as one revision with its line in `_scl.ini`.
"use strict";

const TOLD = "edit-told";
const CHECKED = "edit-checked";
const was = byId("script-edit").dataset.script;
const BEGINNING = `header = { version = 1.0, label = "What it does, in a few words" }

function wsInit()
  wd.every(10, function()
    wd.log("still here")
  end)
end
`;
let base = "*"; // the ETag of what is edited
let applied = ""; // the text in force

const nameNow = () => byId("script-name").value.trim();
const addressOf = (name) => `/api/v1/scripts/${encodeURIComponent(name)}`;
const renaming = () => (was && nameNow() !== was ? `?was=${encodeURIComponent(was)}` : "");

async function begin(isKept) {
  if (!was) {
    applied = BEGINNING;
    return isKept || showText(BEGINNING);
  }
  try {
    const answer = await fetch(`${addressOf(was)}/source`, { headers: headers(), cache: "no-store" });
    if (!answer.ok) throw new Error(await detailOf(answer));
    base = answer.headers.get("ETag");
    applied = await answer.text();
    setText(byId("edit-base"), `Revision ${base.replaceAll('"', "")}`);
    if (!isKept) showText(applied);
  } catch (error) {
    say(TOLD, error.message, true);
  }
  return undefined;
}

function overtaken(detail) {
  forget(CHECKED);
  say(TOLD, `${detail} Your text is still here. `, true);
  const textContent = "Go on with the revision in force";
  const go = made("button", { type: "button", className: "button", textContent });
  go.addEventListener("click", async () => {
    await begin(true);
    say(TOLD, "Check the script again: what differs from the revision in force is shown.", false);
  });
  byId(TOLD).append(go);
}

function checkScript(button) {
  if (!nameNow()) return say(TOLD, "Give the script a name first.", true);
  forget(CHECKED);
  const path = `SCRIPT/${nameNow()}.lua`;
  const mark = (findings) => markLines(findings.filter(({ file }) => file === path));
  const show = ({ file, line, column }) => file === path && goTo(line, column);
  return patiently(button, TOLD, "Checking", {
    method: "PUT", path: `/scripts/${encodeURIComponent(nameNow())}/check${renaming()}`, body: editedText(), overtaken,
    more: { "If-Match": base, "Content-Type": "text/plain; charset=utf-8" }, isMarkup: true,
    done: (html) => showChecked(CHECKED, html, { mark, apply: applyScript, open: show }),
  });
}

function applyScript(button) {
  patiently(button, TOLD, "Applying", {
    method: "PUT", path: `${addressOf(nameNow())}${renaming()}`, body: editedText(), overtaken,
    more: { "If-Match": base, "Content-Type": "text/plain; charset=utf-8" },
    done: () => {
      applied = editedText();
      location.assign("/scripts");
    },
  });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-script-edit]");
  if (button) checkScript(button);
});
for (const element of [editor.text, byId("script-name")]) element.addEventListener("input", () => forget(CHECKED));
window.addEventListener("beforeunload", (event) => {
  if (editedText() !== applied && !editor.text.disabled) event.preventDefault();
});
begin();
