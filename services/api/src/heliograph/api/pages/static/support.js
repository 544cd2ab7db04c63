// A debug bundle is made and sent; traces begin and end.
"use strict";

byId("bundle-send").addEventListener("click", (event) => {
  const done = ({ name, bytes, detail }) => say("bundle-told", `${name}, ${Math.ceil(bytes / 1000)} kB. ${detail}`, false);
  demand(event.target, "bundle-told", { path: "/api/v1/support-bundle", done });
});

function trace(button, iface, minutes) {
  demand(button, "trace-told", { path: "/api/v1/traces", body: JSON.stringify({ interface: iface, minutes }) });
}

byId("trace-form").addEventListener("submit", (event) => {
  event.preventDefault();
  trace(event.submitter || event.target.querySelector("button"), byId("trace-interface").value, Number(byId("trace-minutes").value));
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-trace-stop]");
  if (button) trace(button, button.dataset.traceStop, 0);
});
