"use strict";
// Curves with the pointer on them: mean over seeds, a band from the lowest to the highest.
R.curves = (() => {
  const { data, el } = R;
  const NAMED = 14; // lines in a tooltip

  function begin() {
    const part = R.section("curves", "Curves");
    if (!data.curves.lines.length) {
      part.append(el("p", { className: "soft" }, "There are no arrays beside the rows, so there are no curves."));
      return;
    }
    const names = (split) => [...new Set(data.curves.lines.filter((c) => c.split === split).map((c) => c.term))];
    const splits = ["valid", "train"].filter((split) => names(split).length);
    const state = { split: splits[0], term: "", model: "all", log: false, bands: true };
    state.term = names(state.split).includes("mse_per_image") ? "mse_per_image" : names(state.split)[0];
    const place = el("div", { className: "chart" });
    const term = R.select("quantity", names(state.split), state.term, (v) => { state.term = v; view.draw(); });
    const split = R.select("rows", splits.map((s) => [s, { valid: "validation", train: "training" }[s]]), state.split, (v) => {
      state.split = v;
      if (!names(v).includes(state.term)) state.term = names(v).includes("loss") ? "loss" : names(v)[0];
      R.fill(term.box, names(v), state.term);
      view.draw();
    });
    const model = R.select("model", [["all", "all models"], ...R.models], "all", (v) => { state.model = v; view.draw(); });
    part.append(
      el("p", { className: "soft" }, "Line: mean over the seeds that ended well; band: lowest to highest seed; dotted with a cross: a seed that diverged.", data.curves.note ? ` ${data.curves.note}` : ""),
      el("div", { className: "controls" }, split.label, term.label, model.label,
        R.tick("logarithmic", false, (v) => { state.log = v; view.draw(); }), R.tick("bands", true, (v) => { state.bands = v; view.draw(); })),
      place);

    const mine = () => data.curves.lines.filter((c) => c.split === state.split && c.term === state.term && (state.model === "all" || data.variants[c.variant].model === state.model));

    function looks(curves) {
      const colours = R.colours(), seen = new Map();
      const models = [...new Set(curves.map((c) => data.variants[c.variant].model))];
      return curves.map((c) => {
        const name = data.variants[c.variant].model, nth = seen.get(name) || 0;
        seen.set(name, nth + 1);
        // One model: a hue a variant. Several: a hue a model, a dash a variant.
        const hue = models.length > 1 ? models.indexOf(name) : nth;
        const dash = models.length > 1 ? nth : Math.floor(nth / colours.length);
        return { colour: colours[hue % colours.length], dash: R.dashes[dash % R.dashes.length] };
      });
    }

    function series(curve, look) {
      const label = data.variants[curve.variant].label;
      const points = curve.step.map((s, i) => [s, curve.mean[i]]);
      const few = curve.step.length <= 30;
      const made = [{
        type: "line", name: label, data: points, showSymbol: few, symbolSize: 4, itemStyle: { color: look.colour },
        lineStyle: { color: look.colour, type: look.dash, width: 1.8 }, emphasis: { focus: "none" },
      }];
      if (state.bands && curve.seeds > 1) {
        const edge = [...curve.step.map((s, i) => [s, curve.high[i]]), ...curve.step.map((s, i) => [s, curve.low[i]]).reverse()];
        if (edge.every((p) => p[1] !== null && (!state.log || p[1] > 0))) {
          made.push({
            type: "custom", name: label, silent: true, clip: true, tooltip: { show: false }, itemStyle: { color: look.colour },
            data: [edge[0]], renderItem: (_, api) => ({ type: "polygon", shape: { points: edge.map((p) => api.coord(p)) }, style: { fill: look.colour, opacity: 0.14 } }),
          });
        }
      }
      for (const lost of curve.lost) {
        const track = lost.step.map((s, i) => ({ value: [s, lost.value[i]], symbol: i === lost.step.length - 1 ? "path://M0,0L10,10M0,10L10,0" : "none", symbolSize: 9, itemStyle: { borderColor: look.colour, borderWidth: 2 } }));
        made.push({ type: "line", name: label, data: track, showSymbol: true, silent: true, tooltip: { show: false }, lineStyle: { color: look.colour, type: "dotted", width: 1 } });
      }
      return made;
    }

    const view = R.chart(place, () => `Curves of ${state.term} over steps on ${state.split} rows, a line a variant: ${mine().map((c) => data.variants[c.variant].label).slice(0, 20).join("; ")}`, () => {
      const curves = mine(), look = looks(curves);
      const steps = curves.flatMap((c) => c.step);
      const nearest = (curve, x) => curve.step.reduce((best, s, i) => (Math.abs(s - x) < Math.abs(curve.step[best] - x) ? i : best), 0);
      return {
        many: curves.length > 60,
        grid: { left: 58, right: 16, top: 12, bottom: 84, containLabel: false },
        legend: { type: "scroll", bottom: 0, textStyle: { color: R.style("--ink"), fontSize: 11 }, pageTextStyle: { color: R.style("--ink") }, pageIconColor: R.style("--accent"), pageIconInactiveColor: R.style("--line"), data: [...new Set(curves.map((c) => data.variants[c.variant].label))], itemWidth: 26 },
        xAxis: { type: "value", ...R.axis("step"), min: Math.min(...steps), max: Math.max(...steps), splitLine: { show: false } },
        yAxis: { type: state.log ? "log" : "value", ...R.axis(R.words(state.term), { nameGap: 44 }) },
        tooltip: {
          trigger: "axis", axisPointer: { type: "line", lineStyle: { color: R.style("--soft") } },
          formatter: (found) => {
            const x = found[0].axisValue;
            const all = curves.map((c, i) => { const at = nearest(c, x); return [data.variants[c.variant].label, c.mean[at], look[i].colour]; }).filter((line) => line[1] !== null).sort((a, b) => a[1] - b[1]);
            const lines = all.slice(0, NAMED).map(([name, v, colour]) => [name, R.number(v), colour]);
            if (all.length > NAMED) lines.push([`and ${all.length - NAMED} more`, ""]);
            return R.tip(`step ${R.number(x)}`, lines);
          },
        },
        series: curves.flatMap((c, i) => series(c, look[i])),
      };
    });
    R.curves.view = view;
  }
  return { begin };
})();
