// Returns to an older revision, on the page that shows what this changes.
"use strict";

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-return]");
  if (!button) return;
  const path = `/api/v1/configuration/revisions/${button.dataset.return}/return`;
  patiently(button, "return-told", "Returning", { path, done: () => { button.hidden = true; } });
});
