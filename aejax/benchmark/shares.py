"""What share of the machine's limit a lane reaches."""

from __future__ import annotations

import numpy as np

from aejax.benchmark.contest import Case, Lane, spread
from aejax.benchmark.machine import SUSTAINED
from aejax.benchmark.trainer import FLOPS

CEILINGS = {"best": "matmul ceiling, best call", "sustained": "matmul ceiling, sustained"}


def shares_of_ceiling(
    suite: str, case: str, ours: Lane, ceiling: Lane, work: float
) -> tuple[Case, Case]:
    """Returns the cases that hold a lane's products against the matmul ceiling of each round.

    One against the ceiling's best call, one against all of its calls (`machine.Ceiling`).

    Args:
      suite, case: as in `Case`.
      ours: work per second, a unit of it taking as many FLOP as it says.
      ceiling: the lane of `machine.Ceiling`.
      work: of the race.
    """
    rates = ours.rates * ours.said[FLOPS]
    said = dict(ceiling.said)
    sustained = np.asarray(said.pop(SUSTAINED))[-len(rates) :]
    limits = {CEILINGS["best"]: ceiling.rates / work, CEILINGS["sustained"]: sustained}
    best, mean = (
        Case(
            suite=suite,
            case=case,
            unit="GFLOP/s",
            ours=float(np.median(rates)) / 1e9,
            peer=name,
            peer_value=float(np.median(limit)) / 1e9,
            ratio=float(np.median(rates / limit)),
            ratio_low=float((rates / limit).min()),
            ratio_high=float((rates / limit).max()),
            detail={"rounds": len(rates), "ours_spread": spread(rates), "ours_said": ours.said}
            | said,
        )
        for name, limit in limits.items()
    )
    return best, mean
