"""Prints the table of models as the README has it.

aejax models
"""

from __future__ import annotations

import functools
from types import ModuleType

from aejax import data, models
from aejax.cli import configs
from aejax.errors import ConfigError
from aejax.models.catalogue import ENTRIES
from aejax.types import Autoencoder


@functools.cache
def _zoo() -> ModuleType:
    return configs.load("zoo")


def build(name: str) -> Autoencoder:
    """Returns the model as the zoo runs it."""
    zoo = _zoo()
    row = zoo.ROWS.get(name, zoo.Row())
    return models.build(name, data.DATASETS[row.dataset].shape, row.args)


def line(name: str) -> str:
    """Returns one line of the table."""
    model, entry = build(name), ENTRIES[name]
    symbols = model.info.symbols
    swept = ", ".join(
        f"`{hp}`" + (f" ({symbols[hp]})" if symbols.get(hp, hp) != hp else "")
        for hp in model.hparams
        if hp != "w_rec_nats"
    )
    file, _, test = entry.test.partition("::")
    shown = test.removeprefix("test_").replace("_", " ")
    paper = model.info.paper
    return f"| `{name}` | {entry.kind} | {paper} | {swept or '–'} | [{shown}]({file}) |"


def main(argv: list[str]) -> int:
    """Prints the table, kinds in the order of ENTRIES."""
    if len(argv) > 1:
        raise ConfigError(f"argument {argv[1]!r} is unknown. Allowed: none.")
    print("| model | kind | paper | swept beside the optimiser's | property that a test shows |")
    print("|---|---|---|---|---|")
    for name in ENTRIES:
        print(line(name))
    return 0
