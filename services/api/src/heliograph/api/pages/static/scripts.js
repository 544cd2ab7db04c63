// Starts, stops, enables and disables scripts. How they are comes as a section of the page.
"use strict";

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-script-do]");
  if (!button) return;
  const path = `/api/v1/scripts/${encodeURIComponent(button.dataset.script)}/${button.dataset.scriptDo}`;
  demand(button, "script-told", { path });
});
