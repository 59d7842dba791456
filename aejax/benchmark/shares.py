"""What share of the machine's limit a lane reaches."""

from __future__ import annotations

import numpy as np

from aejax.benchmark.contest import Case, Lane, spread


def share_of_ceiling(suite: str, case: str, ours: Lane, flops: float, ceiling: Lane) -> Case:
    """Returns the case that holds a lane's products against the matmul ceiling of each round.

    Args:
      suite, case: as in `Case`.
      ours: work per second.
      flops: of the products in one unit of work.
      ceiling: the lane of `machine.Ceiling`, FLOP/s when the contest's work is 1.
    """
    rates = ours.rates * flops
    ratios = rates / ceiling.rates
    return Case(
        suite=suite,
        case=case,
        unit="GFLOP/s",
        ours=float(np.median(rates)) / 1e9,
        peer="matmul ceiling",
        peer_value=float(np.median(ceiling.rates)) / 1e9,
        ratio=float(np.median(ratios)),
        ratio_low=float(ratios.min()),
        ratio_high=float(ratios.max()),
        detail={
            "flops_per_step": flops,
            "ours_spread": spread(rates),
            "ours_said": ours.said,
            **ceiling.said,
        },
    )
