// Draws the charts of a report from the JSON in the page, and handles theme, axes and downloads.
"use strict";
(() => {
  const pages = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const palettes = {
    light: ["#64748b", "#0d9488", "#d97706", "#7c3aed", "#db2777", "#2563eb", "#65a30d", "#b91c1c"],
    dark: ["#94a3b8", "#2dd4bf", "#fbbf24", "#a78bfa", "#f472b6", "#60a5fa", "#a3e635", "#f87171"],
  };
  const theme = () => (root.dataset.theme === "dark" ? "dark" : "light");
  const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const color = (index) => palettes[theme()][index % 8];
  const wash = (hex, alpha) => hex + Math.round(alpha * 255).toString(16).padStart(2, "0");
  const short = (x) => (x === null ? "" : Math.abs(x) >= 1e5 || (x !== 0 && Math.abs(x) < 1e-3) ? x.toExponential(2) : String(+x.toPrecision(5)));

  // A dashed line across the plot with a word on it.
  const ruler = {
    id: "ruler",
    afterDatasetsDraw(chart, _args, options) {
      for (const line of options.lines || []) {
        const at = chart.scales.y.getPixelForValue(line.y);
        const area = chart.chartArea;
        if (!(at >= area.top - 1 && at <= area.bottom + 1)) continue;
        const context = chart.ctx;
        context.save();
        context.strokeStyle = css("--soft");
        context.fillStyle = css("--soft");
        context.setLineDash([6, 4]);
        context.beginPath();
        context.moveTo(area.left, at);
        context.lineTo(area.right, at);
        context.stroke();
        context.font = "12px system-ui, sans-serif";
        context.textAlign = "right";
        context.strokeStyle = css("--card");
        context.setLineDash([]);
        context.lineWidth = 4;
        context.strokeText(line.label, area.right - 4, at - 5);
        context.fillText(line.label, area.right - 4, at - 5);
        context.restore();
      }
    },
  };
  Chart.register(ruler);

  const groupIndex = (page, name) => page.groups.findIndex((group) => group.name === name);
  const runName = (run) => (run.seed === null ? run.id : `${run.group}${run.budget ? " @ " + run.budget : ""}, seed ${run.seed}`);

  // Quality against cost within each run. The early climb would squeeze the part that matters, so the axis starts where
  // the later half of all curves lies.
  function learning(page) {
    const datasets = page.runs.filter((run) => run.series.length > 1).map((run) => ({
      label: runName(run), data: run.series.map(([x, y]) => ({ x, y })), group: run.group,
      borderColor: wash(color(groupIndex(page, run.group)), 0.85), backgroundColor: color(groupIndex(page, run.group)),
      borderWidth: 1.6, pointRadius: run.series.length > 60 ? 0 : 2, pointHoverRadius: 5, tension: 0,
    }));
    const later = page.runs.flatMap((run) => run.series.slice(Math.floor(run.series.length / 3)).map((at) => at[1]));
    // One run of a search that went wrong does not squeeze all others.
    later.sort((a, b) => a - b);
    const at = (share) => later[Math.round(share * (later.length - 1))];
    const ends = page.target === null ? [at(0.02), at(0.98)] : [at(0.02), at(0.98), page.target];
    const low = Math.min(...ends), high = Math.max(...ends), pad = (high - low) * 0.08 || 0.01;
    return { datasets, x: page.cost_label, y: page.metric, range: [low - pad, high + pad], lines: targetLine(page) };
  }

  // Final quality against cost of the runs that count (of a search, the best trials), and each group's curve through the means of its
  // budgets. Cyclic points are a curve of their own, dashed.
  function tradeoff(page) {
    const datasets = [];
    page.groups.forEach((group, index) => {
      for (const kind of ["standard", "cyclic"]) {
        const points = group.points.filter((at) => at.kind === kind);
        if (points.length === 0) continue;
        const name = group.name + (kind === "cyclic" ? " (cyclic)" : "");
        const counted = new Set(points.flatMap((at) => at.runs));
        const seeds = page.runs.filter((run) => run.group === group.name && counted.has(run.id) && run.quality !== null && run.costs[page.cost] !== null);
        const means = points.filter((at) => at.quality && at.costs[page.cost])
          .map((at) => ({ x: at.costs[page.cost].mean, y: at.quality.mean, label: `mean of ${at.quality.n}${at.budget ? " @ " + at.budget : ""}` }));
        datasets.push({
          type: "scatter", label: name + ", runs", group: group.name, pointRadius: 3.5, pointHoverRadius: 6, order: 0,
          backgroundColor: color(index), borderColor: css("--card"),
          data: seeds.map((run) => ({ x: run.costs[page.cost], y: run.quality, label: runName(run) })),
        });
        datasets.push({
          label: name, group: group.name, data: means, borderColor: color(index), backgroundColor: wash(color(index), 0.3), borderWidth: 2,
          borderDash: kind === "cyclic" ? [6, 4] : [], pointStyle: "rectRot", pointRadius: 9, pointHoverRadius: 11, order: 1,
        });
        if (means.length > 1) datasets.push(...spreadBand(page, points, index));
      }
    });
    return { datasets, x: page.cost_label, y: page.metric, lines: targetLine(page) };
  }

  // One standard deviation of the seeds around the curve.
  function spreadBand(page, all, index) {
    const points = all.filter((at) => at.quality && at.quality.sd !== null && at.costs[page.cost]);
    const edge = (sign) => points.map((at) => ({ x: at.costs[page.cost].mean, y: at.quality.mean + sign * at.quality.sd }));
    return band(index, edge(1), edge(-1));
  }

  // The area between two lines, without points or words.
  function band(index, high, low) {
    const style = { borderWidth: 0, pointRadius: 0, pointHitRadius: 0, backgroundColor: wash(color(index), 0.18), quiet: true };
    return [{ ...style, label: "", data: high }, { ...style, label: "", data: low, fill: "-1" }];
  }

  function speedup(page) {
    const datasets = [];
    for (const pair of page.pairs) {
      const index = groupIndex(page, pair.method);
      const known = pair.speedup_by_target.filter((at) => at.speedup !== null);
      const edge = (key) => known.filter((at) => at.low !== null && at.high !== null).map((at) => ({ x: at.quality, y: at[key] }));
      datasets.push(...band(index, edge("high"), edge("low")));
      datasets.push({
        label: pair.method, group: pair.method, borderColor: color(index), backgroundColor: color(index), borderWidth: 2.2,
        pointRadius: 2, pointHoverRadius: 6,
        data: known.map((at) => ({ x: at.quality, y: at.speedup, label: at.low === null ? "" : `${short(at.low)} to ${short(at.high)}x` })),
      });
    }
    return { datasets, x: page.metric + " reached", y: "speedup in " + page.cost_label, lines: [{ y: 1, label: "no difference" }] };
  }

  // What the same cost buys: near the plateau, where any cost reaches the target, this says more than a speedup.
  function gain(page) {
    const datasets = [];
    for (const pair of page.pairs) {
      const index = groupIndex(page, pair.method);
      const known = pair.gain_by_cost.filter((at) => at.gain !== null);
      const edge = (key) => known.filter((at) => at.low !== null && at.high !== null).map((at) => ({ x: at.cost, y: at[key] }));
      datasets.push(...band(index, edge("high"), edge("low")));
      datasets.push({
        label: pair.method, group: pair.method, borderColor: color(index), backgroundColor: color(index), borderWidth: 2.2,
        pointRadius: 3, pointHoverRadius: 6,
        data: known.map((at) => ({ x: at.cost, y: at.gain, label: at.low === null ? "" : `${short(at.low)} to ${short(at.high)}` })),
      });
    }
    return { datasets, x: page.cost_label, y: "gain in " + page.metric, lines: [{ y: 0, label: "no difference" }] };
  }

  // Share of workloads within a factor of the best group, for several workloads at once.
  function profile() {
    const names = [...new Set(pages.flatMap((page) => page.groups.map((group) => group.name)))];
    const cost = (page, name) => {
      const group = page.groups.find((one) => one.name === name);
      if (!group || !group.reaches_target || !group.times[page.variant]) return Infinity;
      return group.times[page.variant].mean ?? Infinity;
    };
    const ratios = names.map((name) => pages.map((page) => {
      const best = Math.min(...names.map((other) => cost(page, other)));
      return cost(page, name) / best;
    }));
    const steps = Array.from({ length: 151 }, (_, i) => 1 + (3 * i) / 150);
    const datasets = names.map((name, i) => ({
      label: name, group: name, stepped: true, borderColor: color(i), backgroundColor: color(i), borderWidth: 2.2, pointRadius: 0,
      data: steps.map((tau) => ({ x: tau, y: ratios[i].filter((ratio) => ratio <= tau).length / pages.length })),
    }));
    return { datasets, x: "time relative to the best group", y: "share of workloads reached", range: [0, 1.02], lines: [] };
  }

  const targetLine = (page) => (page.target === null ? [] : [{ y: page.target, label: "target " + short(page.target) }]);
  const kinds = { learning, tradeoff, speedup, gain, profile };
  const charts = [];

  function options(spec, logX) {
    const axis = (text, type) => ({
      type, title: { display: true, text, color: css("--soft") }, ticks: { color: css("--soft"), maxRotation: 0, includeBounds: false, callback: (x) => short(x) },
      grid: { color: css("--line") },
    });
    const y = axis(spec.y, "linear");
    if (spec.range) [y.min, y.max] = spec.range;
    else {
      y.grace = "6%"; // points at the edge are seen whole
      if (spec.lines.length > 0) y.suggestedMin = y.suggestedMax = spec.lines[0].y;
    }
    return {
      responsive: true, maintainAspectRatio: false, animation: false, parsing: false, normalized: false,
      interaction: { mode: "nearest", intersect: false },
      scales: { x: axis(spec.x, logX ? "logarithmic" : "linear"), y },
      plugins: {
        ruler: { lines: spec.lines },
        legend: { display: true, position: "bottom", onClick: toggleGroup,
          labels: { color: css("--ink"), boxWidth: 12, boxHeight: 12, useBorderRadius: true, generateLabels: groupLabels } },
        tooltip: {
          filter: (item) => !item.dataset.quiet,
          callbacks: {
            title: () => "",
            label: (item) => `${item.raw.label ? item.dataset.label.replace(/, runs$/, "") + ", " + item.raw.label : item.dataset.label}: ${short(item.raw.y)} at ${short(item.raw.x)}`,
          },
        },
      },
    };
  }

  // One legend entry per group, however many lines it has.
  function groupLabels(chart) {
    const seen = new Map();
    chart.data.datasets.forEach((set, index) => {
      if (set.group && !seen.has(set.group)) seen.set(set.group, { text: set.group, fillStyle: set.backgroundColor, strokeStyle: set.borderColor, fontColor: css("--ink"), lineWidth: 0, hidden: !chart.isDatasetVisible(index), group: set.group });
    });
    return [...seen.values()];
  }
  function toggleGroup(_event, item, legend) {
    legend.chart.data.datasets.forEach((set, index) => {
      if (set.group === item.group) legend.chart.setDatasetVisibility(index, item.hidden);
    });
    legend.chart.update();
  }

  function draw() {
    for (const chart of charts.splice(0)) chart.destroy();
    for (const figure of document.querySelectorAll("figure[data-kind]")) {
      const spec = kinds[figure.dataset.kind](pages[Number(figure.dataset.page)]);
      const button = figure.querySelector("button");
      const logX = button !== null && button.getAttribute("aria-pressed") === "true";
      figure.dataset.points = String(spec.datasets.reduce((sum, set) => sum + (set.quiet ? 0 : set.data.length), 0));
      charts.push(new Chart(figure.querySelector("canvas"), { type: "line", data: { datasets: spec.datasets }, options: options(spec, logX) }));
    }
    for (const dot of document.querySelectorAll(".dot")) dot.style.background = color(Number(dot.dataset.index));
    root.dataset.drawn = String(charts.length);
  }

  for (const button of document.querySelectorAll("figure button")) {
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      draw();
    });
  }
  document.getElementById("theme").addEventListener("click", () => {
    root.dataset.theme = theme() === "dark" ? "light" : "dark";
    draw();
  });
  for (const button of document.querySelectorAll("button[data-save]")) {
    button.addEventListener("click", () => {
      const text = document.getElementById(button.dataset.save).textContent;
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
      link.download = button.dataset.name;
      link.click();
      URL.revokeObjectURL(link.href);
    });
  }
  if (!root.dataset.theme) root.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  draw();
})();
