"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const MARKS = [
    "M0,-5A5,5 0 1 0 .01,-5Z", "M-4.5,-4.5h9v9h-9Z", "M0,-6L5.5,4H-5.5Z", "M0,-6L6,0L0,6L-6,0Z", "M0,6L5.5,-4H-5.5Z",
    "M-2,-6h4v4h4v4h-4v4h-4v-4h-4v-4h4Z",
  ];

  function make(tag, attributes, parent, text) {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    if (text !== undefined) node.textContent = text;
    if (parent) parent.append(node);
    return node;
  }

  function element(tag, attributes, parent, text) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    if (text !== undefined) node.textContent = text;
    if (parent) parent.append(node);
    return node;
  }

  function short(value) {
    if (value === null || value === undefined) return "–";
    const size = Math.abs(value);
    if (value === 0) return "0";
    return size >= 0.01 && size < 1e7 ? String(Number(value.toPrecision(4)).toLocaleString("en")) : value.toExponential(1);
  }

  // tables: sorted by a click on a head, filtered by words

  function valueOf(cell) {
    const text = cell.textContent.trim();
    const number = parseFloat(text.replace(/,/g, ""));
    if (cell.classList.contains("number")) return Number.isNaN(number) ? -Infinity : number;
    return text.startsWith("[") ? text.match(/-?[\d.]+/g).map(Number) : text;
  }

  function compare(one, other) {
    if (typeof one === "number") return one - other;
    if (typeof one === "string" || typeof other === "string") return String(one).localeCompare(String(other), "en", { numeric: true });
    const first = one.findIndex((value, i) => value !== other[i]);
    return first < 0 ? 0 : one[first] - (other[first] ?? -Infinity);
  }

  function sortable(table) {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = element("button", { type: "button" }, null, head.textContent);
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...body.rows];
        const keys = new Map(rows.map((row) => [row, valueOf(row.cells[column])]));
        rows.sort((one, other) => {
          const order = compare(keys.get(one), keys.get(other));
          return down ? -order : order;
        });
        rows.forEach((row) => row.classList.remove("first"));
        body.append(...rows);
      });
    });
    const tools = element("div", { class: "tools" });
    const label = element("label", {}, tools, "Filter rows: ");
    const field = element("input", { type: "search", placeholder: "nmu [1,2]" }, label);
    const told = element("span", { class: "faint", "aria-live": "polite" }, tools);
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of body.rows) {
        const cells = [...row.cells].map((cell) => cell.textContent.toLowerCase());
        row.hidden = !words.every((word) => cells.some((cell) => cell.includes(word)));
        shown += !row.hidden;
      }
      told.textContent = words.length ? `${shown} of ${body.rows.length} rows` : "";
    });
    table.closest(".wide").before(tools);
  }

  // axes

  function scale(values, logarithmic, least, most) {
    const known = values.filter((value) => value !== null && (!logarithmic || value > 0));
    if (!logarithmic) return { at: (value) => value / 100, ticks: [0, 25, 50, 75, 100], name: short };
    const low = Math.floor(Math.log10(Math.min(...known, least)));
    const high = Math.max(Math.ceil(Math.log10(Math.max(...known, most))), low + 1);
    const step = Math.ceil((high - low) / 6);
    const ticks = [];
    for (let power = low; power <= high; power += step) ticks.push(10 ** power);
    const at = (value) => (Math.log10(Math.max(value, 10 ** low)) - low) / (high - low);
    return { at, ticks, name: (value) => (value >= 0.01 && value < 1e6 ? short(value) : value.toExponential(0)) };
  }

  function frame(parent, width, height, box, vertical, label) {
    const chart = make("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": label }, parent);
    for (const tick of vertical.ticks) {
      const y = box.bottom - vertical.at(tick) * (box.bottom - box.top);
      make("line", { class: "grid", x1: box.left, x2: box.right, y1: y, y2: y }, chart);
      make("text", { x: box.left - 6, y: y + 4, "text-anchor": "end" }, chart, vertical.name(tick));
    }
    make("path", { class: "axis", d: `M${box.left},${box.top}V${box.bottom}H${box.right}` }, chart);
    return chart;
  }

  // a study: points of groups, and below them the curves and weights of the runs of one of them

  class Study {
    constructor(home, data) {
      this.data = data;
      this.hidden = new Set();
      this.measure = 0;
      const tools = element("div", { class: "tools" }, home);
      const label = element("label", {}, tools, "Show: ");
      const select = element("select", {}, label);
      data.measures.forEach(([title], number) => element("option", { value: number }, select, title));
      select.addEventListener("change", () => {
        this.measure = Number(select.value);
        this.draw();
      });
      const keys = element("div", { class: "tools", role: "group", "aria-label": "Models; press to hide or show" }, home);
      data.series.forEach(([title, colour], number) => {
        const key = element("button", { type: "button", class: "key", "aria-pressed": "true" }, keys);
        element("i", { style: `background:${colour}`, "aria-hidden": "true" }, key);
        key.append(title);
        key.addEventListener("click", () => {
          const off = !this.hidden.delete(number);
          if (off) this.hidden.add(number);
          key.setAttribute("aria-pressed", String(!off));
          this.draw();
        });
      });
      this.place = element("div", {}, home);
      this.said = element("p", { class: "said", "aria-live": "polite" }, home);
      this.detail = element("div", {}, home);
      this.say(null);
      this.draw();
    }

    draw() {
      const { series, places, groups, measures } = this.data;
      const [title, logarithmic] = measures[this.measure];
      const shown = groups.filter((group) => !this.hidden.has(group.s) && group.v[this.measure]);
      const narrow = this.place.clientWidth < 560;
      const width = Math.max(narrow ? 380 : 960, 60 + places.length * 12);
      const height = 340;
      const turned = places.length * 90 > width;
      const box = { left: 62, right: width - 8, top: 14, bottom: height - (turned ? 110 : 30) };
      const values = shown.flatMap((group) => group.v[this.measure]);
      const vertical = scale(values, logarithmic, ...(logarithmic && !values.length ? [1, 10] : [Infinity, -Infinity]));
      this.place.replaceChildren();
      const chart = frame(this.place, width, height, box, vertical, `${title} of each group of runs`);
      const step = (box.right - box.left) / places.length;
      places.forEach((name, number) => {
        const x = box.left + (number + 0.5) * step;
        const text = make("text", { x, y: box.bottom + 16, "text-anchor": turned ? "end" : "middle" }, chart, name);
        if (turned) text.setAttribute("transform", `rotate(-40 ${x} ${box.bottom + 12})`);
      });
      const spread = Math.min((0.7 * step) / Math.max(series.length, 1), 16);
      for (const group of shown) {
        const [mean, lower, upper] = group.v[this.measure];
        const colour = series[group.s][1];
        const x = box.left + (group.x + 0.5) * step + (group.s - (series.length - 1) / 2) * spread;
        const y = (value) => box.bottom - vertical.at(value) * (box.bottom - box.top);
        const text = this.text(group);
        const point = make("g", { tabindex: 0, role: "button", "aria-label": `${text}. Press to see its runs.` }, chart);
        if (lower !== null && upper !== null)
          make("line", { x1: x, x2: x, y1: y(lower), y2: y(upper), stroke: colour, "stroke-width": 2, opacity: 0.6 }, point);
        make("circle", { cx: x, cy: y(mean), r: 11, fill: "transparent" }, point);
        make("path", { d: MARKS[group.s % MARKS.length], transform: `translate(${x} ${y(mean)})`, fill: colour }, point);
        point.addEventListener("mouseenter", () => this.say(group));
        point.addEventListener("focus", () => this.say(group));
        point.addEventListener("click", () => this.open(group));
        point.addEventListener("keydown", (event) => {
          if (event.key === "Enter" || event.key === " ") {
            event.preventDefault();
            this.open(group);
          }
        });
      }
    }

    text(group) {
      const [mean, lower, upper] = group.v[this.measure];
      const interval = lower === null ? "" : ` [${short(lower)}, ${short(upper)}]`;
      const name = this.data.measures[this.measure][0];
      return `${this.data.series[group.s][0]}, ${this.data.places[group.x]}: ${name} ${short(mean)}${interval}`;
    }

    say(group) {
      if (!group) {
        this.said.textContent = "Point at a mark to see its runs; press it for their learning curves.";
        return;
      }
      const runs = group.r.map((index) => this.data.runs[index]);
      const told = runs.slice(0, 30).map(([, seed, outcome, at]) =>
        `${seed} ${["not solved", at === null ? "solved" : `at ${short(at)}`, "diverged"][outcome]}`);
      const more = runs.length > 30 ? `, and ${runs.length - 30} more` : "";
      this.said.textContent = `${this.text(group)}. Seeds: ${told.join(", ")}${more}.`;
    }

    open(group) {
      const { steps, curves, paths, runs, series, places } = this.data;
      this.say(group);
      this.detail.replaceChildren();
      if (!curves.length || !group.r.length) {
        element("p", { class: "faint" }, this.detail, "There are too many runs for their curves to be part of this page.");
        return;
      }
      const name = `${series[group.s][0]}, ${places[group.x]}`;
      const pair = element("div", { class: "pair" }, this.detail);
      const rows = group.r.map((index) => ({ run: runs[index], curve: curves[index], path: paths[index] || [] }));
      const errors = element("div", {}, pair);
      element("p", {}, errors, `Extrapolation error of each run of ${name}`);
      const values = rows.flatMap((row) => row.curve.filter((value) => value !== null).map((value) => 10 ** (value / 100)));
      const points = (row) => steps.map((step, i) => [step, row.curve[i] === null ? null : 10 ** (row.curve[i] / 100)]);
      this.lines(errors, steps, rows, points, scale(values, true, Infinity, -Infinity), series[group.s][1]);
      if (rows.some((row) => row.path.length)) {
        const weights = element("div", {}, pair);
        element("p", {}, weights, "Weights of each run over training");
        const all = rows.flatMap((row) => row.path.flat());
        const [low, high] = [Math.min(...all, 0), Math.max(...all, 1)];
        const vertical = { at: (value) => (value - low) / (high - low), ticks: [low, (low + high) / 2, high], name: short };
        const single = rows.flatMap((row) => row.path.map((path) => ({ run: row.run, path })));
        const last = steps[steps.length - 1];
        const along = (row) => row.path.map((value, i) => [(last * i) / Math.max(row.path.length - 1, 1), value]);
        this.lines(weights, steps, single, along, vertical, series[group.s][1]);
      }
    }

    lines(parent, steps, rows, points, vertical, colour) {
      const [width, height] = [460, 250];
      const box = { left: 58, right: width - 10, top: 10, bottom: height - 26 };
      const chart = frame(parent, width, height, box, vertical, parent.firstChild.textContent);
      const last = Math.max(steps[steps.length - 1], 1);
      make("text", { x: box.left, y: height - 8 }, chart, "0");
      make("text", { x: box.right, y: height - 8, "text-anchor": "end" }, chart, `${last.toLocaleString("en")} steps`);
      for (const row of rows) {
        let path = "";
        for (const [step, value] of points(row)) {
          if (value === null) continue;
          const x = box.left + (step / last) * (box.right - box.left);
          path += `${path ? "L" : "M"}${x.toFixed(1)},${(box.bottom - vertical.at(value) * (box.bottom - box.top)).toFixed(1)}`;
        }
        const solved = row.run[2] === 1;
        const line = make("path", { d: path || "M0,0", fill: "none", stroke: colour, "stroke-width": 1.4, opacity: 0.75,
          "stroke-dasharray": solved ? "none" : "4 3" }, chart);
        const [id, seed, outcome, at] = row.run;
        const verdict = ["not solved (dashed)", `solved${at === null ? "" : ` at step ${short(at)}`}`, "diverged"][outcome];
        make("title", {}, line, `run ${id}, seed ${seed}: ${verdict}`);
      }
    }
  }

  const all = JSON.parse(document.getElementById("data").textContent);
  document.querySelectorAll("table").forEach(sortable);
  document.querySelectorAll("[data-study]").forEach((home) => {
    const data = all[Number(home.dataset.study)];
    if (data && data.groups.length && data.measures.length) new Study(home, data);
    else home.hidden = true;
  });
})();
