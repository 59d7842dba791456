"use strict";
// Figures, plan, time, config and environment.
R.facts = (() => {
  const { data, el } = R;
  const PARTS = ["compile", "run", "evaluate"];

  function table(head, lines, numbers = []) {
    return el("div", { className: "scroll", tabindex: "0", role: "region", "aria-label": head[0] }, el("table", {},
      el("thead", {}, el("tr", {}, head.map((h, i) => el("th", { scope: "col", className: numbers.includes(i) ? "number" : "" }, h)))),
      el("tbody", {}, lines.map((line) => el("tr", {}, line.map((cell, i) => (i ? el("td", { className: numbers.includes(i) ? "number" : "" }, cell) : el("th", { scope: "row" }, cell))))))));
  }

  function figures() {
    if (!data.figures.length) return;
    const part = R.section("figures", "Figures");
    for (const figure of data.figures) {
      part.append(el("figure", {}, el("figcaption", {}, figure.name), el("div", { className: "scroll", tabindex: "0", role: "region", "aria-label": figure.name }, el("img", { src: figure.src, alt: `figure: ${figure.name}` }))));
    }
  }

  const total = (part) => data.groups.reduce((sum, g) => sum + (g.seconds[part] || 0), 0);

  function plan() {
    const part = R.section("plan", "Plan and time");
    const all = PARTS.map(total), sum = all.reduce((a, b) => a + b);
    const shares = PARTS.map((name, i) => `${name} ${R.number(all[i], 3)} s (${sum ? Math.round((100 * all[i]) / sum) : 0} %)`);
    const lines = data.groups.map((g) => [g.group, g.model, g.dataset || "", String(g.members), String(g.there), String(g.diverged), R.number(g.steps), g.parameters === null ? "–" : g.parameters.toLocaleString("en"), g.executor || "–", ...PARTS.map((p) => R.number(g.seconds[p], 3)), R.number(g.recompiles)]);
    part.append(
      el("p", { className: "soft" }, `A group is one compiled program. ${R.number(sum, 4)} s in all: ${shares.join(", ")}; seconds are of the process that ended the group.`),
      table(["group", "model", "data", "members", "there", "diverged", "steps", "parameters", "executor", "compile s", "run s", "evaluate s", "recompiles"], lines, [3, 4, 5, 6, 7, 9, 10, 11, 12]));
    if (!sum) return;
    const place = el("div", { className: "chart" });
    place.style.height = `${Math.min(900, 110 + 30 * data.groups.length)}px`;
    part.append(el("h3", {}, "Where the seconds went"), place);
    R.chart(place, () => `Seconds by group: ${shares.join(", ")}`, () => {
      const colours = R.colours(), left = R.narrow() ? 110 : 190;
      return {
        grid: { left, right: 20, top: 8, bottom: 74 },
        legend: { bottom: 0, textStyle: { color: R.style("--ink"), fontSize: 11 } },
        xAxis: { type: "value", ...R.axis("seconds", { scale: false }) },
        yAxis: { type: "category", inverse: true, data: data.groups.map((g) => g.group), ...R.axis("", { scale: undefined }), splitLine: { show: false }, axisLabel: { color: R.style("--soft"), fontSize: 11, width: left - 12, overflow: "truncate" } },
        tooltip: { trigger: "axis", axisPointer: { type: "shadow" }, formatter: (found) => R.tip(found[0].name, found.map((f) => [f.seriesName, `${R.number(f.value, 3)} s`, f.color])) },
        aria: { enabled: true, decal: { show: true }, label: { description: `Seconds by group: ${shares.join(", ")}` } },
        series: PARTS.map((name, i) => ({ type: "bar", stack: "all", name, itemStyle: { color: colours[i] }, data: data.groups.map((g) => g.seconds[name] || 0) })),
      };
    });
  }

  function config() {
    const part = R.section("config", "Config and environment");
    const { fields, swept, data: prints, hash } = data.config;
    const lines = Object.entries(fields).filter(([name]) => !swept.includes(name)).map(([name, value]) => [name, R.text(value)]);
    lines.push(...swept.map((name) => [name, "swept"]));
    if (hash) lines.push(["hash", hash]);
    const made = Object.entries(data.environment).map(([name, values]) => [name, values.join("; ")]);
    made.push(...Object.entries(prints).map(([name, print]) => [name, `fingerprint ${print}`]));
    part.append(el("div", { className: "facts" }, el("div", {}, el("h3", {}, "Config"), table(["field", "value"], lines)), el("div", {}, el("h3", {}, "Environment"), table(["what", "value"], made))));
  }
  return { figures, plan, config };
})();
