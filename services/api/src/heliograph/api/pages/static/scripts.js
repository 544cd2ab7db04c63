// Starts, stops, enables, disables and takes out scripts. How they are comes as a section of the page.
"use strict";

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-script-do]");
  if (!button) return;
  const { script, scriptDo } = button.dataset;
  const path = `/api/v1/scripts/${encodeURIComponent(script)}`;
  if (scriptDo === "take-out") byId("take-out-dialog").showModal();
  else if (scriptDo === "keep") byId("take-out-dialog").close();
  else demand(button, "script-told", { path: `${path}/${scriptDo}` });
});

const takeOutForm = byId("take-out-form");
if (takeOutForm)
  takeOutForm.addEventListener("submit", (event) => {
    event.preventDefault();
    const path = `/api/v1/scripts/${encodeURIComponent(takeOutForm.dataset.script)}`;
    demand(event.submitter, "take-out-fault", { method: "DELETE", path, done: () => location.assign("/scripts") });
  });
