"""`jax_enable_x64`, set for other code, changes no weight and no number (trials B16)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import aejax

X = np.random.default_rng(0).random((32, 12)).astype(np.float32)
MODELS = {
    "vae": aejax.models.vae(12, latent=2, widths=(8,)),
    "undercomplete": aejax.models.undercomplete(12, latent=2, widths=(8,)),
    "fsq": aejax.models.fsq(12, widths=(8,)),
}


def everything(model) -> dict[str, np.ndarray]:
    fitted = aejax.fit(model, X, steps=3, batch_size=8, progress=False, valid=0.25)
    found = {jax.tree_util.keystr(p): v for p, v in jax.tree.leaves_with_path(fitted.variables)}
    found |= {"codes": aejax.encode(fitted, X), "again": aejax.reconstruct(fitted, X)}
    found |= aejax.score(fitted, X) | {"loss": fitted.history["loss"]}
    if model.sample:
        found["samples"] = aejax.sample(fitted, 3)
    return {name: np.asarray(value) for name, value in found.items()}


@pytest.mark.parametrize("name", MODELS)
def test_sixty_four_bits_change_nothing(name):
    narrow = everything(MODELS[name])
    with jax.enable_x64(True):
        wide = everything(MODELS[name])
    for key, value in narrow.items():
        assert wide[key].dtype == value.dtype, key
        np.testing.assert_array_equal(wide[key], value, err_msg=key)


@pytest.mark.parametrize("name", sorted(aejax.models.MODELS))
def test_every_model_is_of_float32(name):
    """Of its own, without `fit` around it: variables, codes, samples and losses."""
    model = aejax.models.example(name)
    with jax.enable_x64(True):
        x = jax.ShapeDtypeStruct((4, *model.info.shape), jnp.float32)
        key, step = jax.random.key(0), jax.ShapeDtypeStruct((), jnp.int32)
        variables = jax.eval_shape(model.init, key, x)
        hp = {name: jax.ShapeDtypeStruct((), jnp.float32) for name in model.hparams}
        found = [variables, jax.eval_shape(model.encode, variables, x)]
        found += [
            jax.eval_shape(stage.loss, variables, hp, x, key, step)
            for stage in aejax.types.stages_of(model)
        ]
        if model.sample:
            found.append(jax.eval_shape(lambda v, k: model.sample(v, k, 3), variables, key))
    wide = [leaf for leaf in jax.tree.leaves(found) if leaf.dtype == np.float64]
    assert not wide
