// Restarts the gateway, after a confirmation.
"use strict";

byId("restart").addEventListener("click", () => byId("restart-dialog").showModal());
byId("restart-dialog").querySelector("[data-restart-cancel]").addEventListener("click", () => byId("restart-dialog").close());
byId("restart-form").addEventListener("submit", (event) => {
  event.preventDefault();
  byId("restart-dialog").close();
  const body = JSON.stringify([{ rpcName: "sunpm.reboot" }]);
  const done = () => say("restart-told", "The gateway restarts; this page comes back by itself.", false);
  patiently(byId("restart"), "restart-told", "Asking for the restart", { path: "/api/v1/commands", body, done });
});
