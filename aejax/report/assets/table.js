"use strict";
// The table: variants with mean and standard deviation over seeds, or members.
R.table = (() => {
  const { data, el } = R;
  const MOST = 200; // lines drawn at once
  const state = { kind: "variants", words: "", only: null, sort: data.selected ? data.selection : null, down: false, all: false };
  let shown = new Set(data.metrics.filter((m) => m.shown).map((m) => m.name));
  if (!shown.size) shown = new Set(data.metrics.slice(0, 4).map((m) => m.name));
  const head = el("tr"), body = el("tbody"), count = el("p", { className: "soft", role: "status" });

  const lost = (each) => `seed ${each.seed} diverged at step ${each.step} in ${each.term}${each.hint ? `. ${each.hint}` : ""}`;

  function variantLine(variant, place) {
    const ids = data.members.filter((m) => m.variant === place).map((m) => m.id);
    const marks = ids.map((id) => data.marks[id]).filter(Boolean);
    return {
      variant: place, label: variant.label, model: variant.model, dataset: variant.dataset, seeds: variant.ended,
      mark: marks.includes("best of all") ? "best of all" : marks[0],
      losses: variant.diverged.map(lost), picture: variant.best,
      metric: (name) => variant.metrics[name].mean, cell: (name) => R.spread(variant.metrics[name]),
      seedsSaid: `${variant.ended}${variant.diverged.length ? ` (+${variant.diverged.length} diverged)` : ""}`,
    };
  }
  function memberLine(member) {
    const variant = data.variants[member.variant];
    return {
      variant: member.variant, label: variant.label, model: variant.model, dataset: variant.dataset, seeds: member.seed,
      mark: data.marks[member.id], losses: member.lost ? [lost(member.lost)] : [], picture: member.id, id: member.id,
      metric: (name) => member.metrics[name], cell: (name) => R.number(member.metrics[name]), seedsSaid: String(member.seed),
    };
  }
  const lines = { variants: data.variants.map(variantLine), members: data.members.map(memberLine) };

  function columns() {
    const members = state.kind === "members";
    const fixed = [["label", "variant", false], ["seeds", members ? "seed" : "seeds", true]];
    if (members) fixed.push(["id", "member", false]);
    return [...fixed, ...data.metrics.filter((m) => shown.has(m.name)).map((m) => [m.name, R.words(m.name), true]), ["", "pictures", false]];
  }

  // Variants stand in the order of their settings' values, which their names alone have not.
  const value = (line, name) => (name === "label" ? line.variant : name in line ? line[name] : line.metric(name));
  function kept() {
    const wanted = state.words.toLowerCase().split(/\s+/).filter(Boolean);
    const found = lines[state.kind].filter((line) => {
      if (state.only && !state.only.has(line.variant)) return false;
      const all = [line.label, line.model, line.dataset, line.id || "", line.mark || "", ...line.losses].join(" ").toLowerCase();
      return wanted.every((word) => all.includes(word));
    });
    if (!state.sort) return found;
    const sign = state.down ? -1 : 1;
    return found.sort((a, b) => {
      const [u, v] = [value(a, state.sort), value(b, state.sort)];
      if (u === null || v === null) return (u === null) - (v === null); // what has none comes last
      return sign * (typeof u === "number" ? u - v : String(u).localeCompare(String(v), "en", { numeric: true }));
    });
  }

  function sortBy(name) {
    state.down = state.sort === name ? !state.down : false;
    state.sort = name;
    draw();
  }

  function draw() {
    head.replaceChildren(...columns().map(([name, said, right]) => {
      const sorted = name && state.sort === name ? (state.down ? "descending" : "ascending") : "none";
      const held = name ? el("button", { type: "button", on: { click: () => sortBy(name) } }, said) : el("span", { className: "plain" }, said);
      return el("th", { scope: "col", className: right ? "number" : "", "aria-sort": name ? sorted : null, "data-column": name }, held);
    }));
    const found = kept(), few = state.all ? found : found.slice(0, MOST);
    body.replaceChildren(...few.map((line) => {
      const mark = line.mark ? el("span", { className: "mark" }, line.mark === "best of all" ? "★ best of all" : "☆ best of its model") : null;
      const cells = columns().map(([name, , right]) => {
        if (name === "label") return el("th", { scope: "row" }, R.breaking(line.label), mark, line.losses.map((each) => el("span", { className: "lost" }, each)));
        if (name === "seeds") return el("td", { className: "number" }, line.seedsSaid);
        if (name === "id") return el("td", {}, line.id);
        if (name) return el("td", { className: "number", "data-value": String(line.metric(name)) }, line.cell(name));
        const has = line.picture && R.pictures.has(line.picture);
        const go = () => R.pictures.show(line.picture);
        return el("td", { className: "link" }, has ? el("a", { href: "#reconstructions", "aria-label": `reconstructions of ${line.label}`, on: { click: go } }, "reconstructions") : "–");
      });
      return el("tr", { className: line.mark === "best of all" ? "best" : line.mark ? "model-best" : "" }, cells);
    }));
    const of = `${found.length} of ${lines[state.kind].length} ${state.kind}`;
    const more = found.length > few.length ? el("button", { type: "button", on: { click: () => { state.all = true; draw(); } } }, `show all ${found.length}`) : null;
    const clear = state.only ? el("button", { type: "button", on: { click: () => only(null) } }, "show those outside the chosen ranges too") : null;
    count.replaceChildren(`${of}${state.only ? ", within the ranges chosen in the parallel coordinates" : ""}. `, ...[more, clear].filter(Boolean));
  }

  // The parallel coordinates say which variants are within their ranges; null: all.
  function only(variants) {
    state.only = variants;
    draw();
  }

  function begin() {
    const part = R.section("results", "Results");
    part.classList.add("results");
    const best = data.selected
      ? "Best is by validation rows (squared error); test rows were measured once, at the end."
      : "There are no validation rows, so nothing is marked as best.";
    const kind = R.select("lines", [["variants", "variants: mean ± standard deviation over seeds"], ["members", "members: one a seed"]], state.kind, (v) => { state.kind = v; state.all = false; draw(); });
    const filter = el("input", { type: "search", placeholder: "words, such as vae or diverged", on: { input: () => { state.words = filter.value; draw(); } } });
    const ticks = data.metrics.map((m) => R.tick(R.words(m.name), shown.has(m.name), (on) => { on ? shown.add(m.name) : shown.delete(m.name); draw(); }));
    part.append(
      el("p", { className: "soft" }, `${best} Units are per example. Sample standard deviation; diverged members count in neither.`),
      el("div", { className: "controls" }, kind.label, el("label", {}, "filter", filter)),
      el("details", {}, el("summary", {}, "columns"), el("div", { className: "ticks" }, ticks)),
      count,
      el("div", { className: "scroll", tabindex: "0", role: "region", "aria-label": "Results" }, el("table", {}, el("thead", {}, head), body)),
    );
    draw();
  }
  return { begin, only };
})();
