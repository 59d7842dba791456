"""How much of a codebook is used: counts over a set, against NumPy, whatever the batches."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax import models
from aejax.evaluate import evaluate, total_over
from aejax.evaluate.codebook import codebook_use

ROWS = np.random.default_rng(0).integers(0, 256, (53, 6), dtype=np.uint8)


def perplexity(counts: np.ndarray) -> float:
    p = counts[counts > 0] / counts.sum()
    return float(np.prod(p**-p))


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("vq_vae", {"groups": 3, "dim": 2, "codes": 16}),
        ("vq_vae", {"groups": 3, "dim": 2, "codes": 16, "ema": True}),
        ("fsq", {"groups": 2, "levels": (4, 3)}),
        ("gumbel_vae", {"groups": 2, "codes": 5}),
    ],
)
@pytest.mark.parametrize("batch_size", [53, 10])
def test_codebook_metrics_against_numpy(name, args, batch_size):
    model = models.build(name, 6, {"widths": (8,), **args})
    x = jnp.asarray(ROWS, jnp.float32) / 255
    variables = jax.tree.map(lambda p: 3.0 * p, model.init(jax.random.key(0), x))
    hp = {n: jnp.float32(v) for n, v in model.hparams.items()}
    table, key = jnp.asarray(ROWS), jax.random.key(1)
    found = evaluate(model, variables, hp, key, table, batch_size)
    index = np.asarray(model.encode(variables, x).index)
    assert index.shape == (53, args["groups"])
    counts = np.bincount(index.reshape(-1), minlength=model.info.space.codes)
    assert counts.sum() == 53 * args["groups"]
    assert (counts > 0).sum() > 1
    assert float(found["codebook_usage"]) == pytest.approx((counts > 0).mean())
    assert float(found["codebook_perplexity"]) == pytest.approx(perplexity(counts), rel=1e-5)


def test_codebook_use_at_its_ends():
    one = codebook_use(jnp.asarray([0, 7, 0, 0]))
    assert (float(one["codebook_perplexity"]), float(one["codebook_usage"])) == (1.0, 0.25)
    even = codebook_use(jnp.full(8, 3))
    assert float(even["codebook_perplexity"]) == pytest.approx(8.0, rel=1e-6)
    assert float(even["codebook_usage"]) == 1.0


def test_a_model_without_an_index_has_no_such_metric():
    model = models.vae(6, latent=2, widths=(4,))
    variables = model.init(jax.random.key(0), jnp.ones((1, 6)))
    hp = {n: jnp.float32(v) for n, v in model.hparams.items()}
    found = evaluate(model, variables, hp, jax.random.key(1), jnp.asarray(ROWS))
    assert not [name for name in found if name.startswith("codebook")]


@pytest.mark.parametrize("batch_size", [1, 10, 53, 100])
def test_totals_count_every_row_once(batch_size):
    fn = lambda x, key: {"sum": x.sum(0), "rows": jnp.int32(x.shape[0])}
    found = total_over(fn, jnp.asarray(ROWS), jax.random.key(0), batch_size)
    assert int(found["rows"]) == 53
    np.testing.assert_allclose(found["sum"], ROWS.astype(np.float64).sum(0) / 255, rtol=1e-5)
