"use strict";
// Pictures from deflated bytes, and the reconstructions of a member.
R.pictures = (() => {
  const { data, el } = R;
  const known = new Map();

  function bytes(packed) {
    if (!known.has(packed)) {
      const raw = Uint8Array.from(atob(packed.data), (c) => c.charCodeAt(0));
      const plain = new Blob([raw]).stream().pipeThrough(new DecompressionStream("deflate"));
      known.set(packed, new Response(plain).arrayBuffer().then((held) => new Uint8Array(held)));
    }
    return known.get(packed);
  }

  // Draws pictures side by side, with a gap; `marked` has a frame.
  async function draw(canvas, packed, places, marked = -1) {
    const held = await bytes(packed);
    const { height, width, channels } = packed;
    const gap = places.length > 1 ? Math.max(1, Math.round(width / 12)) : 0;
    canvas.width = places.length * (width + gap) - gap;
    canvas.height = height + (marked >= 0 ? 2 * gap : 0);
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, canvas.width, canvas.height);
    places.forEach((place, i) => {
      const image = context.createImageData(width, height);
      const from = place * height * width * channels;
      for (let p = 0; p < height * width; p++) {
        for (let c = 0; c < 3; c++) image.data[4 * p + c] = held[from + p * channels + (channels === 3 ? c : 0)];
        image.data[4 * p + 3] = 255;
      }
      context.putImageData(image, i * (width + gap), 0);
      if (i === marked) {
        context.fillStyle = R.style("--focus");
        context.fillRect(i * (width + gap), height + gap, width, gap);
      }
    });
    if (height === 1) canvas.style.height = "28px";
    canvas.dataset.drawn = places.join(",");
  }

  function strip(label) {
    return el("canvas", { role: "img", "aria-label": label });
  }

  // The section; `show(id)` is what the table's links call.
  function begin() {
    const { pictures, variants } = data;
    const ids = Object.keys(pictures.members);
    const part = R.section("reconstructions", "Reconstructions");
    if (!ids.length) {
      part.append(el("p", { className: "soft" }, "No member that ended well has arrays beside the rows, so there is nothing to show."));
      return;
    }
    const options = ids.map((id) => {
      const member = R.memberOf.get(id);
      const mark = data.marks[id] ? ` (${data.marks[id]})` : "";
      return [id, `${variants[member.variant].label}, seed ${member.seed}${mark}`];
    });
    const first = ids.find((id) => data.marks[id] === "best of all") || ids[0];
    const choice = R.select("member", options, first, (id) => show(id));
    const place = el("div", { className: "strips", "aria-live": "polite" });
    part.append(el("p", { className: "soft" }, "The first test rows above, what the member makes of them below.", pictures.note ? ` ${pictures.note}` : ""), el("div", { className: "controls" }, choice.label), place);

    function show(id) {
      choice.box.value = id;
      place.dataset.member = id;
      const held = pictures.members[id];
      const name = options.find(([key]) => key === id)[1];
      const kinds = [["inputs", "test rows", pictures.inputs[held.inputs]], ["noisy", "corrupted", held.noisy], ["reconstructions", "reconstructed", held.reconstructions]];
      place.replaceChildren(...kinds.filter(([, , packed]) => packed).flatMap(([, said, packed]) => {
        const canvas = strip(`${said}: ${packed.n} pictures of ${name}`);
        draw(canvas, packed, Array.from({ length: packed.n }, (_, i) => i));
        return [el("span", { className: "soft" }, said), canvas];
      }));
    }
    R.pictures.show = show;
    show(first);
  }

  return { bytes, draw, strip, begin, has: (id) => id in data.pictures.members, show: () => {} };
})();
