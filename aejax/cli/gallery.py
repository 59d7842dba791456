"""Trains every model and draws the picture of what it is for: the gallery of the documentation.

aejax gallery [--dataset=mnist] [--manual_dir=DIR] [--models=a,b] [--workdir=DIR] [--output=DIR]

What was trained stays in the work directory and is not trained again while its settings stay.
"""

from __future__ import annotations

from absl import flags

from aejax.cli import configs
from aejax.cli.common import directory, make_console
from aejax.errors import ConfigError, check_names, need
from aejax.models.catalogue import ENTRIES


def define() -> None:
    """Defines the flags."""
    flags.DEFINE_string("dataset", "mnist", "of images; digits needs no download")
    flags.DEFINE_string("data_dir", None, "where prepared data is")
    flags.DEFINE_string("manual_dir", None, "raw files; without it, the network")
    flags.DEFINE_list("models", None, "which; all by default")
    flags.DEFINE_integer("steps", None, "steps at most; as configs/gallery.py says by default")
    flags.DEFINE_string("workdir", "runs/gallery", "trained models are kept here")
    flags.DEFINE_string("output", "docs/gallery", "pictures go here, and the page beside it")


def main(argv: list[str]) -> int:
    """Trains what is not there yet, draws, and writes the record and the page."""
    if len(argv) > 1:
        raise ConfigError(f"argument {argv[1]!r} is unknown. Allowed: none.")
    given = flags.FLAGS
    need("matplotlib", "figures")
    from aejax.figures.gallery import draw
    from aejax.gallery import page, pictures, seen, training

    names = list(dict.fromkeys(given.models or ENTRIES))
    check_names("model", names, ENTRIES)
    if given.steps is not None and given.steps < 1:
        raise ConfigError(f"steps={given.steps} is out of range. Allowed: 1 or more.")
    row_of = configs.load("gallery").row_of
    workdir = directory("workdir", given.workdir, "runs/gallery")
    output = directory("output", given.output, "docs/gallery")
    sets = training.datasets(given.dataset, given.data_dir, given.manual_dir)
    console = make_console()
    for folder in (workdir, output):
        folder.mkdir(parents=True, exist_ok=True)
    record = page.read(output)
    papers = {name: done["paper"] for name, done in record.items()}
    for name in names:
        trained = training.trained(name, row_of(name), sets, workdir, given.steps)
        path = draw(pictures.picture_of(name)(seen.Seen(trained)), output / f"{name}.png")
        settings = training.settings(name, row_of(name), trained.dataset, trained.fitted.step)
        papers[name] = trained.fitted.model.info.paper
        record[name] = settings | {"seconds": trained.seconds, "paper": papers[name]}
        page.write(output, record)
        console.print(f"{name}: {trained.seconds:.0f} s, {path}")
    sees = {name: row_of(name).sees for name in record}
    output.with_suffix(".md").write_text(page.text(record, sees, papers))
    return 0
