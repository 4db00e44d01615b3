// A timeline on a canvas: lines of spans, zoom by wheel, move by dragging. Texts are drawn or set as text, never as markup.
(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("spans").textContent);
  const canvas = document.querySelector("#timeline canvas"), hover = document.getElementById("hover");
  const legend = document.getElementById("legend"), root = document.documentElement;
  // By kind, in the order of the critical path's kinds: a cause of idle time has the colour of what caused it.
  const colours = ["#7d6aa8", "#b5486a", "#b98a1e", "#8fa0b3", "#2f8f83", "#c2703d", "#5576bd", "#78808a", "#cf938d", "#c3c9d1"];
  const row = 22, top = 30;
  let from = 0, to = Math.max(data.end, 1), drag = null, left = 60;

  const used = new Set();
  data.lines.forEach((line) => {
    line.spans.sort((a, b) => a[0] - b[0]);
    let latest = -Infinity;  // end of all spans so far, since one may reach over many that come after it
    line.ends = line.spans.map((span) => (latest = Math.max(latest, span[0] + span[1])));
    line.spans.forEach((span) => used.add(span[3]));
  });
  const height = top + row * data.lines.length + 6;

  data.kinds.forEach((name, kind) => {
    if (!used.has(kind)) return;
    const item = document.createElement("span"), dot = document.createElement("span");
    dot.className = "dot";
    dot.style.background = colours[kind];
    item.append(dot, name);
    legend.append(item);
  });

  const unit = (ns) => (ns >= 1e9 ? [1e9, " s"] : ns >= 1e6 ? [1e6, " ms"] : [1e3, " us"]);
  const text = (ns) => (ns / unit(ns)[0]).toFixed(3) + unit(ns)[1];

  // Round times, a few to the window, with as many digits as tell them apart.
  function ticks(most) {
    const rough = (to - from) / most, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((k) => k * power).find((size) => size >= rough);
    const [size, name] = unit(to), digits = Math.max(0, Math.ceil(-Math.log10(step / size) - 1e-9));
    const list = [];
    for (let k = Math.ceil(from / step); k * step <= to; ++k) list.push([k * step, ((k * step) / size).toFixed(digits) + name]);
    return list;
  }

  // The first span that ends at or after a time.
  function first(line, time) {
    let low = 0, high = line.ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (line.ends[middle] < time) low = middle + 1; else high = middle;
    }
    return low;
  }

  function drawLine(ctx, line, y, width) {
    const scale = (width - left) / (to - from);
    let drawn = -1, count = 0;
    for (let i = first(line, from); i < line.spans.length; ++i) {
      const [start, dur, name, kind] = line.spans[i];
      if (start > to) break;
      const x0 = left + Math.max(0, (start - from) * scale), x1 = Math.min(width, left + (start + dur - from) * scale);
      if (x1 < left || x1 <= drawn) continue;
      const w = Math.max(x1 - x0, 0.6);
      drawn = x0 + w;
      ++count;
      ctx.fillStyle = colours[kind];
      ctx.fillRect(x0, y, w, row - 4);
      if (w < 40) continue;
      ctx.save();
      ctx.beginPath();
      ctx.rect(x0, y, w - 2, row - 4);
      ctx.clip();
      ctx.fillStyle = kind === 9 || kind === 8 || kind === 3 ? "#16202c" : "#fff";
      ctx.fillText(data.names[name], x0 + 4, y + 13);
      ctx.restore();
    }
    return count;
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, style = getComputedStyle(root);
    canvas.style.height = height + "px";
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const ctx = canvas.getContext("2d");
    ctx.scale(ratio, ratio);
    ctx.font = "12px system-ui, sans-serif";
    left = Math.min(Math.max(...data.lines.map((line) => ctx.measureText(line.label).width), 40) + 12, width / 3);
    for (const [time, label] of ticks(Math.max(2, Math.floor((width - left) / 130)))) {
      const x = left + ((time - from) / (to - from)) * (width - left), half = ctx.measureText(label).width / 2;
      ctx.fillStyle = style.getPropertyValue("--line");
      ctx.fillRect(x, top - 8, 1, height - top);
      ctx.fillStyle = style.getPropertyValue("--soft");
      ctx.fillText(label, Math.min(Math.max(x - half, left), width - 2 * half), 12);
    }
    let count = 0;
    data.lines.forEach((line, k) => {
      ctx.fillStyle = style.getPropertyValue("--ink");
      ctx.fillText(line.label, 0, top + k * row + 13, left - 8);
      count += drawLine(ctx, line, top + k * row, width);
    });
    Object.assign(canvas.dataset, { from: Math.round(from), to: Math.round(to), drawn: count });  // for who tests the page
  }

  function at(event) {
    const box = canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
    return { x, y, time: from + ((x - left) / (box.width - left)) * (to - from), line: data.lines[Math.floor((y - top) / row)] };
  }

  // Makes the window `factor` times as long; what is at `time` stays where it is.
  function zoom(time, factor) {
    const span = Math.min(Math.max((to - from) * factor, 100), data.end);
    from = Math.max(0, time - (time - from) * (span / (to - from)));
    to = Math.min(data.end, from + span);
    from = Math.max(0, to - span);
    draw();
  }

  function move(start, span) {
    from = Math.min(Math.max(0, start), Math.max(0, data.end - span));
    to = from + span;
    draw();
  }

  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { x, time } = at(event);
    if (x >= left) zoom(time, Math.exp(Math.sign(event.deltaY) * 0.25));
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    drag = { x: event.clientX, from, to };
    hover.style.display = "none";
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointerup", () => { drag = null; });
  canvas.addEventListener("pointercancel", () => { drag = null; });
  canvas.addEventListener("dblclick", () => { from = 0; to = data.end; draw(); });
  canvas.addEventListener("keydown", (event) => {
    const span = to - from, middle = (from + to) / 2;
    const act = {
      ArrowLeft: () => move(from - 0.2 * span, span), ArrowRight: () => move(from + 0.2 * span, span),
      "+": () => zoom(middle, 0.5), "=": () => zoom(middle, 0.5), "-": () => zoom(middle, 2), 0: () => zoom(middle, Infinity),
    }[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  canvas.addEventListener("pointerleave", () => { hover.style.display = "none"; });
  canvas.addEventListener("pointermove", (event) => {
    if (drag) {
      const span = drag.to - drag.from;
      move(drag.from + ((drag.x - event.clientX) / (canvas.clientWidth - left)) * span, span);
      return;
    }
    const { x, y, time, line } = at(event), near = ((to - from) / canvas.clientWidth) * 2;
    let span = null;
    if (line && x >= left) {
      for (let i = first(line, time - near); i < line.spans.length && line.spans[i][0] <= time + near; ++i) {
        const [start, dur] = line.spans[i];
        if (start + dur + near < time) continue;
        span = line.spans[i];
        if (start <= time && time <= start + dur) break;
      }
    }
    hover.style.display = span ? "block" : "none";
    if (!span) return;
    hover.textContent = data.names[span[2]] + ", " + text(span[1]) + " from " + text(span[0]);
    hover.style.left = Math.max(0, Math.min(x + 12, canvas.clientWidth - hover.offsetWidth)) + "px";
    hover.style.top = y + 16 + "px";
  });

  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const themed = () => { root.dataset.theme = dark.matches ? "dark" : "light"; draw(); };
  dark.addEventListener("change", themed);
  window.addEventListener("resize", draw);
  themed();
})();
