"""Sparse dictionaries across L0: L1, TopK, BatchTopK and JumpReLU, on features that were planted.

Command: python -m experiments.reproduce gao2024 [--scale=SCALE]

The papers train on activations of language models; here 512 features in 64 dimensions are planted,
their frequencies falling as 1 / (8 + rank), so that the truth is known. The dictionaries are as
large as the set of features, eight times the dimension. What carries over are orderings at equal
L0, dead units and shrinkage; no error level does, and none is claimed. `paper` is longer here, not
the papers' language models.

At small five of ten claims pass. L1 at L0 4 is no measurement: from lambda 0.8 on its dictionaries
reconstruct nothing (L0 0.2 to 0.6), and the number lies between one of these, that of lambda 1.8
(scale 5 to 7 of next to nothing), and that of lambda 0.4 (L0 8.7, scale 0.60). Its errors in the
first claim are such interpolations too, though there the order could hardly be another. BatchTopK
is below TopK at k = 2 (0.377 of the variance and 0.394) and above it from 4 on, where it has found
fewer directions (54 % against 85 %). JumpReLU is above TopK at every L0, and its scale is over 1.02
in one seed of three (1.022), the mean by a hair. With AuxK 5.7 % of the units are dead, where the
limit was 5 %, and 36.6 % without.

`medium` is four times as long, one seed, with weights of L1 and JumpReLU that bracket L0 4. L1 then
shrinks to 0.53 and AuxK leaves 0.4 % dead: both claims pass, and slowness and the gap in the grid
were why. BatchTopK and JumpReLU stay above TopK, by a quarter at most (JumpReLU's numbers at L0 6
and 8 lie between runs of 4.8 and 26), and scales have risen above 1 for all three (1.03, 1.06, 1.05
at L0 4), so that TopK's claim fails there too. BatchTopK has 9.6 % of dead units and JumpReLU 19 %
and more, which may be why they stay above; no control was run for it. The rate is not: of .001,
.003 and .01, the grid's end, the last was best for each of the four at L0 4 (one seed apart from
these, 1500 steps: TopK .184, BatchTopK .228, JumpReLU .289, L1 .540).
"""

from __future__ import annotations

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from aejax.data.synthetic import many_directions
from aejax.evaluate import frontier
from aejax.reproduce import (
    Claim,
    Context,
    Measured,
    Paper,
    Task,
    at_least,
    at_most,
    combine,
    increasing,
    pick,
    within,
)
from aejax.reproduce.tasks import Point
from aejax.sweep import base, grid, product

# steps, batch size, seeds, width of the dictionary
SCALES = {
    "smoke": (30, 64, 2, 64),
    "small": (1500, 256, 3, 512),
    # Four times as long, with penalties for that length: what failed at small once more.
    "medium": (6000, 256, 1, 512),
    "paper": (40_000, 1024, 5, 512),
}

PAPER = Paper(
    title="Gao et al. 2024: scaling and evaluating sparse autoencoders (with Bussmann et al. 2024, "
    "Rajamanoharan et al. 2024)",
    costs={
        "smoke": "25 s on one core",
        "small": "400 s on one core",
        "medium": "202 s on two cores, other work beside it",
        "paper": "some hours on one core, or minutes on a GPU (not run)",
    },
    figures=("sparsity_frontier",),
)

K = (2.0, 4.0, 8.0, 16.0)
L1 = (0.1, 0.2, 0.4, 0.8, 1.2, 1.8)
# After four times the steps: L1 where it reconstructs at all, JumpReLU where it has L0 3 to 8.
LONGER = {
    "dictionary_l1": [{"hp.w_l1": w} for w in (0.2, 0.4, 0.5, 0.6, 0.7)],
    "jump_relu": [{"hp.w_l0": w} for w in (0.003, 0.01, 0.03, 0.1, 0.3)],
}
L0 = (0.03, 0.1, 0.3, 0.6, 1.2, 2.0)
AT = (3.0, 4.0, 6.0, 8.0)  # active units at which errors are compared
CHOSEN = 4.0  # k of the claims on dead units and shrinkage: as many as are active on average
RATE = 1e-2  # of the grid .001, .003, .01, the best error of TopK on a seed that is not used here

FRONTIERS = {
    "dictionary_l1": [{"hp.w_l1": w} for w in L1],
    "topk": [{"hp.k": k} for k in K],
    "batch_topk": [{"hp.k": k} for k in K],
    "jump_relu": [{"hp.w_l0": w} for w in L0],
}
FAMILIES = {"topk": "top_k", "batch_topk": "top_k"}


def get_config(scale: str = "small") -> ConfigDict:
    """Returns the base: Adam with a cosine schedule, one rate for all."""
    steps, batch, _, width = SCALES.get(scale, (1, 1, 1, 64))
    return base(
        scale,
        scales=PAPER.scales,
        name="gao2024",
        dataset="planted_many",
        valid_fraction=0.0,
        steps=steps,
        eval_every=steps,
        batch_size=batch,
        schedule="cosine",
        **{"args.latent": width, "hp.lr": RATE},
    )


def sweep(scale: str = "small") -> Iterator[dict[str, object]]:
    """Yields four frontiers, and TopK without the auxiliary loss."""
    _, _, seeds, _ = SCALES[scale]
    for model, points in FRONTIERS.items():
        shared = {"model": model}
        if scale == "medium":
            points = LONGER.get(model, points)
        if model in FAMILIES:
            shared |= {"args.k": 4, "hp.dead_after": 5000.0}
        yield from product([shared], points, grid(seed=range(seeds)))
    if scale == "medium":
        return
    without = {"model": "topk", "args.k": 4, "hp.dead_after": 5000.0, "hp.w_auxk_nats": 0.0}
    yield from product([without], grid(**{"hp.k": list(K)}), grid(seed=range(seeds)))


def dictionary(context: Context, point: Point) -> list[Measured]:
    """Shrinkage, recovery of the planted directions, and the error over the variance."""
    found = context.population(model=point["model"])
    model, data = found.model, context.dataset()
    test, train = np.asarray(data.test, np.float64), jnp.asarray(data.train)
    assert model.info.nets.decoder_layers is not None
    variance = np.square(test - test.mean(0)).sum(1).mean()
    measured = []
    for i, row in enumerate(found.rows):
        variables = jax.tree.map(lambda leaf, i=i: jnp.asarray(leaf[i]), found.variables)
        z = model.encode(variables, jnp.asarray(data.test)).z
        out = np.asarray(model.decode(variables, z), np.float64)
        (layer,) = model.info.nets.decoder_layers(variables["params"])
        fired = np.zeros(z.shape[1], bool)
        for part in range(0, len(train), 4000):
            fired |= np.asarray((model.encode(variables, train[part : part + 4000]).z != 0).any(0))
        cosines = frontier.recovery(np.asarray(layer.kernel), many_directions())
        kept = {name: row["hp"][name] for name in ("k", "w_l1", "w_l0") if name in row["hp"]}
        measured.append(
            Measured(
                {
                    "nmse": np.square(test - out).sum(1).mean() / variance,
                    "active": np.count_nonzero(np.asarray(z)) / len(test),
                    "scale": frontier.shrinkage(test, out),
                    "dead_fraction": 1 - fired.mean(),  # silent on all training examples
                    "mean_cosine": cosines.mean(),
                    "recovered": (cosines > 0.9).mean(),
                },
                {**kept, "auxk": bool(row["hp"].get("w_auxk_nats", 0.0)), "seed": row["seed"]},
            )
        )
    return measured


def matched(context: Context, point: Point) -> list[Measured]:
    """Each model's error at the same numbers of active units, seed by seed."""
    rows = context.select(task="dictionary", model=point["model"])
    rows = [row for row in rows if row["point"]["auxk"] or point["model"] not in FAMILIES]
    measured = []
    for seed in sorted({row["seed"] for row in rows}):
        mine = [row["metrics"] for row in rows if row["seed"] == seed]
        active, errors, scales = (
            [each[name] for each in mine] for name in ("active", "nmse", "scale")
        )
        for l0 in AT:
            numbers = {
                "nmse": frontier.error_at(l0, active, errors),
                "scale": frontier.error_at(l0, active, scales),
            }
            measured.append(Measured(numbers, {"l0": l0, "seed": seed}))
    return measured


def tasks(scale: str = "small") -> Iterator[Task]:
    """Yields what each dictionary is, then the errors at matched L0."""
    for model in FRONTIERS:
        yield Task({"task": "dictionary", "model": model}, dictionary)
    for model in FRONTIERS:
        yield Task({"task": "matched", "model": model}, matched)


def claims() -> tuple[Claim, ...]:
    """Returns orderings at equal L0, dead units with and without AuxK, and shrinkage."""
    at = lambda model, l0, metric="nmse": pick(
        metric, {"task": "matched", "model": model, "l0": l0}, label=f"{model} at L0 {l0:g}"
    )
    top = lambda auxk, k=CHOSEN, metric="dead_fraction": pick(
        metric, {"task": "dictionary", "model": "topk", "k": k, "auxk": auxk}
    )

    def worst(a: str, b: str):
        """The largest ratio of errors over the four L0s."""
        series = [each for l0 in AT for each in (at(a, l0), at(b, l0))]
        return combine(
            f"largest nmse({a}) / nmse({b}) at L0 {', '.join(f'{l0:g}' for l0 in AT)}",
            lambda *v: max(v[i] / v[i + 1] for i in range(0, len(v), 2)),
            *series,
        )

    every = ("small", "medium", "paper")
    return (
        Claim(
            "TopK is below L1 at each of four matched L0s: largest ratio of errors",
            worst("topk", "dictionary_l1"), at_most(1.0, each=True), "TopK beats ReLU with L1",
            "Gao et al. 2024, section 2.3 and figure 2", "S",
        ),
        Claim(
            "BatchTopK is not above TopK at equal mean L0: largest ratio of errors",
            worst("batch_topk", "topk"), at_most(1.0, each=True), "BatchTopK beats TopK",
            "Bussmann et al. 2024, abstract", "S", every,
        ),
        Claim(
            "JumpReLU is not above TopK: largest ratio of errors",
            worst("jump_relu", "topk"), at_most(1.0, each=True), "JumpReLU as good or better",
            "Rajamanoharan et al. 2024b", "S", every,
        ),
        Claim(
            "L1 shrinks: best scale of its reconstructions at L0 4",
            at("dictionary_l1", 4.0, "scale"), at_most(0.95, each=True), "activations shrink",
            "Gao et al. 2024, section 5.1; Rajamanoharan et al. 2024a", "S", every,
        ),
        Claim(
            "TopK does not: best scale at L0 4",
            at("topk", 4.0, "scale"), within(0.98, 1.02, each=True), "no shrinkage",
            "Gao et al. 2024, section 5.1", "S", every,
        ),
        Claim(
            "JumpReLU does not: best scale at L0 4",
            at("jump_relu", 4.0, "scale"), within(0.98, 1.02, each=True), "no shrinkage",
            "Rajamanoharan et al. 2024b", "S", every,
        ),
        Claim(
            "with AuxK few units are dead: fraction silent on all training examples, k = 4",
            top(True), at_most(0.05), "7 % of 16 million", "Gao et al. 2024, abstract", "S", every,
        ),
        Claim(
            "without it many are: fraction silent, k = 4",
            top(False), at_least(0.3), "up to 90 %", "Gao et al. 2024, section 2.4", "S",
            note="Of a model of 512 units; the paper's 90 % is of millions.",
        ),
        Claim(
            "AuxK lowers the dead fraction at k = 4",
            (top(True), top(False)), increasing(), "AuxK prevents dead latents",
            "Gao et al. 2024, section 2.4", "S",
        ),
        Claim(
            "AuxK finds more of the planted directions (cosine above 0.9), k = 4",
            (top(False, metric="recovered"), top(True, metric="recovered")), increasing(),
            "dead latents are wasted", "Gao et al. 2024, section 2.4", "S",
        ),
    )  # fmt: skip
