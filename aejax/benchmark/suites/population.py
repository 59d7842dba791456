"""Many small autoencoders at once, against one after another."""

from __future__ import annotations

import numpy as np

from aejax import models
from aejax.benchmark import machine
from aejax.benchmark.contest import Case, Contestant, compare, race
from aejax.benchmark.context import Bench
from aejax.benchmark.problems import (
    as_inputs,
    dense_weights,
    images,
    initial,
    make_job,
    save,
    squared_error,
)
from aejax.benchmark.shares import shares_of_ceiling
from aejax.benchmark.trainer import Trainer
from aejax.train import population

ROWS, BATCH, LR = 12_800, 128, 1e-3
SMALL = {"widths": (128,), "latent": 16, "likelihood": "gaussian"}
MEMBERS = (1, 8, 64, 512)
STEPS = 100


def against_peers(context: Bench, members: int = 32) -> list[Case]:
    """64-128-16-128-64: 32 members against libraries that train them one after another."""
    model = models.undercomplete(64, **SMALL)
    table = images(STEPS * BATCH, (64,))
    x, stacked = as_inputs(table), initial(model, members)
    one = dense_weights(model, population.member(stacked, 0))
    single = save(context.folder / "one.npz", x=x, **one)
    many = {
        name: np.stack(
            [dense_weights(model, population.member(stacked, i))[name] for i in range(members)]
        )
        for name in one
    }
    stacked_file = save(context.folder / "many.npz", x=x, **many)
    given = {"loss": "mse", "batch": BATCH, "lr": LR, "steps": STEPS}
    job = make_job(model, steps=STEPS, rounds=context.rounds, batch=BATCH, members=members, lr=LR)
    contestants: list[Contestant] = [
        Trainer("aejax", job, table),
        *context.peer(
            "pythae's trainer, one after another",
            "pythae_train.py",
            data=single,
            model="ae",
            latent=16,
            members=4,
            **given,
        ),
        *context.peer(
            "PyTorch eager, one after another",
            "train.py",
            data=single,
            net="mlp",
            mode="eager",
            members=4,
            **given,
        ),
        *context.torch("torch.func vmap", "ensemble.py", data=stacked_file, **given),
        machine.Ceiling(),
    ]
    # Those that train one after another do 4 members' work a round: their rate is the same.
    done = {"pythae's trainer, one after another": 4, "PyTorch eager, one after another": 4}
    *lanes, ceiling = race(contestants, members * STEPS, context.rounds)
    lanes = [
        lane._replace(rates=lane.rates * done.get(lane.name, members) / members) for lane in lanes
    ]
    lanes[0] = lanes[0]._replace(values=squared_error(lanes[0].values, 64))
    case = f"MLP 64-128-16-128-64, {members} members, batch {BATCH}"
    shares = shares_of_ceiling("population", case, lanes[0], ceiling, members * STEPS)
    return [*compare("population", case, "model-steps/s", lanes), *shares]


def sizes(context: Bench) -> list[Case]:
    """1, 8, 64 and 512 members against one alone."""
    model = models.undercomplete(64, **SMALL)
    table = images(ROWS, (64,))
    cases = []
    for members in MEMBERS[1:]:
        steps = max(20, 4 * STEPS // members)
        race_steps = {1: 4 * STEPS, members: steps}
        contestants = [
            Trainer(
                "aejax" if p > 1 else "one member",
                make_job(model, steps=n, rounds=context.rounds, batch=BATCH, members=p, lr=LR),
                table,
            )
            for p, n in ((members, race_steps[members]), (1, race_steps[1]))
        ]
        many, one = race(contestants, members * steps, context.rounds)
        one = one._replace(rates=one.rates * race_steps[1] / (members * steps))
        case = f"MLP 64-128-16-128-64, {members} members, batch {BATCH}"
        cases += compare("population", case, "model-steps/s", [many, one])
    return cases


def run(context: Bench) -> list[Case]:
    """Runs the suite."""
    return [*against_peers(context), *sizes(context)]
