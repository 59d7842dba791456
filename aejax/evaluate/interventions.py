"""The FactorVAE and beta-VAE scores: one factor is held, and the code is to say which."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from aejax.errors import check_at_least
from aejax.evaluate.factors import Encode, GroundTruth, draw, draw_factors, encode_factors


class Accuracy(NamedTuple):
    """Fractions right on the votes that the classifier was made from, and on new ones.

    `standard_error` is of `test`: sqrt(p (1 - p) / votes). Chance is 1 / F, but a code without a
    unit in use has 0.
    """

    train: float
    test: float
    standard_error: float


def _accuracy(train: np.ndarray, test: np.ndarray) -> Accuracy:
    p = float(np.mean(test))
    return Accuracy(float(np.mean(train)), p, float(np.sqrt(p * (1 - p) / len(test))))


def factor_vae_score(
    truth: GroundTruth,
    encode: Encode,
    seed: int = 0,
    batch_size: int = 64,
    train: int = 10_000,
    test: int = 5_000,
    variance_rows: int = 10_000,
    least_deviation: float = 0.05,
) -> Accuracy:
    """The unit that varies least in a batch of one held factor votes for it. Kim & Mnih 2018, s. 4.

    Variances are relative to those of all data; the classifier is the majority vote by unit.

    Args:
      truth: the factors.
      encode: deterministic codes.
      seed: of all draws.
      batch_size: observations a vote.
      train: votes to make the classifier from.
      test: votes to measure it on.
      variance_rows: draws for the variances of all data.
      least_deviation: units whose standard deviation is less have collapsed to the prior, and their
        ratio of two zeros would win every vote; Locatello et al. 2019 take .05.

    Returns:
      The accuracies; all 0 where no unit is in use.
    """
    for field, value in (("batch_size", batch_size), ("variance_rows", variance_rows)):
        check_at_least(field, value, 2)
    rng = np.random.default_rng(seed)
    codes, _ = draw(truth, encode, variance_rows, rng)
    variance = codes.var(0, ddof=1)
    used = np.sqrt(variance) >= max(least_deviation, np.finfo(np.float64).tiny)
    if not used.any():
        return Accuracy(0.0, 0.0, 0.0)

    def votes(count: int) -> tuple[np.ndarray, np.ndarray]:
        held, units = rng.integers(0, len(truth.sizes), count), []
        per_chunk = max(1, 16_384 // batch_size)
        for start in range(0, count, per_chunk):
            part = held[start : start + per_chunk]
            factors = draw_factors(truth, len(part) * batch_size, rng)
            factors = factors.reshape(len(part), batch_size, -1)
            rows = np.arange(len(part))
            factors[rows, :, part] = factors[rows, :1, part]
            flat = factors.reshape(-1, len(truth.sizes))
            batch = encode_factors(truth, encode, flat, rng)
            local = batch.reshape(len(part), batch_size, -1)[:, :, used].var(1, ddof=1)
            units.append(np.argmin(local / variance[used], axis=1))
        return held, np.concatenate(units)

    held, unit = votes(train)
    table = np.zeros((int(used.sum()), len(truth.sizes)), np.int64)
    np.add.at(table, (unit, held), 1)
    majority = table.argmax(1)
    new_held, new_unit = votes(test)
    return _accuracy(majority[unit] == held, majority[new_unit] == new_held)


def beta_vae_score(
    truth: GroundTruth,
    encode: Encode,
    seed: int = 0,
    batch_size: int = 64,
    train: int = 10_000,
    test: int = 5_000,
) -> Accuracy:
    """A linear classifier of mean |z - z'| over pairs that share one factor. Higgins et al. 2017.

    Args:
      batch_size: pairs that one example of the classifier averages over.
      train, test: examples of the classifier.
      Others: as in `factor_vae_score`.

    Returns:
      The accuracies of multinomial logistic regression on standardised differences, so that the
      scale of a code is of no account.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    check_at_least("batch_size", batch_size, 1)
    rng = np.random.default_rng(seed)

    def examples(count: int) -> tuple[np.ndarray, np.ndarray]:
        held, differences = rng.integers(0, len(truth.sizes), count), []
        per_chunk = max(1, 16_384 // batch_size)
        for start in range(0, count, per_chunk):
            part = np.repeat(held[start : start + per_chunk], batch_size)
            one, two = (draw_factors(truth, len(part), rng) for _ in range(2))
            rows = np.arange(len(part))
            two[rows, part] = one[rows, part]
            gap = np.abs(
                encode_factors(truth, encode, one, rng) - encode_factors(truth, encode, two, rng)
            )
            differences.append(gap.reshape(-1, batch_size, gap.shape[1]).mean(1))
        return np.concatenate(differences), held

    x, held = examples(train)
    fitted = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(x, held)
    new_x, new_held = examples(test)
    return _accuracy(fitted.predict(x) == held, fitted.predict(new_x) == new_held)
