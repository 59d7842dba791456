"use strict";
// A heat map of any two settings: the mean over all members that have both values.
R.heatmap = (() => {
  const { data, el } = R;
  const BINS = 8, FEW = 14; // distinct numbers; beyond, they fall into bins

  // Returns the cells of an axis: texts, and the place of a member's value.
  function cells(name) {
    const values = data.members.map((m) => m.settings[name] ?? null);
    const distinct = [...new Set(values.map((v) => JSON.stringify(v)))].map((v) => JSON.parse(v)).filter((v) => v !== null);
    if (distinct.every((v) => typeof v === "number")) {
      distinct.sort((a, b) => a - b);
      if (distinct.length > FEW) return bins(distinct);
    } else distinct.sort((a, b) => R.text(a).localeCompare(R.text(b), "en", { numeric: true }));
    const keys = distinct.map((v) => JSON.stringify(v));
    return { texts: distinct.map(R.text), place: (v) => keys.indexOf(JSON.stringify(v ?? null)) };
  }

  function bins(sorted) {
    const low = sorted[0], high = sorted[sorted.length - 1];
    const log = low > 0 && high / low >= 30;
    const to = log ? Math.log : (v) => v, back = log ? Math.exp : (v) => v;
    const edges = Array.from({ length: BINS + 1 }, (_, i) => back(to(low) + ((to(high) - to(low)) * i) / BINS));
    return {
      texts: edges.slice(0, -1).map((e, i) => `${R.number(e, 2)} to ${R.number(edges[i + 1], 2)}`),
      place: (v) => (typeof v !== "number" ? -1 : Math.min(BINS - 1, Math.max(0, Math.floor((BINS * (to(v) - to(low))) / (to(high) - to(low)))))),
    };
  }

  function table(x, y, metric) {
    const [across, down] = [cells(x), cells(y)], sums = new Map();
    for (const member of data.members) {
      const value = member.metrics[metric], at = [across.place(member.settings[x]), down.place(member.settings[y])];
      if (value === null || member.lost || at[0] < 0 || at[1] < 0) continue;
      const held = sums.get(at.join()) || { at, values: [] };
      held.values.push(value);
      sums.set(at.join(), held);
    }
    const found = [...sums.values()].map(({ at, values }) => ({ at, n: values.length, mean: values.reduce((a, b) => a + b) / values.length }));
    return { across, down, found };
  }

  // The pair that fills most cells says most.
  function firstPair(names) {
    let best = [names[0], names[1]], most = -1;
    for (let i = 0; i < names.length; i++) for (let j = 0; j < i; j++) {
      const { across, down, found } = table(names[j], names[i], data.metrics[0].name);
      const seeds = names[i] === "seed" || names[j] === "seed" ? 0.1 : 1;
      const score = seeds * found.length * (found.length / Math.max(1, across.texts.length * down.texts.length));
      if (score > most) [best, most] = [[names[j], names[i]], score];
    }
    return best;
  }

  function begin(part) {
    const names = data.settings;
    if (names.length < 2) return;
    const [x, y] = firstPair(names);
    const state = { x, y, metric: data.selected ? data.selection : data.metrics[0].name };
    const place = el("div", { className: "chart" });
    const options = names.map((name) => [name, R.words(name)]);
    const pick = (key, label, given) => R.select(label, given, state[key], (v) => { state[key] = v; view.draw(); }).label;
    part.append(
      el("h3", {}, "Heat map"),
      el("p", { className: "soft" }, "Mean over all members that ended well and have both values; members without one of the settings are left out."),
      el("div", { className: "controls" }, pick("x", "across", options), pick("y", "down", options), pick("metric", "metric", data.metrics.map((m) => [m.name, R.words(m.name)]))), place);
    const view = R.chart(place, () => `Heat map of ${R.words(state.metric)} over ${R.words(state.x)} and ${R.words(state.y)}`, () => {
      const { across, down, found } = table(state.x, state.y, state.metric);
      const means = found.map((f) => f.mean), low = Math.min(...means), high = Math.max(...means);
      place.style.height = `${Math.min(660, 180 + 44 * down.texts.length)}px`;
      const roomy = across.texts.length <= (R.narrow() ? 5 : 14);
      const longest = Math.max(...down.texts.map((t) => t.length), 4);
      const tilted = 7 * across.texts.join("").length + 12 * across.texts.length > place.clientWidth - 150;
      const left = Math.min(R.narrow() ? 110 : 220, 46 + 6.4 * longest);
      if (!found.length) return { xAxis: { show: false }, yAxis: { show: false }, series: [] };
      return {
        grid: { left, right: 16, top: 8, bottom: tilted ? 138 : 104 },
        xAxis: { type: "category", data: across.texts, ...R.axis(R.words(state.x), { scale: undefined, nameGap: tilted ? 62 : 28 }), splitLine: { show: false }, axisLabel: { color: R.style("--soft"), fontSize: 11, interval: 0, hideOverlap: !tilted, rotate: tilted ? 40 : 0, width: tilted ? 76 : (place.clientWidth - left - 16) / across.texts.length - 6, overflow: "truncate" } },
        yAxis: { type: "category", data: down.texts, inverse: true, ...R.axis(R.words(state.y), { scale: undefined, nameGap: left - 18 }), splitLine: { show: false }, axisLabel: { color: R.style("--soft"), fontSize: 11, width: left - 40, overflow: "truncate" } },
        visualMap: { type: "continuous", dimension: 2, min: low, max: Math.max(high, low + 1e-9), orient: "horizontal", left: "center", bottom: 0, itemHeight: 140, itemWidth: 12, inRange: { color: R.viridis }, text: [`${R.words(state.metric)} ${R.number(high)}`, R.number(low)], textStyle: { color: R.style("--ink"), fontSize: 11 } },
        tooltip: { trigger: "item", formatter: (p) => R.tip(`${R.words(state.x)} ${across.texts[p.value[0]]}, ${R.words(state.y)} ${down.texts[p.value[1]]}`, [[R.words(state.metric), R.number(p.value[2])], ["members", String(p.value[3])]]) },
        series: [{
          type: "heatmap", itemStyle: { borderColor: R.style("--ground"), borderWidth: 2 }, emphasis: { itemStyle: { borderColor: R.style("--ink") } },
          data: found.map((f) => ({ value: [...f.at, f.mean, f.n], label: { color: (f.mean - low) / Math.max(high - low, 1e-12) > 0.6 ? "#111" : "#fff" } })),
          label: { show: roomy, fontSize: 11, formatter: (p) => R.number(p.value[2], 3) },
        }],
      };
    });
    R.heatmap.view = view;
    R.heatmap.state = state;
  }
  return { begin, table };
})();
