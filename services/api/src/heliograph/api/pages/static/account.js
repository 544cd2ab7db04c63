// The page of one's account: password, sessions, accounts of people and tokens of programs, all through REST.
"use strict";

let sure = null; // what is done when the person says yes

const again = () => location.reload();
const fieldsOf = (form) => Object.fromEntries(new FormData(form));

function onSubmit(form, act) {
  if (!form) return;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(fieldsOf(form), event.submitter || form.querySelector("button"), form);
  });
}

function sendJson(button, told, method, path, body, done) {
  demand(button, told, { method, path, body: JSON.stringify(body), done });
}

onSubmit(document.querySelector("form[data-password]"), ({ current, password }, button, form) => {
  sendJson(button, "told", "PUT", `/api/v1/accounts/${form.dataset.password}/password`, { current, password }, () => form.reset());
});
onSubmit(byId("account-form"), (fields, button) => sendJson(button, "told", "POST", "/api/v1/accounts", fields, again));
onSubmit(byId("reset-form"), ({ name, password }, button, form) => {
  sendJson(button, "told", "PUT", `/api/v1/accounts/${name}/password`, { password }, () => form.reset());
});
onSubmit(byId("token-form"), ({ name, role, days }, button, form) => {
  sendJson(button, "token-told", "POST", "/api/v1/tokens", { name, role, days: days ? Number(days) : null }, ({ token }) => {
    setText(byId("token-value"), token);
    byId("token-made").hidden = false;
    form.reset();
  });
});
onSubmit(byId("sure-form"), () => {
  byId("sure-dialog").close();
  if (sure) sure();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { endSession, remove, roleOf, role, question, copy, notSure } = button.dataset;
  if (endSession) demand(button, "told", { method: "DELETE", path: `/api/v1/sessions/${endSession}`, done: again });
  else if (roleOf) sendJson(button, "told", "PATCH", `/api/v1/accounts/${roleOf}`, { role }, again);
  else if (copy) navigator.clipboard?.writeText(byId(copy).textContent);
  else if (notSure !== undefined) byId("sure-dialog").close();
  else if (remove) {
    setText(byId("sure-question"), question);
    sure = () => demand(button, "told", { method: "DELETE", path: remove, done: again });
    byId("sure-dialog").showModal();
  }
});
