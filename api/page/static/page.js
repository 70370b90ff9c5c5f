"use strict";
// Charts from JSON blocks, and a page that keeps itself up to date.
(() => {
  const style = () => getComputedStyle(document.documentElement);

  // "var(--accent)" in a chart's data becomes the colour of the present scheme.
  const paint = (value, css) => {
    if (typeof value === "string") {
      return value.startsWith("var(") ? css.getPropertyValue(value.slice(4, -1)).trim() : value;
    }
    if (Array.isArray(value)) return value.map((one) => paint(one, css));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, paint(v, css)]));
    }
    return value;
  };

  const layoutOf = (given, css) => {
    const ink = css.getPropertyValue("--soft").trim();
    const line = css.getPropertyValue("--line").trim();
    const axis = { gridcolor: line, linecolor: line, zerolinecolor: line, automargin: true };
    return {
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: ink },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      margin: { l: 44, r: 12, t: 8, b: 30 }, hovermode: "x unified", bargap: 0.3,
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
      hoverlabel: { bgcolor: css.getPropertyValue("--card").trim(), bordercolor: line },
      ...given,
      xaxis: { ...axis, fixedrange: true, tickangle: 0, ...given.xaxis },
      yaxis: { ...axis, fixedrange: true, ...given.yaxis },
    };
  };

  // The chart library is large: it is fetched when a chart comes near to being seen.
  let library = null;
  const charts = () => {
    library ||= new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = document.body.dataset.charts;
      script.onload = done;
      script.onerror = failed;
      document.head.append(script);
    });
    return library;
  };

  const drawn = new WeakMap();
  const near = new WeakSet();
  const draw = async (holder) => {
    await charts();
    const block = document.getElementById(holder.dataset.chart);
    if (!block || drawn.get(holder) === block.textContent) return;
    const css = style();
    const spec = paint(JSON.parse(block.textContent), css);
    drawn.set(holder, block.textContent);
    Plotly.react(holder, spec.data, layoutOf(spec.layout || {}, css), {
      displayModeBar: false, responsive: true,
    });
  };
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((one) => one.isIntersecting)) {
      seen.unobserve(entry.target);
      near.add(entry.target);
      draw(entry.target).catch(() => {});
    }
  }, { rootMargin: "400px" });
  const drawAll = () => document.querySelectorAll("[data-chart]").forEach((holder) => {
    if (near.has(holder)) draw(holder).catch(() => {});
    else seen.observe(holder);
  });

  const redraw = () => {
    document.querySelectorAll("[data-chart]").forEach((one) => drawn.delete(one));
    drawAll();
  };

  // Parts of a page that cost more than the rest are fetched once it is there.
  const fetchParts = () => document.querySelectorAll("[data-part]").forEach(async (part) => {
    const answer = await fetch(part.dataset.part).catch(() => null);
    if (answer?.ok && !answer.redirected) part.innerHTML = await answer.text();
  });

  // Every part with data-live is taken from a fresh copy of this page; charts follow their data.
  const refresh = async () => {
    const answer = await fetch(location.href);
    if (!answer.ok || answer.redirected) { location.reload(); return; }
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const now = fresh.getElementById(part.id);
      if (now && now.innerHTML !== part.innerHTML) part.innerHTML = now.innerHTML;
    }
    drawAll();
  };

  // The strip of what has just come in.
  const line = (entry, known) => {
    const item = document.createElement("li");
    if (entry.refused) item.className = "refusal";
    if (known && !known.has(entry.id)) item.classList.add("new");
    for (const text of [entry.when, entry.text]) {
      const span = document.createElement("span");
      span.textContent = text;
      item.append(span);
    }
    item.title = entry.text;
    return item;
  };
  const fill = (list, entries, empty) => {
    const known = list.dataset.known ? new Set(list.dataset.known.split("|")) : null;
    list.replaceChildren(...entries.map((entry) => line(entry, known)));
    if (!entries.length) list.append(line({ when: "", text: empty, id: "" }, null));
    list.dataset.known = entries.map((entry) => entry.id).join("|");
  };
  const listen = async () => {
    const strip = document.getElementById("justin");
    if (!strip) return;
    const state = document.getElementById("live-state");
    try {
      const answer = await fetch("/live");
      if (!answer.ok) throw new Error(String(answer.status));
      const now = await answer.json();
      fill(document.getElementById("live-readings"), now.readings, strip.dataset.emptyReadings);
      fill(document.getElementById("live-refused"), now.refused, strip.dataset.emptyRefused);
      state.className = "dot on";
    } catch {
      state.className = "dot off";
    }
  };

  const every = (seconds, work) => {
    const tick = async () => {
      if (!document.hidden) await work().catch(() => {});
      setTimeout(tick, seconds * 1000);
    };
    setTimeout(tick, seconds * 1000);
  };

  document.querySelectorAll("select[data-go]").forEach((select) => {
    select.addEventListener("change", () => select.form.submit());
  });
  document.querySelector(".nav a[aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea, [contenteditable]");
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing) return;
    const search = document.querySelector("main input[type=search], main select[data-go]");
    if (!search) return;
    event.preventDefault();
    search.focus();
  });
  drawAll();
  fetchParts();
  listen();
  every(3, listen);
  const seconds = Number(document.body.dataset.refresh || 0);
  if (seconds) every(seconds, refresh);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
})();
