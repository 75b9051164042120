"use strict";
// Draws the pool from the server's stream of points, and searches while one types.
// Everything else on the page works without it.
(() => {
  const seen = 240; // points in a picture, two minutes
  const svgNS = "http://www.w3.org/2000/svg";
  const number = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
  const short = (n) => n >= 100 || Number.isInteger(n) ? number.format(n) : n.toPrecision(2);

  const time = (ms) => ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${short(ms)} ms`;

  // Searching.
  const form = document.getElementById("search-form");
  const results = document.getElementById("results");
  if (form && results) {
    let timer, running;
    const ask = async () => {
      running?.abort();
      running = new AbortController();
      const query = new URLSearchParams(new FormData(form));
      try {
        const answer = await fetch("/search?fragment=1&" + query, { signal: running.signal });
        results.innerHTML = await answer.text(); // escaped by the server's template
      } catch (e) {
        if (e.name !== "AbortError") results.textContent = "The server does not answer.";
      }
    };
    form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 150); });
    form.addEventListener("submit", (e) => { e.preventDefault(); clearTimeout(timer); ask(); });
  }

  const live = document.getElementById("live");
  if (!live || !window.EventSource) return;
  const size = Number(live.dataset.size), overflow = Number(live.dataset.overflow);
  let points = [];

  // The connections, one cell each.
  const cells = document.getElementById("cells");
  const drawn = Math.min(size + overflow, 64);
  for (let i = 0; i < drawn; i++) cells.append(document.createElement("i"));
  const drawCells = (p) => {
    [...cells.children].forEach((cell, i) => {
      const state = i < p.used ? "used" : i < p.used + p.idle ? "idle" : i < p.used + p.idle + p.opening ? "opening" : "";
      cell.className = `cell ${state} ${i >= size ? "over" : ""}`;
    });
    document.getElementById("in-use").textContent = p.time ? `${p.used} in use, ${p.idle} idle` : "";
  };

  drawCells({ used: 0, idle: 0, opening: 0 });

  // The charts.
  const element = (name, attributes, parent) => {
    const e = document.createElementNS(svgNS, name);
    for (const k in attributes) e.setAttribute(k, attributes[k]);
    parent.append(e);
    return e;
  };
  const ceiling = (v) => { // the next round number
    const step = 10 ** Math.floor(Math.log10(Math.max(v, 1e-9)));
    return [1, 1.5, 2, 3, 4, 6, 8, 10].map((f) => f * step).find((c) => c >= v);
  };
  const charts = [...document.querySelectorAll("figure[data-chart]")].map((figure) => {
    const svg = element("svg", { role: "img", "aria-label": figure.textContent.trim() }, figure);
    const chart = { keys: figure.dataset.chart.split(","), unit: figure.dataset.unit, value: figure.querySelector("b"), svg, hover: null };
    svg.addEventListener("pointermove", (e) => { chart.hover = e.offsetX; draw(chart); });
    svg.addEventListener("pointerleave", () => { chart.hover = null; draw(chart); });
    return chart;
  });
  const say = (chart, p) => {
    const value = [...chart.keys].reverse().map((k) => chart.unit === "ms" ? time(p[k]) : short(p[k])).join(" / ");
    chart.value.textContent = { ms: value, "/s": `${value}/s` }[chart.unit] ?? `${value} ${chart.unit}`;
  };
  const draw = (chart) => {
    const { svg, keys } = chart;
    const w = svg.clientWidth, h = svg.clientHeight;
    if (!w || !points.length) return;
    svg.replaceChildren();
    svg.setAttribute("viewBox", `0 0 ${w} ${h}`);
    const top = ceiling(Math.max(keys[0] === "used" ? size : 1e-3, ...points.flatMap((p) => keys.map((k) => p[k]))));
    const x = (i) => w * (i + seen - points.length) / (seen - 1), y = (v) => h - v / top * (h - 12);
    for (const v of [0, top / 2, top]) {
      element("line", { class: "grid", x1: 0, x2: w, y1: y(v), y2: y(v) }, svg);
      if (v) element("text", { class: "axis", x: 0, y: y(v) - 2 }, svg).textContent = chart.unit === "ms" ? time(v) : short(v);
    }
    if (keys[0] === "used") element("line", { class: "grid limit", x1: 0, x2: w, y1: y(size), y2: y(size) }, svg);
    keys.forEach((k) => {
      const line = points.map((p, i) => `${x(i).toFixed(1)},${y(p[k]).toFixed(1)}`).join("L");
      if (keys.length === 1) element("path", { class: "area", d: `M${x(0)},${h}L${line}L${w},${h}Z` }, svg);
      element("path", { class: `curve ${k === "p99" ? "a" : "b"}`, d: "M" + line }, svg);
    });
    let shown = points.length - 1;
    if (chart.hover !== null) {
      shown = Math.round(chart.hover / w * (seen - 1)) - seen + points.length;
      shown = Math.max(0, Math.min(points.length - 1, shown));
      element("line", { class: "cursor", x1: x(shown), x2: x(shown), y1: 0, y2: h }, svg);
      const age = (points.at(-1).time - points[shown].time) / 1000;
      const label = element("text", { class: "axis", x: x(shown) + (x(shown) > w - 60 ? -4 : 4), y: 9, "text-anchor": x(shown) > w - 60 ? "end" : "start" }, svg);
      label.textContent = age < 1 ? "now" : `${age.toFixed(0)} s ago`;
    }
    say(chart, points[shown]);
  };
  window.addEventListener("resize", () => charts.forEach(draw));

  // How far the run is. The page is loaded again at its end, with the answers.
  const overview = document.getElementById("overview");
  const stage = document.getElementById("stage");
  let done = overview.dataset.done === "true";
  const follow = (progress) => {
    if (done) return;
    const { stage: name, done: files, total } = progress;
    stage.textContent = total ? `${name}: ${number.format(files)} of ${number.format(total)} files` : name;
    for (const b of overview.querySelectorAll("[data-count]")) {
      if (progress[b.dataset.count]) b.textContent = number.format(progress[b.dataset.count]);
    }
    if (name === "done") {
      done = true;
      location.reload();
    }
  };

  const stream = new EventSource("/live");
  stream.onmessage = (e) => {
    const news = JSON.parse(e.data);
    const last = points.length ? points.at(-1).time : 0;
    points = points.concat(news.filter((p) => p.time > last)).slice(-seen);
    if (!points.length) return;
    drawCells(points.at(-1));
    charts.forEach(draw);
    follow(points.at(-1).progress);
  };
  stream.onerror = () => { stage.textContent = "The server does not answer."; };
  stream.onopen = () => { if (done) stage.textContent = ""; };

  // The load.
  const load = document.getElementById("load");
  load.addEventListener("submit", async (e) => {
    e.preventDefault();
    const button = load.querySelector("button");
    button.disabled = true;
    try {
      const answer = await fetch(load.action, { method: "POST", headers: { Accept: "text/plain" } });
      document.getElementById("load-note").textContent = await answer.text();
    } catch {
      document.getElementById("load-note").textContent = "The server does not answer.";
    }
    button.disabled = false;
  });
})();
