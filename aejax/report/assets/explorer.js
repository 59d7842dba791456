"use strict";
// Latent explorers: the pointer over a plane of codes, or a slider a latent.
R.explorer = (() => {
  const { data, el } = R;

  function begin() {
    const part = R.section("explorer", "Latent explorer");
    const { members, without, note } = data.explorers;
    const missing = Object.entries(without).map(([label, why]) => el("p", { className: "soft" }, `${label}: none. ${why}`));
    if (!members.length) {
      part.append(el("p", { className: "soft" }, "There is no member to explore."), ...missing);
      return;
    }
    const place = el("div");
    const first = Math.max(0, members.findIndex((m) => data.marks[m.id] === "best of all"));
    const choice = R.select("member", members.map((m, i) => [String(i), m.label]), String(first), (v) => show(members[Number(v)]));
    part.append(el("p", { className: "soft" }, `${note} Everything was decoded beforehand.`), el("div", { className: "controls" }, choice.label), place);
    if (missing.length) part.append(el("details", {}, el("summary", {}, `${missing.length} without an explorer`), missing));
    function show(member) {
      place.replaceChildren();
      ({ plane, sliders })[member.kind](member, place);
    }
    show(members[first]);
  }

  const nearest = (line, value) => line.reduce((best, v, i) => (Math.abs(v - value) < Math.abs(line[best] - value) ? i : best), 0);

  function plane(member, place) {
    const { x, y, codes, labels, pictures } = member;
    const canvas = R.pictures.strip("");
    canvas.className = "big";
    const said = el("p", { className: "soft", role: "status" });
    const chartPlace = el("div", { className: "chart", tabindex: "0", "data-explorer": "plane" });
    place.append(
      el("p", { className: "soft" }, "Move the pointer over the codes, touch them, or focus the plane and press the arrow keys: the picture is what the decoder makes of the nearest code of the grid."),
      el("div", { className: "two" }, chartPlace, el("div", {}, canvas, said)));
    const at = { i: nearest(x, codes[0][0]), j: nearest(y, codes[0][1]) };
    const classes = labels ? [...new Set(labels)].sort((a, b) => a.localeCompare(b, "en", { numeric: true })) : [];
    const few = classes.length <= 12 ? classes : [];
    const cursor = () => [{ value: [x[at.i], y[at.j]] }];
    const palette = ["#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"]; // Petroff (2021)

    const view = R.chart(chartPlace, `Codes of ${codes.length} test rows of ${member.label} in their plane. Arrow keys move over it.`, () => ({
      many: codes.length > 1000,
      grid: { left: 50, right: 12, top: 10, bottom: few.length ? 84 : 48 },
      legend: few.length ? { type: "scroll", bottom: 0, data: few, itemWidth: 12, itemHeight: 12, textStyle: { color: R.style("--ink"), fontSize: 11 }, pageTextStyle: { color: R.style("--ink") }, selectedMode: true } : undefined,
      xAxis: { type: "value", ...R.ranged("code 1", { min: x[0], max: x[x.length - 1], splitLine: { show: false } }) },
      yAxis: { type: "value", ...R.ranged("code 2", { nameGap: 36, min: y[0], max: y[y.length - 1], splitLine: { show: false } }) },
      tooltip: { show: false },
      series: [
        ...(few.length ? few : [null]).map((label, i) => ({
          type: "scatter", name: label === null ? "codes" : label, symbolSize: 6, silent: true, symbol: R.symbols[(i + Math.floor(i / 7)) % 4], itemStyle: { color: label === null ? R.style("--soft") : palette[i % palette.length], opacity: 0.8 },
          data: codes.filter((_, n) => label === null || labels[n] === label),
        })),
        { type: "scatter", id: "cursor", symbol: "circle", symbolSize: 18, silent: true, z: 9, itemStyle: { color: "transparent", borderColor: R.style("--ink"), borderWidth: 2.5 }, data: cursor() },
      ],
    }));

    function move(i, j) {
      at.i = Math.min(x.length - 1, Math.max(0, i));
      at.j = Math.min(y.length - 1, Math.max(0, j));
      const place = at.j * x.length + at.i;
      const where = `(${R.number(x[at.i], 3)}, ${R.number(y[at.j], 3)})`;
      said.textContent = `decoded at ${where}`;
      canvas.setAttribute("aria-label", `the decoder's picture at code ${where}`);
      chartPlace.dataset.at = `${at.i},${at.j}`;
      R.pictures.draw(canvas, pictures, [place]);
      if (view) view.on.setOption({ series: [{ id: "cursor", data: cursor() }] });
    }
    view.when((on) => {
      const follow = (event) => {
        const pixel = [event.offsetX, event.offsetY];
        if (!on.containPixel({ gridIndex: 0 }, pixel)) return;
        const [u, v] = on.convertFromPixel({ gridIndex: 0 }, pixel);
        move(nearest(x, u), nearest(y, v));
      };
      on.getZr().on("mousemove", follow);
      on.getZr().on("click", follow);
    });
    const keys = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    chartPlace.addEventListener("keydown", (event) => {
      if (!(event.key in keys)) return;
      event.preventDefault();
      move(at.i + keys[event.key][0], at.j + keys[event.key][1]);
    });
    move(at.i, at.j);
  }

  function sliders(member, place) {
    const { latents, values, code, pictures } = member;
    const steps = values[0].length, still = latents.length * steps;
    const canvas = R.pictures.strip(""), film = R.pictures.strip(""), filmSaid = el("p", { className: "soft" });
    canvas.className = "big";
    film.style.width = "100%";
    const said = el("p", { className: "soft", role: "status" });
    const rows = latents.map((latent, n) => {
      const start = nearest(values[n], code[n]);
      const out = el("output", {}, R.number(code[n], 3));
      const input = el("input", { type: "range", min: "0", max: String(steps - 1), step: "1", "aria-label": `latent ${latent + 1}`, on: { input: () => move(n, Number(input.value)) } });
      input.value = String(start);
      const label = el("div", { className: "slider" }, el("span", {}, `latent ${latent + 1}`), input, out);
      return { start, input, out, label };
    });
    const left = member.size - latents.length;
    place.append(
      el("p", { className: "soft" }, "One latent moves at a time, within three standard deviations of its mean; the others stay as they are in the code of the first test row.", left > 0 ? ` Of ${member.size} latents the ${latents.length} that vary most have a slider.` : ""),
      el("div", { className: "two" }, el("div", {}, el("div", { className: "sliders" }, rows.map((r) => r.label)), el("p"), film, filmSaid), el("div", {}, canvas, said)),
      el("button", { type: "button", on: { click: () => move(-1, 0) } }, "back to the code itself"));

    function move(n, step) {
      rows.forEach((r, i) => {
        r.label.classList.toggle("moved", i === n);
        if (i !== n) r.input.value = String(r.start);
        const value = i === n ? values[i][step] : code[i];
        r.out.textContent = R.number(value, 3);
        r.input.setAttribute("aria-valuetext", R.number(value, 3));
      });
      const index = n < 0 ? still : n * steps + step;
      const name = n < 0 ? "the code of the first test row" : `latent ${latents[n] + 1} at ${R.number(values[n][step], 3)}`;
      said.textContent = `decoded: ${name}`;
      canvas.setAttribute("aria-label", `the decoder's picture of ${name}`);
      R.pictures.draw(canvas, pictures, [index]);
      const line = Math.max(n, 0);
      filmSaid.textContent = `latent ${latents[line] + 1} from ${R.number(values[line][0], 3)} to ${R.number(values[line][steps - 1], 3)}`;
      film.setAttribute("aria-label", filmSaid.textContent);
      R.pictures.draw(film, pictures, Array.from({ length: steps }, (_, s) => line * steps + s), n < 0 ? rows[0].start : step);
    }
    move(-1, 0);
  }
  return { begin };
})();
