"""What generated molecules are judged by: MOSES's metrics that need no trained network.

Polykovskiy et al. 2020, "Metrics". All are shares or similarities between 0 and 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from aejax.evaluate.chemistry import Chemistry


class Reference(NamedTuple):
    """What samples are compared with: counts and fingerprints of some molecules."""

    fragments: Counter[str]
    scaffolds: Counter[str]
    fingerprints: np.ndarray  # float32 [N, B]


def fragments_of(molecules: Sequence[str], chemistry: Chemistry) -> Counter[str]:
    """Returns how often each fragment stands in molecules that are canonical."""
    return Counter(part for each in molecules for part in chemistry.fragments(each))


def scaffolds_of(molecules: Sequence[str], chemistry: Chemistry) -> Counter[str]:
    """Returns how many molecules have each scaffold; those without one are not counted."""
    found = Counter(chemistry.scaffold(each) for each in molecules)
    return Counter({name: count for name, count in found.items() if name is not None})


def reference(molecules: Sequence[str], chemistry: Chemistry) -> Reference:
    """Returns what canonical molecules are, for comparison."""
    return Reference(
        fragments_of(molecules, chemistry),
        scaffolds_of(molecules, chemistry),
        chemistry.fingerprints(molecules),
    )


def cosine(a: Counter[str], b: Counter[str]) -> float:
    """Returns the cosine of two vectors of counts; NaN where one has none."""
    if not a or not b:
        return float("nan")
    norm = lambda counts: np.sqrt(sum(float(n) ** 2 for n in counts.values()))
    return float(sum(n * b[name] for name, n in a.items()) / (norm(a) * norm(b)))


def tanimoto(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Returns the share of bits set in both among those set in either: [N, B], [M, B] -> [N, M].

    Two fingerprints without a bit are alike: 1.
    """
    both = a @ b.T
    either = a.sum(1)[:, None] + b.sum(1) - both
    return np.where(either > 0, both / np.maximum(either, 1), 1.0)


def internal_diversity(fingerprints: np.ndarray) -> float:
    """Returns IntDiv: 1 less the mean Tanimoto similarity over all pairs, itself included."""
    if not len(fingerprints):
        return float("nan")
    return float(1 - tanimoto(fingerprints, fingerprints).mean())


def nearest_similarity(fingerprints: np.ndarray, to: np.ndarray) -> float:
    """Returns SNN: the mean over rows of the highest Tanimoto similarity to a row of `to`."""
    if not len(fingerprints) or not len(to):
        return float("nan")
    return float(tanimoto(fingerprints, to).max(1).mean())


def unique(molecules: Sequence[str], first: int | None = None) -> float:
    """Returns unique@k: the share of different ones among the first k; NaN where there are none."""
    some = molecules[:first]
    return len(set(some)) / len(some) if some else float("nan")


def quality(
    texts: Sequence[str],
    train: Collection[str],
    test: Reference,
    chemistry: Chemistry,
    compared: int,
    scaffolds: Reference | None = None,
) -> tuple[dict[str, float], list[str]]:
    """Judges samples.

    Args:
      texts: samples as they came.
      train: canonical training molecules, a set.
      test: what samples should be like.
      chemistry: how strings are read.
      compared: so many valid samples are compared with `test` and with each other.
      scaffolds: molecules of scaffolds that `train` does not have.

    Returns:
      Metrics, and the valid samples, canonical, in their order. `valid` is of all samples;
      `unique_1k` among the first thousand valid ones (or all, where they are fewer), `unique_all`
      among all valid ones, `novel` among different valid ones, `useful` the share of samples that
      are valid, new and no repetition; `internal_diversity`, `fragments`, `scaffolds` and `nearest`
      are of those compared; `valid_samples` is how many are valid. NaN where nothing is valid.
    """
    read = [chemistry.canonical(text) for text in texts]
    found = [each for each in read if each is not None]
    different = set(found)
    new = len(different - set(train))
    some = found[:compared]
    bits = chemistry.fingerprints(some)
    counted = scaffolds_of(some, chemistry)
    metrics = {
        "valid": len(found) / len(texts),
        "valid_samples": len(found),
        "unique_1k": unique(found, 1000),
        "unique_all": unique(found),
        "novel": new / len(different) if different else float("nan"),
        "useful": new / len(texts),
        "internal_diversity": internal_diversity(bits),
        "fragments": cosine(fragments_of(some, chemistry), test.fragments),
        "scaffolds": cosine(counted, test.scaffolds),
        "nearest": nearest_similarity(bits, test.fingerprints),
    }
    if scaffolds is not None:
        metrics["scaffolds_unseen"] = cosine(counted, scaffolds.scaffolds)
    return metrics, found
