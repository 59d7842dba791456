"""Prints the table of models as docs/models.md has it, or one model's hyper-parameters.

aejax models [NAME]
"""

from __future__ import annotations

import functools
from types import ModuleType

from aejax import data, models
from aejax.cli import configs
from aejax.errors import ConfigError, lookup
from aejax.models.catalogue import ENTRIES
from aejax.nets import NETS
from aejax.train.recipe import Recipe, records_of
from aejax.types import Autoencoder


@functools.cache
def _zoo() -> ModuleType:
    return configs.load("zoo")


def build(name: str) -> Autoencoder:
    """Returns the model as the zoo runs it."""
    zoo = _zoo()
    row = zoo.ROWS.get(name, zoo.Setup())
    return models.build(name, data.DATASETS[row.dataset].shape, row.args)


def networks(name: str) -> str:
    """Returns which of the arguments that choose networks a model takes."""
    return ", ".join(f"`{a}`" for a in ("net", "condition") if a in models.arguments(name))


def line(name: str) -> str:
    """Returns one line of the table."""
    model, entry = build(name), ENTRIES[name]
    swept = ", ".join(
        f"`{hp.name}`" + (f" ({hp.symbol})" if hp.symbol not in ("", hp.name) else "")
        for hp in model.declared
        if hp.name != "w_rec_nats"
    )
    file, _, test = entry.test.partition("::")
    shown = test.removeprefix("test_").replace("_", " ")
    paper = model.info.paper
    cells = (f"`{name}`", entry.kind, paper, networks(name) or "its own", swept or "–")
    return f"| {' | '.join(cells)} | [{shown}]({file}) |"


def page(name: str) -> list[str]:
    """Returns the lines of one model: source, objective, hyper-parameters at its own defaults."""
    lookup("model", name, ENTRIES)
    model = models.example(name)
    info = model.info
    rows = [("hyper-parameter", "symbol", "default", "allowed", "meaning")] + [
        (hp.name, hp.symbol, f"{hp.default:g}", str(hp.range), hp.meaning)
        for hp in records_of(model, Recipe(1, 1)).values()
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    where = f"for examples of shape {info.shape} and optimizer='adam':"
    own = "networks: its own"
    if "net" in models.arguments(name):
        told = "; condition=K for K classes, (D,) for vectors" * ("`condition`" in networks(name))
        own = f"networks: net={' | '.join(NETS)}{told}"
    return [f"{name}: {info.paper}", info.equation, own, "", where, *table]


def main(argv: list[str]) -> int:
    """Prints the table, kinds in the order of ENTRIES, or the page of the model that is named."""
    if len(argv) > 2:
        raise ConfigError(f"argument {argv[2]!r} is unknown. Allowed: one model's name, or none.")
    if len(argv) == 2:
        print("\n".join(page(argv[1])))
        return 0
    print(
        "| model | kind | paper | networks by | swept beside the optimiser's "
        "| property that a test shows |"
    )
    print("|---|---|---|---|---|---|")
    for name in ENTRIES:
        print(line(name))
    return 0
