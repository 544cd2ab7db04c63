// Starts, stops, enables, disables and takes out scripts. How they are comes as a section of the page.
"use strict";

const WORK = { start: "Starting", stop: "Stopping", enable: "Enabling", disable: "Disabling" };

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-script-do]");
  if (!button) return;
  const { script, scriptDo } = button.dataset;
  const path = `/api/v1/scripts/${encodeURIComponent(script)}`;
  if (scriptDo === "take-out") byId("take-out-dialog").showModal();
  else if (scriptDo === "keep") byId("take-out-dialog").close();
  else patiently(button, "script-told", `${WORK[scriptDo]} ${script}`, { path: `${path}/${scriptDo}` });
});

const takeOutForm = byId("take-out-form");
if (takeOutForm)
  takeOutForm.addEventListener("submit", (event) => {
    event.preventDefault();
    const path = `/api/v1/scripts/${encodeURIComponent(takeOutForm.dataset.script)}`;
    patiently(event.submitter, "take-out-fault", "Taking it out", { method: "DELETE", path, done: () => location.assign("/scripts") });
  });
