"""A pair of quantities that a config declares: checked before anything compiles."""

from __future__ import annotations

import csv
import json

import pytest

from aejax.cli import configs
from aejax.errors import ConfigError
from aejax.sweep import base, grid, make_plan
from aejax.sweep.declared import metric_names

SMALL = {"args.widths": (8,), "args.latent": 2}


def plan(pareto, models=("vae", "topk")):
    config = base("smoke", pareto=pareto, **{"args.latent": 64})
    return make_plan(config, grid(model=list(models), seed=range(2)))


def test_it_is_part_of_the_plan_and_of_no_member():
    with_it, without = plan(("kl_nats", "rec_nats")), plan(None)
    assert with_it.owner.config["pareto"] == ("kl_nats", "rec_nats")
    ids = [[m.id for g in p.groups for m in g.members] for p in (with_it, without)]
    assert ids[0] == ids[1]


@pytest.mark.parametrize(
    ("pareto", "says"),
    [
        (("kl_nat", "rec_nats"), "config.pareto='kl_nat' is in no row.*Did you mean 'kl_nats'"),
        (("kl_nats", "active_units"), "in no row together .kl_nats is of vae; active_units is of"),
        (("kl_nats",), "is no pair"),
        (("hp.lrr", "rec_nats"), "Did you mean 'hp.lr'"),
    ],
)
def test_a_wrong_pair_is_said_before_training(pareto, says):
    with pytest.raises(ConfigError, match=says) as error:
        plan(pareto)
    assert "\n" not in str(error.value)


def test_it_is_not_swept():
    config = base("smoke", **SMALL)
    with pytest.raises(ConfigError, match="cannot be swept"):
        make_plan(config, [{"pareto": ("kl_nats", "rec_nats")}])


def test_the_shipped_sweep_ends_with_a_front_and_a_report(tmp_path):
    """Its smoke scale, its figure, its page; and another pair without training again."""
    from rich.console import Console

    from aejax import figures, report
    from aejax.sweep import run
    from aejax.sweep.config import set_field

    module = configs.load("pareto")
    config, console = module.get_config("smoke"), Console(quiet=True)
    points = list(module.sweep("smoke"))
    made = make_plan(config, points)
    rows = run(made, tmp_path, console).rows
    for group in made.groups:  # what was foretold is what the rows have
        mine = next(row for row in rows if row["group"] == group.id)
        have = {n.removeprefix("valid_") for n in mine["metrics"] if n.startswith("valid_")}
        assert have == set(metric_names(group))
    figures.draw(tmp_path, ["pareto"])
    assert drawn(tmp_path) == {("valid_kl_nats", "valid_rec_nats")}
    assert "kl nats" not in report.write(tmp_path).read_text().split('id="data"')[0]

    set_field(config, "pareto", ("parameters", "mse_per_image"))
    again = run(make_plan(config, points), tmp_path, console)
    assert again.fresh == 0
    figures.draw(tmp_path, ["pareto"])
    assert drawn(tmp_path) == {("parameters", "valid_mse_per_image")}
    held = json.loads((tmp_path / "config.json").read_text())
    assert held["config"]["pareto"] == ["parameters", "mse_per_image"]


def drawn(workdir) -> set[tuple[str, str]]:
    with (workdir / "figures" / "pareto.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert any(line["on_front"] == "True" for line in lines)
    return {(line["x_name"], line["y_name"]) for line in lines}
