"use strict";
// Parallel coordinates over the settings that differ: a line a variant, its colour the metric.
R.parallel = (() => {
  const { data, el } = R;
  const FEW = 10; // values of a number that are set apart evenly

  // How values of a setting lie on an axis: evenly where they are few or texts, else as numbers.
  function scale(name, variants) {
    const values = variants.map((v) => v.settings[name]);
    const distinct = [...new Set(values.map((v) => JSON.stringify(v ?? null)))].map((v) => JSON.parse(v));
    const numbers = distinct.filter((v) => typeof v === "number");
    if (numbers.length < distinct.length || distinct.length <= FEW) {
      const rank = (v) => (v === null ? [2, 0, ""] : typeof v === "number" ? [0, v, ""] : [1, 0, R.text(v)]);
      distinct.sort((a, b) => { const [u, v] = [rank(a), rank(b)]; return u[0] - v[0] || u[1] - v[1] || u[2].localeCompare(v[2], "en", { numeric: true }); });
      const texts = distinct.map(R.text);
      return { axis: { type: "category", data: texts }, of: (v) => R.text(v) };
    }
    const low = Math.min(...numbers), high = Math.max(...numbers);
    return { axis: { type: low > 0 && high / low >= 30 ? "log" : "value", min: low, max: high }, of: (v) => v };
  }

  function begin() {
    const part = R.section("settings", "Hyper-parameters");
    const names = data.settings.filter((name) => name !== "seed");
    if (data.variants.length < 2 || !names.length) {
      part.append(el("p", { className: "soft" }, "The members differ in nothing but their seed."));
      return part;
    }
    const metrics = data.metrics.map((m) => [m.name, R.words(m.name)]);
    const state = { model: "all", metric: data.selected ? data.selection : data.metrics[0].name };
    const place = el("div", { className: "chart" });
    const mine = () => data.variants.map((v, i) => [v, i]).filter(([v]) => (state.model === "all" || v.model === state.model) && v.metrics[state.metric].mean !== null);
    const metric = R.select("metric", metrics, state.metric, (v) => { state.metric = v; again(); });
    const model = R.select("model", [["all", "all models"], ...R.models], "all", (v) => { state.model = v; again(); });
    const again = () => { R.table.only(null); view.draw(); };
    part.append(
      el("h3", {}, "Parallel coordinates"),
      el("p", { className: "soft" }, "A line a variant. Drag along an axis to choose a range: the table above then shows those within it; a click on the axis lifts it."),
      el("div", { className: "controls" }, model.label, metric.label), place);
    let order = [];
    const view = R.chart(place, () => `Parallel coordinates of ${mine().length} variants over their settings and ${R.words(state.metric)}`, () => {
      const found = mine();
      order = found.map(([, i]) => i);
      const own = names.filter((name) => new Set(found.map(([v]) => JSON.stringify(v.settings[name] ?? null))).size > 1);
      const scales = own.map((name) => scale(name, found.map(([v]) => v)));
      const means = found.map(([v]) => v.metrics[state.metric].mean);
      const narrow = R.narrow();
      place.style.height = narrow ? `${Math.max(420, 90 * (own.length + 1) + 110)}px` : "440px";
      const last = { dim: own.length, name: R.words(state.metric), type: "value", scale: true };
      return {
        many: found.length > 300,
        visualMap: {
          type: "continuous", dimension: own.length, min: Math.min(...means), max: Math.max(...means, Math.min(...means) + 1e-9), calculable: false,
          orient: "horizontal", left: "center", bottom: 0, itemHeight: 140, itemWidth: 12, inRange: { color: R.lines() },
          text: [`${R.words(state.metric)} ${R.number(Math.max(...means))}`, R.number(Math.min(...means))], textStyle: { color: R.style("--ink"), fontSize: 11 },
        },
        parallel: {
          left: narrow ? 28 : 60, right: narrow ? 44 : 90, top: narrow ? 40 : 44, bottom: 64, layout: narrow ? "vertical" : "horizontal",
          parallelAxisDefault: {
            z: 10, nameLocation: narrow ? "middle" : "end", nameGap: narrow ? -17 : 16, nameTextStyle: { color: R.style("--ink"), fontSize: 12, fontWeight: narrow ? 600 : 400, backgroundColor: R.style("--ground"), padding: [1, 3] },
            axisLabel: { color: R.style("--ink"), fontSize: 11, backgroundColor: R.style("--ground"), padding: [1, 3], formatter: (v) => (typeof v === "number" ? R.number(v) : v.length > 18 ? `${v.slice(0, 17)}…` : v) },
            axisLine: { lineStyle: { color: R.style("--soft") } }, axisTick: { lineStyle: { color: R.style("--soft") } },
            areaSelectStyle: { color: R.style("--focus"), borderColor: R.style("--focus"), opacity: 0.25, width: 22 }, splitLine: { show: false },
          },
        },
        parallelAxis: [...own.map((name, dim) => ({ dim, name: R.words(name), ...scales[dim].axis })), last],
        tooltip: {
          trigger: "item",
          formatter: (p) => {
            const v = data.variants[order[p.dataIndex]];
            return R.tip(v.label, [...own.map((name) => [R.words(name), R.text(v.settings[name])]), [R.words(state.metric), R.spread(v.metrics[state.metric])]]);
          },
        },
        series: [{
          type: "parallel", smooth: false, lineStyle: { width: found.length > 60 ? 1 : 2.2, opacity: found.length > 1000 ? 0.12 : found.length > 60 ? 0.5 : 0.85 }, inactiveOpacity: 0.06, emphasis: { lineStyle: { width: 4, opacity: 1 } },
          data: found.map(([v]) => ({ name: v.label, value: [...own.map((name, i) => scales[i].of(v.settings[name])), v.metrics[state.metric].mean] })),
        }],
      };
    });
    view.when((on) => on.on("axisareaselected", () => {
      const model = on.getModel().getSeriesByType("parallel")[0];
      const active = model.getRawIndicesByActiveState("active");
      const ranged = on.getModel().queryComponents({ mainType: "parallelAxis" }).some((axis) => axis.activeIntervals.length);
      R.table.only(ranged ? new Set(active.map((i) => order[i])) : null);
    }));
    R.parallel.view = view;
    return part;
  }
  return { begin, scale };
})();
