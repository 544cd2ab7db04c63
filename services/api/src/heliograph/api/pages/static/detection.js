// Search for SunSpec devices: begins it, stops it, and adds what is ticked. What is found comes as a section of the page.
"use strict";

const DETECTION_TOLD = "detection-told";

byId("detection-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const body = {
    targets: [byId("detection-targets").value],
    units: byId("detection-units").value,
    timeout_ms: Number(byId("detection-timeout").value) || 1000,
  };
  const button = event.submitter || event.target.querySelector("button");
  const done = () => say(DETECTION_TOLD, "The search runs; what it finds comes below.", false);
  patiently(button, DETECTION_TOLD, "Beginning the search", { path: "/api/v1/detections", body: JSON.stringify(body), done });
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-detection-do]");
  if (!button) return;
  const shown = button.closest("[data-detection]");
  const path = `/api/v1/detections/${shown.dataset.detection}`;
  if (button.dataset.detectionDo === "stop") demand(button, DETECTION_TOLD, { path: `${path}/stop` });
  else if (button.dataset.detectionDo === "forget") demand(button, DETECTION_TOLD, { method: "DELETE", path });
  else {
    const ticked = Array.from(shown.querySelectorAll("input[name=device]:checked:not(:disabled)"), (box) => box.value);
    const body = JSON.stringify({ devices: ticked });
    if (ticked.length) patiently(button, DETECTION_TOLD, "Adding the ticked devices", { path: `${path}/accept`, body });
    else say(DETECTION_TOLD, "Nothing is ticked.", true);
  }
});
