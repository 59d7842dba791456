"use strict";
// The page from top to bottom.
(() => {
  const { data, el, number } = R;
  const begun = data.groups.reduce((sum, g) => sum + g.members, 0);
  const lost = data.members.filter((m) => m.lost).length;
  const best = Object.entries(data.marks).filter(([, mark]) => mark === "best of all").map(([id]) => R.memberOf.get(id));
  document.getElementById("title").textContent = data.scale ? `${data.title}, ${data.scale}` : data.title;
  const summary = document.getElementById("summary");
  summary.append(`${data.members.length} members of ${data.variants.length} variants in ${data.groups.length} groups, ${R.models.length} models`);
  if (begun > data.members.length) summary.append("; ", el("span", { className: "warn" }, `${begun - data.members.length} that were begun have not ended yet`));
  if (lost) summary.append("; ", el("span", { className: "warn" }, `${lost} diverged`));
  for (const member of best) {
    const metric = member.metrics[data.selection];
    summary.append(`. Best on validation rows: ${data.variants[member.variant].label}, seed ${member.seed} (squared error ${number(metric)})`);
  }
  summary.append(`. Written ${data.made.replace("T", " ").replace("+00:00", " UTC")}.`);

  R.table.begin();
  R.pareto.begin();
  R.curves.begin();
  const settings = R.parallel.begin();
  R.heatmap.begin(settings);
  R.pictures.begin();
  R.explorer.begin();
  R.facts.figures();
  R.facts.plan();
  R.facts.config();
  document.documentElement.dataset.ready = "yes";
})();
