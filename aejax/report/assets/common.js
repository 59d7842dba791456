"use strict";
// What all parts share: the data, elements made without markup in strings, numbers, charts.
const R = (() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const narrow = () => document.documentElement.clientWidth < 700;

  // Every text goes in as a text node, so that no name is ever read as markup.
  function el(name, given = {}, ...held) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(given)) {
      if (value === null || value === undefined || value === false) continue;
      if (key === "on") for (const [event, fn] of Object.entries(value)) made.addEventListener(event, fn);
      else if (key in made && key !== "list" && typeof value !== "string") made[key] = value;
      else made.setAttribute(key === "className" ? "class" : key, value === true ? "" : value);
    }
    made.append(...held.flat().filter((each) => each !== null && each !== undefined));
    return made;
  }

  function section(id, title, ...held) {
    const made = el("section", { id, "aria-labelledby": `${id}-title` }, el("h2", { id: `${id}-title` }, title), held);
    document.getElementById("main").append(made);
    document.getElementById("nav").append(el("a", { href: `#${id}` }, title));
    return made;
  }

  function select(label, options, value, change) {
    const box = el("select", { on: { change: () => change(box.value) } });
    fill(box, options, value);
    return { box, label: el("label", {}, label, box) };
  }

  // Options are [value, text] or a value that is its own text.
  function fill(box, options, value) {
    box.replaceChildren(...options.map((each) => {
      const [key, text] = Array.isArray(each) ? each : [each, each];
      return el("option", { value: key, selected: key === value }, text);
    }));
    box.value = value;
  }

  function tick(label, checked, change) {
    const box = el("input", { type: "checkbox", checked, on: { change: () => change(box.checked) } });
    return el("label", { className: "tick" }, box, label);
  }

  function number(value, digits = 4) {
    if (value === null || value === undefined) return "–";
    if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value);
    return String(Number(value.toPrecision(digits)));
  }
  // Long names may break after these marks, and nowhere inside a number.
  const breaking = (name) => name.split(/(?<=[_·,/])/).flatMap((part) => [part, el("wbr")]);
  const spread = (s) => (s.mean === null ? "–" : s.sd === null ? number(s.mean) : `${number(s.mean)} ± ${number(s.sd, 2)}`);

  function text(value) {
    if (value === null || value === undefined) return "unset";
    if (typeof value === "number") return number(value);
    return typeof value === "string" ? value : JSON.stringify(value);
  }

  const words = (name) => {
    const [, split, rest] = /^(valid|test)_(.*)$/.exec(name) || [null, null, name];
    const said = rest.replace(/^(hp|args)\./, "").replaceAll("_", " ");
    return split ? `${said} (${split})` : said;
  };

  // Okabe and Ito (2008), lighter on a dark ground; dashes and symbols tell lines apart as well.
  const colours = () => dark.matches
    ? ["#56b4e9", "#e69f00", "#2fc79a", "#ff8c42", "#e09bc4", "#a9b4ff", "#e6e8eb"]
    : ["#0072b2", "#b87700", "#007a5a", "#c44e00", "#a8447c", "#3d4db3", "#1b1f24"];
  const dashes = ["solid", [7, 4], [2, 3], [9, 3, 2, 3]];
  const symbols = ["circle", "rect", "triangle", "diamond", "pin", "arrow", "roundRect"];
  const viridis = ["#440154", "#3b528b", "#21918c", "#5ec962", "#fde725"];
  // Its ends are too light for lines on white, and too dark on black.
  const lines = () => (dark.matches ? ["#9d7bc8", "#6d8fd0", "#35b0aa", "#5ec962", "#fde725"] : ["#440154", "#3b528b", "#21918c", "#3fa64d", "#a88f00"]);
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function axis(name, given = {}) {
    const line = { lineStyle: { color: style("--line") } };
    return {
      name, nameLocation: "middle", nameGap: 30, scale: true,
      nameTextStyle: { color: style("--soft"), fontSize: 12 },
      axisLabel: { color: style("--soft"), fontSize: 11, hideOverlap: true, formatter: (v) => (typeof v === "number" ? number(v) : v) },
      axisLine: line, axisTick: line, splitLine: line, ...given,
    };
  }

  // The ends of a range that was chosen are no round numbers: they have no label.
  function ranged(name, given) {
    const made = axis(name, given);
    return { ...made, axisLabel: { ...made.axisLabel, showMinLabel: false, showMaxLabel: false } };
  }

  function tip(title, lines) {
    return el("div", { className: "tip" }, el("b", {}, title), lines.map(([name, value, colour]) =>
      el("div", {}, el("span", colour ? { style: `border-left: 4px solid ${colour}; padding-left: 6px` } : {}, name), el("span", {}, value))));
  }

  const drawn = [];
  // A chart that follows the width and the colour scheme; `option()` is made anew for each. Where
  // it has `many` elements, a canvas is faster than SVG.
  function chart(place, label, option) {
    const made = { place, option, events: [] };
    function draw() {
      const wanted = option();
      const renderer = wanted.many ? "canvas" : "svg";
      if (!made.on || made.renderer !== renderer || made.dark !== dark.matches) {
        if (made.on) made.on.dispose();
        made.on = echarts.init(place, null, { renderer });
        made.renderer = renderer;
        made.dark = dark.matches;
        for (const each of made.events) each(made.on);
      }
      delete wanted.many;
      const base = {
        animation: false,
        textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: style("--ink") },
        aria: { enabled: true, label: { description: typeof label === "function" ? label() : label } },
      };
      const look = { backgroundColor: style("--raised"), borderColor: style("--line"), textStyle: { color: style("--ink"), fontSize: 12 } };
      wanted.tooltip = { confine: true, ...look, ...(wanted.tooltip || {}) };
      made.on.setOption({ ...base, ...wanted }, true);
      place.setAttribute("role", "img");
    }
    made.draw = draw;
    made.when = (fn) => { made.events.push(fn); if (made.on) fn(made.on); };
    let width = 0;
    new ResizeObserver(() => {
      const now = place.clientWidth;
      if (now && Math.abs(now - width) > 1) { width = now; if (made.on) { made.on.resize(); draw(); } }
    }).observe(place);
    width = place.clientWidth;
    draw();
    drawn.push(made);
    return made;
  }
  dark.addEventListener("change", () => drawn.forEach((each) => each.draw()));

  const models = [...new Set(data.variants.map((v) => v.model))];
  const memberOf = new Map(data.members.map((m) => [m.id, m]));
  return {
    data, el, section, select, fill, tick, number, spread, breaking, text, words, colours, dashes, symbols,
    viridis, lines, style, axis, ranged, tip, chart, models, memberOf, narrow,
  };
})();
