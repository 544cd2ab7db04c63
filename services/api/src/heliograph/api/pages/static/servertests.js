// Begins and stops tests of servers; their steps come as a section of the page.
"use strict";

const TEST_TOLD = "test-told";

function beginTest(button, number, body = {}) {
  const path = `/api/v1/servers/${number}/test`;
  demand(button, TEST_TOLD, { path, body: JSON.stringify(body), done: () => { say(TEST_TOLD, ""); byId("test").scrollIntoView({ block: "nearest" }); } });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { test, testStop } = button.dataset;
  if (test !== undefined) beginTest(button, test);
  else if (testStop !== undefined) demand(button, TEST_TOLD, { method: "DELETE", path: `/api/v1/servers/tests/${testStop}` });
});
