"""The page of the gallery and the record beside its pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from aejax.models.catalogue import ENTRIES

RECORD = "settings.json"
HEAD = """# Gallery

Every model, trained on {rows:,} images of `{dataset}` (films and sentences: the toy sets that come
with the package) and shown on test rows that it has not seen. One command trains all of them
({minutes} of training on two cores that others used too), draws the pictures and writes this page:

```
python -m experiments.gallery --manual_dir=DIR
```

DIR holds MNIST's four raw files; without the flag they are downloaded. `--dataset=digits` needs no
download (8 x 8 pixels; give another `--workdir` and `--output`), `--models=vae,topk` makes only
these.

The first line below a picture says what to look for. Sizes and hyper-parameters are in
`configs/gallery.py`; what was run is in [the record](gallery/{record}). Each is one run with one
seed, a few thousand steps: enough to see what a model is for, and no ranking of models. Red is
positive, blue negative, each small picture over its own largest value.
"""


def read(folder: Path) -> dict[str, Any]:
    """Returns the record of a folder of pictures, model -> settings; empty where there is none."""
    path = folder / RECORD
    return json.loads(path.read_text()) if path.is_file() else {}


def write(folder: Path, record: Mapping[str, Any]) -> None:
    """Writes the record, models in the order of the catalogue, one a line."""
    lines = [
        f"{json.dumps(name)}: {json.dumps(record[name], sort_keys=True)}"
        for name in ENTRIES
        if name in record
    ]
    (folder / RECORD).write_text("{\n" + ",\n".join(lines) + "\n}\n")


def text(record: Mapping[str, Any], sees: Mapping[str, str], papers: Mapping[str, str]) -> str:
    """Returns the page, by kind.

    Args:
      record: as `read` returns it.
      sees: model -> what a reader should see.
      papers: model -> its source.
    """
    names = [name for name in ENTRIES if name in record]
    images = [record[n] for n in names if record[n]["dataset"] not in ("bouncing", "toy_sequences")]
    minutes = f"{sum(record[n]['seconds'] for n in names) / 60:.0f} minutes"
    head = HEAD.format(
        rows=images[0]["rows"] if images else 0,
        dataset=images[0]["dataset"] if images else "none",
        minutes=minutes,
        record=RECORD,
    )
    parts = [head]
    for kind, held in groupby(names, key=lambda name: ENTRIES[name].kind):
        parts.append(f"## {kind[0].upper()}{kind[1:]}\n")
        for name in held:
            done = record[name]
            parts.append(
                f"### `{name}`\n\n![{name}](gallery/{name}.png)\n\n{sees[name]}\n\n"
                f"{papers[name]}. {done['steps']:,} steps, {done['seconds']:.0f} s.\n"
            )
    return "\n".join(parts)
