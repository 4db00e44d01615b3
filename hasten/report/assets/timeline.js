// A timeline on a canvas: lines of spans, zoom by wheel, move by dragging. Texts are drawn or set as text, never as markup.
(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("spans").textContent);
  const canvas = document.querySelector("#timeline canvas"), hover = document.getElementById("hover");
  const colours = ["#c2703d", "#6a7fb5", "#2f8f83", "#8a8f98", "#d9a5a0", "#7d6aa8"];
  const pathColours = ["#7d6aa8", "#b5486a", "#c99a2e", "#9aa5b1", "#2f8f83", "#c2703d", "#6a7fb5", "#8a8f98", "#d9a5a0", "#d0d4da"];
  const left = 150, row = 22, top = 24;
  let from = 0, to = Math.max(data.end, 1), drag = null;
  data.lines.forEach((line) => line.spans.sort((a, b) => a[0] - b[0]));
  const height = top + row * data.lines.length + 6;

  const colour = (index) => (index >= 10 ? pathColours[index - 10] : colours[index]) || "#8a8f98";
  const text = (ns) => (ns >= 1e9 ? (ns / 1e9).toFixed(3) + " s" : ns >= 1e6 ? (ns / 1e6).toFixed(3) + " ms" : (ns / 1e3).toFixed(3) + " us");

  // The first span that may reach into the window; spans of a line hardly overlap, so a few before it are enough.
  function first(spans, time) {
    let low = 0, high = spans.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (spans[middle][0] < time) low = middle + 1; else high = middle;
    }
    return Math.max(0, low - 64);
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth;
    canvas.style.height = height + "px";
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const ctx = canvas.getContext("2d");
    ctx.scale(ratio, ratio);
    const ink = getComputedStyle(document.body).color, scale = (width - left) / (to - from);
    ctx.font = "12px system-ui, sans-serif";
    ctx.fillStyle = ink;
    ctx.fillText(text(from), left, 12);
    const endText = text(to);
    ctx.fillText(endText, width - ctx.measureText(endText).width, 12);
    data.lines.forEach((line, k) => {
      const y = top + k * row;
      ctx.fillStyle = ink;
      ctx.fillText(line.label, 0, y + 14, left - 8);
      let drawn = -1;
      for (let i = first(line.spans, from); i < line.spans.length; ++i) {
        const [start, dur, name, kind] = line.spans[i];
        if (start > to) break;
        const x0 = left + Math.max(0, (start - from) * scale), x1 = left + (start + dur - from) * scale;
        if (x1 < left || x1 <= drawn) continue;
        const w = Math.max(x1 - x0, 0.6);
        drawn = x0 + w;
        ctx.fillStyle = colour(kind);
        ctx.fillRect(x0, y, w, row - 4);
        if (w > 60) {
          ctx.save();
          ctx.beginPath();
          ctx.rect(x0, y, w - 2, row - 4);
          ctx.clip();
          ctx.fillStyle = "#fff";
          ctx.fillText(data.names[name], x0 + 3, y + 13);
          ctx.restore();
        }
      }
    });
  }

  function at(event) {
    const box = canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
    return { x, y, time: from + ((x - left) / (box.width - left)) * (to - from), line: data.lines[Math.floor((y - top) / row)] };
  }

  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { time } = at(event), factor = Math.exp(Math.sign(event.deltaY) * 0.25);
    const span = Math.min(Math.max((to - from) * factor, 100), data.end);
    from = Math.max(0, time - (time - from) * (span / (to - from)));
    to = Math.min(data.end, from + span);
    from = Math.max(0, to - span);
    draw();
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => { drag = { x: event.clientX, from, to }; canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener("pointerup", () => { drag = null; });
  canvas.addEventListener("dblclick", () => { from = 0; to = data.end; draw(); });
  canvas.addEventListener("keydown", (event) => {
    const span = to - from, step = { ArrowLeft: -0.2, ArrowRight: 0.2 }[event.key];
    if (step) { from = Math.min(Math.max(0, from + step * span), data.end - span); to = from + span; draw(); }
  });
  canvas.addEventListener("pointerleave", () => { hover.style.display = "none"; });
  canvas.addEventListener("pointermove", (event) => {
    if (drag) {
      const shift = ((drag.x - event.clientX) / (canvas.clientWidth - left)) * (drag.to - drag.from);
      const span = drag.to - drag.from;
      from = Math.min(Math.max(0, drag.from + shift), Math.max(0, data.end - span));
      to = from + span;
      draw();
      return;
    }
    const { x, y, time, line } = at(event), near = ((to - from) / canvas.clientWidth) * 2;
    const span = line && line.spans.slice(first(line.spans, time)).find((s) => s[0] - near <= time && time <= s[0] + s[1] + near);
    hover.style.display = span ? "block" : "none";
    if (!span) return;
    hover.textContent = data.names[span[2]] + ", " + text(span[1]) + " from " + text(span[0]);
    hover.style.left = Math.min(x + 12, canvas.clientWidth - 260) + "px";
    hover.style.top = y + 16 + "px";
  });
  window.addEventListener("resize", draw);
  draw();
})();
