// Search for SunSpec devices: begins it, stops it, and adds what is ticked. What is found comes as a section of the page.
"use strict";

function tellDetection(text, isBad) {
  const told = byId("detection-told");
  told.className = isBad ? "told bad" : "told";
  told.hidden = !text;
  told.textContent = text;
}

// Sends a request that needs the token; asks for the token where it is missing or wrong, and sends again then.
async function demand(button, method, path, body) {
  if (!token) return askToken("", () => demand(button, method, path, body));
  if (button.getAttribute("aria-busy") === "true") return undefined;
  button.setAttribute("aria-busy", "true");
  try {
    const options = { method, headers: headers(body ? { "Content-Type": "application/json" } : {}) };
    if (body) options.body = JSON.stringify(body);
    const answer = await fetch(path, options);
    if (answer.status === 401) {
      token = "";
      sessionStorage.removeItem("token");
      askToken(await detailOf(answer), () => demand(button, method, path, body));
    } else if (answer.ok) {
      const said = await answer.json();
      tellDetection(said.detail || "", false);
    } else tellDetection(await detailOf(answer), true);
  } catch {
    tellDetection("The gateway does not answer.", true);
  } finally {
    button.removeAttribute("aria-busy");
  }
  return undefined;
}

byId("detection-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const body = {
    targets: [byId("detection-targets").value],
    units: byId("detection-units").value,
    timeout_ms: Number(byId("detection-timeout").value) || 1000,
  };
  demand(event.submitter || event.target.querySelector("button"), "POST", "/api/v1/detections", body);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-detection-do]");
  if (!button) return;
  const shown = button.closest("[data-detection]");
  const path = `/api/v1/detections/${shown.dataset.detection}`;
  if (button.dataset.detectionDo === "stop") demand(button, "POST", `${path}/stop`);
  else if (button.dataset.detectionDo === "forget") demand(button, "DELETE", path);
  else {
    const ticked = Array.from(shown.querySelectorAll("input[name=device]:checked:not(:disabled)"), (box) => box.value);
    if (ticked.length) demand(button, "POST", `${path}/accept`, { devices: ticked });
    else tellDetection("Nothing is ticked.", true);
  }
});
