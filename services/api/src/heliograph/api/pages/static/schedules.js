// The schedule of one server as rows; while one edits, the gateway tells which connections come of it.
"use strict";

const PLAN_MILLISECONDS = 400;
const scheduleRows = byId("schedules").tBodies[0];
let planning = 0; // the newest question
let planTimer = 0;

const scheduleName = () => (byId("server-form").dataset.number === "1" ? "SCHEDULE_Params" : "SCHEDULE2_Params");
const isSchedule = (name) => name.startsWith(`${scheduleName()}[`);

function addSchedule(value, name = "") {
  const row = byId("schedule-row").content.firstElementChild.cloneNode(true);
  const [id, type, start, interval, count] = value.split("|").map((part) => part.trim());
  Object.assign(row.dataset, { name, written: value, id });
  const parts = { type: (type || "everyday").toLowerCase(), start: start || "00:00:00", interval: interval || "1440", count: count || "1" };
  for (const [part, text] of Object.entries(parts)) row.querySelector(`[data-part=${part}]`).value = text;
  scheduleRows.append(row);
  return row;
}

function fillSchedules(text) {
  scheduleRows.replaceChildren();
  for (const [name, value] of valuesOf(text)) if (isSchedule(name)) addSchedule(value, name).dataset.shown = "";
  for (const row of scheduleRows.rows) row.dataset.shown = shownOf(row);
  plan();
}

function shownOf(row) {
  const part = (name) => row.querySelector(`[data-part=${name}]`).value.trim();
  const start = part("start").length === 5 ? `${part("start")}:00` : part("start");
  return [row.dataset.id, part("type"), start, part("interval"), part("count")].join("|");
}

// The text of `_var.ini` with the rows in it; a row that was not touched stays as it was written.
function withSchedules(text) {
  const rows = Array.from(scheduleRows.rows);
  const kept = new Set(rows.map((row) => row.dataset.name));
  for (const name of valuesOf(text).keys()) if (isSchedule(name) && !kept.has(name)) text = withValue(text, name, "");
  let next = Math.max(-1, ...Array.from(valuesOf(text).keys(), (name) => (isSchedule(name) ? Number(name.match(/[0-9]+(?=\])/)[0]) : -1)));
  for (const row of rows) {
    if (!row.dataset.name) text = withValue(text, `${scheduleName()}[${(next += 1)}]`, shownOf(row));
    else if (shownOf(row) !== row.dataset.shown) text = withValue(text, row.dataset.name, shownOf(row));
  }
  return text;
}

function newSchedule() {
  const ids = Array.from(scheduleRows.rows, (row) => Number(row.dataset.id) || 0);
  const row = addSchedule(`${Math.max(0, ...ids) + 1}|everyday|06:00:00|60|16`);
  row.querySelector("select").focus();
  plan();
}

function plan() {
  byId("schedule-none").hidden = scheduleRows.rows.length > 0;
  clearTimeout(planTimer);
  planTimer = setTimeout(askPlan, PLAN_MILLISECONDS);
}

async function askPlan() {
  const mine = (planning += 1);
  const text = withSchedules(texts.schedules);
  try {
    const body = JSON.stringify({ text, count: 20 });
    const answer = await fetch("/api/v1/schedules/next", { method: "POST", body, headers: headers({ "Content-Type": "application/json" }) });
    const said = await answer.json();
    if (mine === planning) showPlan(answer.ok ? said : { connections: [], findings: [], problem: said.detail });
  } catch {
    if (mine === planning) showPlan({ connections: [], findings: [], problem: "The gateway does not answer." });
  }
}

function showPlan({ connections, findings, time_zone: zone, problem }) {
  const number = Number(byId("server-form").dataset.number);
  const own = connections.filter(({ server }) => server === number).slice(0, 10);
  const lines = own.map(({ time, line }) => {
    const item = document.createElement("li");
    const when = Object.assign(document.createElement("time"), { textContent: "" });
    Object.assign(when.dataset, { ms: time, form: "until" });
    const local = new Date(time).toLocaleString("en-GB", { timeZone: zone, dateStyle: "full", timeStyle: "medium" });
    const about = Object.assign(document.createElement("span"), { className: "sub", textContent: `${local} (${zone}) · ${line}` });
    item.append(when, about);
    return item;
  });
  if (!lines.length) lines.push(Object.assign(document.createElement("li"), { textContent: problem || "No connection comes of it: no line fires, or the server is not in use yet." }));
  byId("schedule-next").replaceChildren(...lines);
  listFindings("schedule-findings", findings.map(placed));
  tickTimes();
}

byId("schedule-add").addEventListener("click", newSchedule);
byId("schedules").addEventListener("input", plan);
byId("schedules").addEventListener("click", (event) => {
  const button = event.target.closest("[data-schedule-remove]");
  if (!button) return;
  button.closest("tr").remove();
  byId("schedule-add").focus();
  plan();
});
