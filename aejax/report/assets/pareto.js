"use strict";
// The declared pair: variants, their seeds, and the front of the means.
R.pareto = (() => {
  const { data, el } = R;

  function begin() {
    if (!data.pareto) return;
    const { names, points, fronts, notes } = data.pareto;
    const [x, y] = names.map(R.words);
    const part = R.section("pareto", "Pareto front");
    part.append(el("p", { className: "soft" }, "Large: mean over seeds, with standard deviations; small: seeds. The line is the front: variants that no other is as good as in both quantities and better in one. ", notes.join(" ")));
    if (!points.length) return;
    const datasets = [...new Set(points.map((p) => p.dataset))];
    const models = [...new Set(points.map((p) => data.variants[p.variant].model))];
    for (const dataset of datasets) {
      const mine = points.filter((p) => p.dataset === dataset);
      const at = new Map(mine.map((p) => [p.variant, p]));
      const front = fronts[dataset].map((i) => at.get(i));
      const place = el("div", { className: "chart" });
      if (datasets.length > 1) part.append(el("h3", {}, dataset));
      part.append(place);
      const short = (p) => data.variants[p.variant].label.split(" · ")[1] || data.variants[p.variant].model;
      R.chart(place, `${y} against ${x} on ${dataset}; on the front: ${front.map((p) => data.variants[p.variant].label).join("; ")}`, () => {
        const colours = R.colours();
        const colour = (p) => colours[models.indexOf(data.variants[p.variant].model) % colours.length];
        const symbol = (p) => R.symbols[models.indexOf(data.variants[p.variant].model) % R.symbols.length];
        const tipOf = (p) => R.tip(data.variants[p.variant].label, [[x, R.spread(p.x)], [y, R.spread(p.y)], ["seeds", String(p.ids.length)], ["on the front", p.front ? "yes" : "no"]]);
        // What an axis has to hold: seeds, and bars to their ends.
        const range = (axis) => {
          const all = mine.flatMap((p) => [...p[axis].values, p[axis].mean - (p[axis].sd || 0), p[axis].mean + (p[axis].sd || 0)]);
          const low = Math.min(...all), high = Math.max(...all), room = (high - low || Math.abs(high) || 1) * 0.05;
          return { min: Number((low - room).toPrecision(3)), max: Number((high + room).toPrecision(3)) };
        };
        const bars = mine.map((p) => [p.x.mean, p.y.mean, p.x.sd || 0, p.y.sd || 0]);
        return {
          grid: { left: 62, right: R.narrow() ? 60 : 110, top: 24, bottom: models.length > 1 ? 82 : 48 },
          legend: models.length > 1 ? { type: "scroll", bottom: 0, data: models, textStyle: { color: R.style("--ink"), fontSize: 11 } } : undefined,
          xAxis: { type: "value", ...R.ranged(x, range("x")) }, yAxis: { type: "value", ...R.ranged(y, { nameGap: 46, ...range("y") }) },
          tooltip: { trigger: "item", formatter: (p) => (p.data && p.data.point ? tipOf(p.data.point) : "") },
          series: [
            { type: "line", step: "end", data: front.map((p) => [p.x.mean, p.y.mean]), showSymbol: false, silent: true, lineStyle: { color: R.style("--soft"), width: 1.5 }, z: 1 },
            {
              type: "custom", silent: true, data: bars, encode: { x: 0, y: 1 }, clip: true, z: 2,
              renderItem: (params, api) => {
                const [cx, cy, sx, sy] = [0, 1, 2, 3].map((i) => api.value(i));
                const line = (a, b) => { const [u, v] = [api.coord(a), api.coord(b)]; return { type: "line", shape: { x1: u[0], y1: u[1], x2: v[0], y2: v[1] }, style: { stroke: colour(mine[params.dataIndex]), lineWidth: 1.2 } }; };
                return { type: "group", children: [line([cx - sx, cy], [cx + sx, cy]), line([cx, cy - sy], [cx, cy + sy])] };
              },
            },
            { type: "scatter", symbolSize: 4, z: 2, data: mine.flatMap((p) => p.x.values.map((v, i) => ({ value: [v, p.y.values[i]], point: p, itemStyle: { color: colour(p), opacity: 0.55 } }))) },
            ...models.map((model) => ({
              type: "scatter", name: model, symbolSize: 12, z: 3, itemStyle: { color: colours[models.indexOf(model) % colours.length] }, symbol: R.symbols[models.indexOf(model) % R.symbols.length],
              data: mine.filter((p) => data.variants[p.variant].model === model).map((p) => ({
                value: [p.x.mean, p.y.mean], point: p, symbol: symbol(p), itemStyle: { color: colour(p), borderColor: R.style("--ink"), borderWidth: p.front ? 2 : 0, opacity: p.front ? 1 : 0.7 },
                label: { show: p.front && front.length <= 12, position: [15, -9], formatter: () => short(p), color: R.style("--soft"), fontSize: 11 },
              })),
              labelLayout: { hideOverlap: true },
            })),
          ],
        };
      });
    }
  }
  return { begin };
})();
