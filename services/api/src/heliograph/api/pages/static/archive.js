// Replaces the whole set by an archive: checked first, shown with what would change, then applied.
"use strict";

const ARCHIVE_TOLD = "archive-told";

byId("archive-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const body = byId("archive-file").files[0];
  if (!body) return;
  forget("archive-checked");
  const more = { "Content-Type": "application/octet-stream" };
  const apply = (button) => patiently(button, ARCHIVE_TOLD, "Applying the archive", {
    method: "PUT", path: "/api/v1/configuration/archive", body, more, done: () => forget("archive-checked"),
  });
  patiently(event.submitter || event.target.querySelector("button"), ARCHIVE_TOLD, "Checking the archive", {
    method: "PUT", path: "/configuration/check/archive", body, more, isMarkup: true,
    done: (html) => showChecked("archive-checked", html, { apply }),
  });
});

byId("archive-file").addEventListener("change", () => forget("archive-checked"));
