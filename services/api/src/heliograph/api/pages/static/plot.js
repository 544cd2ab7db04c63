// Plots of kept records: each element with `data-plot` becomes one, fed by the series of the REST API.
// `data-device`, `data-variables` (indexes, with commas between) and `data-hours` say of what; when one changes, the
// plot follows. The library that draws is loaded with the first plot.
"use strict";

(() => {
  const SPANS = [[1, "1 h"], [24, "24 h"], [168, "7 days"], [720, "30 days"]];
  const COLOURS = 6; // --plot-1 … of the style sheet
  const DASHES = [[], [10, 4], [2, 3], [10, 3, 2, 3], [5, 3], [14, 3, 2, 3, 2, 3]];
  const HOUR_MS = 3600e3;
  const REFRESH_MS = 60e3;
  const TABLE_ROWS = 500;
  const LATE = 0.05; // of the span: where records begin later, the plot begins with them
  const NARROW = 500; // pixels: a phone, which has room for two axes
  const WATCHED = ["data-device", "data-variables", "data-hours"];
  const plots = new Map();
  let library = null;

  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  // ---- the library ----------------------------------------------------------------------------------------------

  function load() {
    library ??= new Promise((loaded, failed) => {
      document.head.append(make("link", { rel: "stylesheet", href: "/assets/uplot.min.css" }));
      document.head.append(make("script", { src: "/assets/uplot.min.js", onload: loaded, onerror: failed }));
    }).catch((error) => {
      library = null;
      throw error;
    });
    return library;
  }

  // ---- one plot -------------------------------------------------------------------------------------------------

  class Plot {
    constructor(root) {
      this.root = root;
      this.hours = Number(root.dataset.hours) || 24;
      this.found = null;
      this.drawn = null;
      this.build();
      this.sized = new ResizeObserver(() => this.resize());
      this.sized.observe(this.area);
      this.ask();
    }

    build() {
      const name = `span-${Math.random().toString(36).slice(2)}`;
      const spans = SPANS.map(([hours, text]) => {
        const input = make("input", { type: "radio", name, value: hours, checked: hours === this.hours });
        input.addEventListener("change", () => { this.root.dataset.hours = hours; });
        return make("label", {}, input, make("span", { textContent: text }));
      });
      const files = make("span", { className: "plot-files" });
      this.links = [["csv", "CSV"], ["parquet", "Parquet"]].map(([form, text]) => {
        const link = make("a", { textContent: text, download: "", title: `Download the records of this span as ${text}` });
        files.append(link);
        return [form, link];
      });
      const chosen = make("fieldset", { className: "plot-spans" }, make("legend", { className: "hidden", textContent: "Span" }), ...spans);
      this.told = make("p", { className: "plot-told" });
      this.told.setAttribute("role", "status");
      this.area = make("div", { className: "plot-area", tabIndex: 0 });
      this.area.setAttribute("role", "img");
      this.area.addEventListener("keydown", (event) => this.step(event));
      this.legend = make("ul", { className: "plot-legend" });
      this.spoken = make("p", { className: "hidden" });
      this.spoken.setAttribute("aria-live", "polite");
      this.table = make("details", {}, make("summary", { textContent: "Values as a table" }));
      this.table.addEventListener("toggle", () => this.fillTable());
      const head = make("div", { className: "plot-head" }, chosen, files);
      this.root.replaceChildren(head, this.told, this.area, this.legend, this.spoken, this.table);
    }

    get indexes() {
      return (this.root.dataset.variables || "").split(",").filter(Boolean);
    }

    // ---- data

    async ask() {
      clearTimeout(this.timer);
      this.asking?.abort();
      if (!this.indexes.length) return this.empty("Choose a variable to see it over time.");
      const asking = this.asking = new AbortController();
      if (!this.found) this.say("Reading the records …");
      try {
        const answer = await fetch(this.address(), { headers: this.headers(), signal: asking.signal, cache: "no-store" });
        if (!answer.ok) this.fail((await answer.json().catch(() => ({}))).detail || answer.statusText);
        else {
          const found = await answer.json();
          await load();
          this.take(found);
        }
      } catch (error) {
        if (asking.signal.aborted) return undefined;
        this.fail("The gateway does not answer.");
      }
      this.timer = setTimeout(() => (document.hidden ? this.later() : this.ask()), REFRESH_MS);
      return undefined;
    }

    later() {
      document.addEventListener("visibilitychange", () => this.ask(), { once: true });
    }

    address() {
      const end = Math.floor(typeof gatewayNow === "function" ? gatewayNow() : Date.now());
      const begin = Math.max(0, end - this.hours * HOUR_MS);
      const device = `/api/v1/devices/${encodeURIComponent(this.root.dataset.device)}`;
      for (const [form, link] of this.links) link.href = `${device}/records.${form}?begin=${begin}&end=${end}`;
      const points = Math.max(100, Math.min(1200, Math.floor(this.area.clientWidth) || 600));
      const variables = this.indexes.slice(0, 16).map(encodeURIComponent).join(",");
      this.span = [begin, end];
      return `${device}/series?variables=${variables}&begin=${begin}&end=${end}&points=${points}`;
    }

    headers() {
      return typeof headers === "function" ? headers() : {};
    }

    take(found) {
      this.found = found;
      if (!found.series.some((one) => one.mean.some((value) => value !== null)))
        return this.empty("No records in this span. One comes at the end of each period; a longer span may have some.");
      const [begin, end] = this.span;
      const isLate = found.times[0] - begin > LATE * (end - begin);
      if (isLate) this.span = [found.times[0], end]; // else nearly all of it would be empty on a device's first day
      this.say(isLate ? `Records begin ${moment(found.times[0], found.time_zone)}.` : "");
      this.area.hidden = false;
      this.draw();
      if (this.table.open) this.fillTable();
      return undefined;
    }

    say(text) {
      this.told.hidden = !text;
      if (this.told.textContent !== text) this.told.textContent = text;
    }

    empty(text) {
      this.found = null;
      this.clear();
      this.say(text);
    }

    fail(text) {
      if (!this.found) this.clear();
      this.say(`${text} Trying again in a minute.`);
    }

    clear() {
      this.drawn?.destroy();
      this.drawn = null;
      this.area.hidden = true;
      this.legend.replaceChildren();
      this.table.querySelector("div")?.remove();
    }

    // ---- drawing

    draw() {
      const { times, series, time_zone: zone } = this.found;
      const style = getComputedStyle(this.root);
      const units = [...new Set(series.map((one) => one.unit))];
      const lines = [{}];
      const bands = [];
      const data = [times];
      series.forEach((one, at) => {
        const colour = style.getPropertyValue(`--plot-${(at % COLOURS) + 1}`).trim();
        const scale = `y${units.indexOf(one.unit)}`;
        const edge = () => ({ scale, stroke: "transparent", width: 0, points: { show: false } });
        if (one.least.some((value, n) => value !== one.most[n])) {
          lines.push(edge(), edge());
          data.push(one.most, one.least);
          bands.push({ series: [lines.length - 2, lines.length - 1], fill: `${colour}33` });
        }
        lines.push({ scale, stroke: colour, width: 2, dash: dashOf(at), label: one.name });
        data.push(one.mean);
      });
      const sides = units.map((unit, at) => this.axis(`y${at}`, unit, series, at, style));
      const ink = style.getPropertyValue("--soft").trim();
      const line = { stroke: style.getPropertyValue("--line").trim(), width: 1 };
      const options = {
        ...this.size(), ms: 1, legend: { show: false }, series: lines, bands,
        tzDate: (time) => window.uPlot.tzDate(new Date(time), zone),
        scales: { x: { range: () => this.span } },
        axes: [{ stroke: ink, grid: line, ticks: line, values: (_, splits, __, ___, step) => splits.map((time) => tick(time, zone, step)) }, ...sides],
        cursor: { drag: { x: false, y: false } },
        hooks: { setCursor: [(plot) => this.point(plot.cursor.idx)] },
      };
      this.drawn?.destroy();
      this.drawn = new window.uPlot(options, data, this.area);
      this.list();
      this.describe();
    }

    axis(scale, unit, series, at, style) {
      const line = { stroke: style.getPropertyValue("--line").trim(), width: 1 };
      const names = series.filter((one) => one.unit === unit).map((one) => one.name);
      const label = unit || (names.length === 1 ? names[0] : "no unit");
      const ink = style.getPropertyValue("--soft").trim();
      const isNarrow = this.area.clientWidth < NARROW;
      const room = isNarrow ? { labelSize: 14, size: 42, gap: 2, show: at < 2 } : { labelSize: 20, size: 56, show: at < 4 };
      return { ...room, scale, label, side: at ? 1 : 3, stroke: ink, ticks: line, grid: { ...line, show: !at } };
    }

    size() {
      return { width: Math.max(200, this.area.clientWidth), height: this.area.clientWidth < NARROW ? 230 : 300 };
    }

    resize() {
      if (this.drawn && this.drawn.width !== this.size().width) this.draw();
    }

    // ---- values at a point

    list() {
      this.legend.replaceChildren(...this.found.series.map((one, at) => {
        const unit = one.unit ? ` ${one.unit}` : "";
        return make("li", {}, sample(at), make("span", { textContent: one.name }), make("b", { textContent: "" }), unit);
      }));
      this.point(null);
    }

    point(at) {
      const place = at ?? this.found.times.length - 1;
      this.found.series.forEach((one, n) => {
        this.legend.children[n].children[2].textContent = shown(one, place);
      });
      this.at = at;
    }

    step(event) {
      const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -Infinity, End: Infinity };
      if (!(event.key in steps) || !this.drawn) return;
      event.preventDefault();
      const { times, series, time_zone: zone } = this.found;
      const at = Math.max(0, Math.min(times.length - 1, (this.at ?? times.length) + steps[event.key]));
      this.drawn.setCursor({ left: this.drawn.valToPos(times[at], "x"), top: 10 });
      this.point(at);
      const values = series.map((one) => `${one.name} ${shown(one, at)} ${one.unit}`).join(", ");
      this.spoken.textContent = `${moment(times[at], zone)}: ${values}`;
    }

    describe() {
      const names = this.found.series.map((one) => `${one.name}: ${reach(one)}`).join("; ");
      this.area.setAttribute("aria-label", `Plot of ${names}. Arrow keys go through the points; the values are in the table below.`);
    }

    fillTable() {
      this.table.querySelector("div")?.remove();
      if (!this.table.open || !this.found) return;
      const { times, series, time_zone: zone } = this.found;
      const heads = ["Time", ...series.map((one) => (one.unit ? `${one.name}, ${one.unit}` : one.name))];
      const head = make("tr", {}, ...heads.map((textContent) => make("th", { scope: "col", textContent })));
      const first = Math.max(0, times.length - TABLE_ROWS);
      const rows = times.slice(first).map((time, n) => {
        const cells = series.map((one) => make("td", { className: "n", textContent: shown(one, first + n, true) }));
        return make("tr", {}, make("td", { textContent: moment(time, zone) }), ...cells);
      }).reverse();
      const caption = make("caption", { className: "hidden", textContent: `Newest first, times of ${zone}` });
      const table = make("table", { className: "values" }, caption, make("thead", {}, head), make("tbody", {}, ...rows));
      this.table.append(make("div", { className: "scroll", tabIndex: 0 }, table));
    }

    changed() {
      const hours = Number(this.root.dataset.hours) || 24;
      if (hours !== this.hours) this.found = null;
      this.hours = hours;
      for (const input of this.root.querySelectorAll("input[type=radio]")) input.checked = Number(input.value) === hours;
      this.ask();
    }

    end() {
      clearTimeout(this.timer);
      this.asking?.abort();
      this.sized.disconnect();
      this.drawn?.destroy();
    }
  }

  // ---- words ----------------------------------------------------------------------------------------------------

  const dashOf = (at) => DASHES[(at + Math.floor(at / COLOURS)) % DASHES.length];
  const figure = (value) => (value === null || value === undefined ? "–" : Number(value.toPrecision(6)).toLocaleString("en", { maximumFractionDigits: 6 }));

  function shown(one, at, isWhole) {
    const [least, mean, most] = [one.least[at], one.mean[at], one.most[at]];
    return isWhole && least !== most ? `${figure(mean)} (${figure(least)} to ${figure(most)})` : figure(mean);
  }

  function reach(one) {
    const there = (values) => values.filter((value) => value !== null);
    if (!there(one.mean).length) return "no values";
    const [least, most] = [there(one.least).reduce((a, b) => Math.min(a, b)), there(one.most).reduce((a, b) => Math.max(a, b))];
    return `${figure(least)} to ${figure(most)} ${one.unit}`.trim();
  }

  const formed = (time, zone, form) => new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", ...form }).format(time);
  const moment = (time, zone) => formed(time, zone, { dateStyle: "medium", timeStyle: "short" });

  function tick(time, zone, step) {
    const clock = formed(time, zone, { hour: "2-digit", minute: "2-digit" });
    return step >= 24 * HOUR_MS || clock === "00:00" ? formed(time, zone, { day: "numeric", month: "short" }) : clock;
  }

  function sample(at) {
    const name = "http://www.w3.org/2000/svg";
    const picture = document.createElementNS(name, "svg");
    const line = document.createElementNS(name, "line");
    for (const [key, value] of Object.entries({ width: 28, height: 10, viewBox: "0 0 28 10", "aria-hidden": true })) picture.setAttribute(key, value);
    const way = { x1: 0, y1: 5, x2: 28, y2: 5, "stroke-width": 2, "stroke-dasharray": dashOf(at).join(" "), class: `plot-line-${(at % COLOURS) + 1}` };
    for (const [key, value] of Object.entries(way)) line.setAttribute(key, value);
    picture.append(line);
    return picture;
  }

  // ---- finding them ---------------------------------------------------------------------------------------------

  function look() {
    for (const [root, plot] of plots)
      if (!root.isConnected) {
        plot.end();
        plots.delete(root);
      }
    for (const root of document.querySelectorAll("[data-plot]")) if (!plots.has(root)) plots.set(root, new Plot(root));
  }

  new MutationObserver((changes) => {
    const changed = new Set(changes.filter((change) => change.type === "attributes").map((change) => change.target));
    for (const root of changed) plots.get(root)?.changed();
    if (changes.some((change) => change.type === "childList")) look();
  }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: WATCHED });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const plot of plots.values()) if (plot.drawn) plot.draw();
  });
  document.addEventListener("unlocked", () => { for (const plot of plots.values()) if (!plot.found) plot.ask(); });
  look();
})();
