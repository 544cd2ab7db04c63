// Returns to an older revision, on the page that shows what this changes.
"use strict";

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-return]");
  if (!button) return;
  const path = `/api/v1/configuration/revisions/${button.dataset.return}/return`;
  const against = document.querySelector("[data-against]")?.dataset.against; // what was shown is what is replaced
  const more = against ? { "If-Match": `"${against}"` } : {};
  patiently(button, "return-told", "Returning", { path: withWhy(path), more, done: () => { button.hidden = true; } });
});
