"""Tables: what a range coder knows of each number of a code, in integers."""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aejax.errors import ConfigError
from aejax.io import becoming
from aejax.latents.priors.fully_factorised import cumulative_logits, on_host, quantile

PRECISION = 20  # bits: the counts of a number sum to 2^20
TOTAL = 1 << PRECISION
TAIL = 2.0**-21  # probability beyond either end of a table
WIDEST = 1 << 17  # values of one number, most


class Tables(NamedTuple):
    """How probable each value of each number of a code is.

    Number i takes the values low[i], low[i] + 1, ...; the j-th has the probability
    counts[i][j] / 2^20. The last count is of the escape: any other value, which then follows in 32
    bits. All counts are 1 or more.
    """

    low: np.ndarray  # int32 [L]
    counts: tuple[np.ndarray, ...]  # L times int32 [values + 1]

    @property
    def mark(self) -> int:
        """The table's CRC-32, which every file written with it holds."""
        parts = [self.low, np.asarray([len(each) for each in self.counts]), *self.counts]
        return zlib.crc32(b"".join(np.asarray(part, "<i4").tobytes() for part in parts))

    def bits(self, codes: np.ndarray) -> np.ndarray:
        """Returns what codes [N, L] cost by the table, -sum_i log2 p_i, escapes included: [N]."""
        found = np.zeros(len(codes))
        for i, each in enumerate(self.counts):
            place = np.asarray(codes)[:, i].astype(np.int64) - int(self.low[i])
            escaped = (place < 0) | (place >= len(each) - 1)
            at = np.where(escaped, len(each) - 1, place)
            found += PRECISION - np.log2(each[at]) + 32 * escaped
        return found


def integers(p: np.ndarray) -> np.ndarray:
    """Returns counts of 1 or more that sum to 2^20, nearly in the ratio of p [values]: int32."""
    p = np.maximum(np.asarray(p, np.float64), 0)
    counts = 1 + np.floor(p / p.sum() * (TOTAL - len(p))).astype(np.int64)
    counts[np.argmax(counts)] += TOTAL - counts.sum()
    return counts.astype(np.int32)


def tables_of(fitted: Any) -> Tables:
    """Returns the tables of a trained model's density, whose tails of 2^-21 are the escape.

    The density is evaluated in float64 on the host. Another machine's tanh may differ in its last
    bit, and then a count by one: keep the tables (`save_tables`) where files are to be read
    elsewhere. A file that another table has written is refused.

    Args:
      fitted: from `fit` or `load`, of a model whose codes are whole numbers (`compressive`).

    Raises:
      ConfigError: another model; a density that is not finite, or wider than 131,072 values.
    """
    info = fitted.model.info
    if info.space is None or not info.space.step:
        raise ConfigError(
            f"model {info.name!r} has no codes of whole numbers with probabilities. Allowed: "
            "'compressive'."
        )
    params = on_host(fitted.variables)
    if not all(np.isfinite(value).all() for value in params.values()):
        raise ConfigError(f"the density of model {info.name!r} is not finite: training diverged.")
    edge = np.full((1, info.latent), np.log(TAIL))
    low = np.floor(quantile(params, edge, np)[0] + 0.5).astype(np.int64)
    high = np.maximum(np.ceil(quantile(params, -edge, np)[0] - 0.5).astype(np.int64), low)
    if (high - low).max() >= WIDEST:
        raise ConfigError(
            f"the density of model {info.name!r} is {int((high - low).max())} values wide. "
            f"Allowed: {WIDEST}; a smaller w_rec_nats makes it narrower."
        )
    # All numbers on one grid of the widest's size; what is beyond a number's own end is cut.
    grid = low + np.arange(int((high - low).max()) + 1)[:, None]
    below, above = (cumulative_logits(params, grid + half, np) for half in (-0.5, 0.5))
    p = _between(below, above)
    tables = []
    for i, size in enumerate(high - low + 1):
        inside = p[:size, i]
        tables.append(integers(np.append(inside, max(1 - inside.sum(), 0))))
    return Tables(low.astype(np.int32), tuple(tables))


def bits_by_density(variables: Any, whole: np.ndarray) -> np.ndarray:
    """Returns -sum_i log2 p(whole_i) of whole numbers [N, L] by a model's density: float64 [N].

    What a perfect coder would write, without the tables' roundings; of what is beyond all digits of
    float64, 1,074 bits a number.
    """
    params = on_host(variables)
    below, above = (cumulative_logits(params, whole + half, np) for half in (-0.5, 0.5))
    return -np.log2(np.maximum(_between(below, above), 2.0**-1074)).sum(-1)


def _between(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Returns sigmoid(high) - sigmoid(low), from the side where both are small."""
    flip = np.where(low + high > 0, -1.0, 1.0)
    sigmoid = lambda v: np.exp(-np.logaddexp(0, -v))
    return np.abs(sigmoid(flip * high) - sigmoid(flip * low))


def tables_of_counts(codes: np.ndarray, prior: float = 0.5) -> Tables:
    """Returns tables of how often each value stands in codes [N, L], and `prior` times more.

    For codes without a density of their own, such as rounded coefficients of PCA.
    """
    codes = np.asarray(codes, np.int64)
    low, tables = codes.min(0), []
    for i, start in enumerate(low):
        seen = np.bincount(codes[:, i] - start).astype(np.float64)
        tables.append(integers(np.append(seen, 0.0) + prior))
    return Tables(low.astype(np.int32), tuple(tables))


def save_tables(path: str | os.PathLike[str], tables: Tables) -> None:
    """Writes tables to a file `.npz`.

    Raises:
      OSError: no place, no permission; nothing half written is left.
    """
    sizes = np.asarray([len(each) for each in tables.counts], np.int32)
    with becoming(Path(path).expanduser()) as part, open(part, "wb") as file:
        np.savez(file, low=tables.low, sizes=sizes, counts=np.concatenate(tables.counts))


def load_tables(path: str | os.PathLike[str]) -> Tables:
    """Returns tables that `save_tables` wrote.

    Raises:
      ConfigError: no such file, or another's.
    """
    try:
        data = io.BytesIO(Path(path).expanduser().read_bytes())
        with np.load(data, allow_pickle=False) as found:
            low, sizes, counts = (found[name] for name in ("low", "sizes", "counts"))
    except Exception as error:  # whatever a broken archive raises
        raise ConfigError(
            f"{str(path)!r} is no file of tables: {' '.join(str(error).split())}. Allowed: what "
            "aejax.coding.save_tables wrote."
        ) from error
    parts = np.split(counts, np.cumsum(sizes)[:-1]) if sizes.sum() == len(counts) else []
    if not _sound(low, parts):
        raise ConfigError(
            f"{str(path)!r} holds damaged tables: counts of a number are not 1 or more, or do "
            f"not sum to {TOTAL}. Allowed: what aejax.coding.save_tables wrote."
        )
    return Tables(low.astype(np.int32), tuple(part.astype(np.int32) for part in parts))


def _sound(low: np.ndarray, parts: Sequence[np.ndarray]) -> bool:
    fine = lambda part: len(part) and part.min() >= 1 and int(part.sum(dtype=np.int64)) == TOTAL
    return len(parts) == len(low) > 0 and all(fine(part) for part in parts)
