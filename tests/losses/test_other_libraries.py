"""The factors of docs/coming-from.md: other libraries' losses in NumPy, against ours.

Each formula is the library's own, written again in double precision from reading its source; what
is random is drawn here, so that both sides see the same numbers.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import logsumexp

import aejax
from aejax.latents.quantised import Quantised
from aejax.losses import discrepancy, gaussian_kl_term
from aejax.losses.adversarial import discriminator_loss, generator_loss
from aejax.losses.quantised import codebook_term, commitment_term
from aejax.losses.shaped_kl import capacity_term
from aejax.losses.total_correlation import decompose
from aejax.objectives import log_mean_exp
from aejax.train.recipe import Recipe, hparams_of
from aejax.types import Forward, Latent

KEY = jax.random.key(0)
B, D, L = 8, 6, 10
LOG_2PI = np.log(2 * np.pi)
ALL_SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def rng(seed=0):
    return np.random.default_rng(seed)


def f32(x):
    return jnp.asarray(x, jnp.float32)


def forward_of(**fields) -> Forward:
    return Forward(**(dict.fromkeys(Forward._fields) | {"key": KEY} | fields))


mmd_sq = jax.jit(discrepancy.mmd_sq, static_argnames=("kernel", "scales"))


# pythae


def pythae_mmd(z, prior, bandwidth, kernel, scales):
    """Off-diagonal means within, less twice the mean across, of one matrix of the kernel each."""

    def matrix(a, b):
        d2 = np.linalg.norm(a[:, None] - b[None], axis=-1) ** 2
        base = 2.0 * a.shape[1] * bandwidth**2
        if kernel == "rbf":
            return np.exp(-d2 / base)
        return sum(scale * base / (scale * base + d2) for scale in scales)

    n = len(z)
    within = [(k - np.diag(np.diag(k))).sum() / (n * (n - 1)) for k in (matrix(z, z),)]
    k = matrix(prior, prior)
    within.append((k - np.diag(np.diag(k))).sum() / (n * (n - 1)))
    return sum(within) - 2 * matrix(z, prior).sum() / n**2


def test_mmd_with_imq_has_no_factor():
    """`wae_mmd`, `info_vae`: kernel_scale is the bandwidth squared, the seven scales are ours."""
    z, prior = rng().normal(size=(2, B, L)) * [[[0.5]], [[1.0]]]
    theirs = pythae_mmd(z, prior, 1.7, "imq", ALL_SCALES)
    ours = mmd_sq(f32(z), f32(prior), "imq", scale=1.7**2)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_no_factor_turns_the_rbf_of_one_width_into_ours():
    """From 3, for codes a little too wide, to 15, for codes that have collapsed."""
    prior = rng().normal(size=(200, L))
    ratios = {}
    for name, z in (("wide", 1.5 * rng(1).normal(size=(200, L))), ("zero", np.zeros((200, L)))):
        theirs = pythae_mmd(z, prior, 1.0, "rbf", None)
        one = mmd_sq(f32(z), f32(prior), "rbf", scales=(1.0,))
        np.testing.assert_allclose(one, theirs, rtol=1e-3)  # the width itself is the same
        ratios[name] = float(mmd_sq(f32(z), f32(prior), "rbf")) / theirs
    print(ratios)
    assert ratios["wide"] < 4
    assert ratios["zero"] > 12


@pytest.mark.parametrize("release", ["0.1.2", "later"])
def test_vq_vae_weights(release):
    """Twice ours is theirs, where theirs is a mean over all numbers or, later, a sum over them."""
    groups, dim, commitment, quantization = 3, 4, 0.25, 0.7
    before, after = rng().normal(size=(2, B, groups, dim))
    reduce = np.mean if release == "0.1.2" else np.sum
    theirs = (commitment + quantization) * reduce(np.square(before - after))
    per = 1 / (2 * dim) if release == "0.1.2" else B * groups / 2
    forward = forward_of(
        latent=Latent(z=None, mean=f32(before), aux=Quantised(f32(before), f32(after)))
    )
    ours = commitment * per * commitment_term()(forward, {})
    ours += quantization * per * codebook_term()(forward, {})
    np.testing.assert_allclose(2 * ours.mean(), theirs, rtol=1e-5)


def test_regularized_decoder_is_rae_l2():
    """Its decay of weights is a term of the gradient: reg_weight / 2 |theta|^2 in the loss."""
    embedding_weight, reg_weight = 0.3, 0.02
    model = aejax.models.regularized_decoder(D, latent=3, widths=())
    x, variables = started(model)
    given = {
        "w_code_nats": embedding_weight / 2,
        "w_decoder_jacobian_sq": 0.0,
        "w_decoder_l2": reg_weight / 2,
    }
    w = weights_of(variables)
    z = x @ w["encoder"]["kernel"] + w["encoder"]["bias"]
    out = z @ w["decoder"]["kernel"] + w["decoder"]["bias"]
    theirs = np.square(x - out).sum(1) + embedding_weight * 0.5 * np.square(z).sum(1)
    decay = reg_weight / 2 * np.square(w["decoder"]["kernel"]).sum()
    constants = D * LOG_2PI + embedding_weight * 3 / 2 * LOG_2PI
    ours = 2 * loss_of(model, variables, x, **given)
    np.testing.assert_allclose(ours - constants, theirs.mean() + decay, rtol=1e-5)


def test_capacity_by_epochs_and_by_steps():
    """pythae's C is constant within an epoch, 1 the first; ours meets it at the epoch's end."""
    mean, logvar = 2 * rng().normal(size=(B, L)), rng(1).normal(size=(B, L))
    kl = 0.5 * (np.square(mean) + np.exp(logvar) - 1 - logvar).sum(1)
    latent = Latent(z=None, mean=f32(mean), logvar=f32(logvar))
    term, warmup, per_epoch = capacity_term(gaussian_kl_term()), 4, 30
    hp = {"capacity": 20.0, "capacity_steps": float((warmup + 1) * per_epoch)}
    for epoch in (1, 3, 5, 9):
        theirs = np.abs(kl - 20.0 * min(epoch / (warmup + 1), 1))
        ours = term(forward_of(latent=latent, step=f32(epoch * per_epoch)), hp)
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)
        # disentanglement_lib takes the mean of the divergence first.
        whole = abs(kl.mean() - 20.0 * min(epoch / (warmup + 1), 1))
        assert float(ours.mean()) >= whole - 1e-4


def codes():
    """Draws of posteriors that overlap little, as trained ones do, and log q(z_i | x_j)."""
    r = rng()
    mean, logvar = r.normal(size=(32, L)), 0.2 * r.normal(size=(32, L)) - 2
    z = mean + np.exp(logvar / 2) * r.normal(size=(32, L))
    gap = (z[:, None] - mean[None]) ** 2 * np.exp(-logvar)[None]
    return z, mean, logvar, -0.5 * (LOG_2PI + logvar[None] + gap)


def pythae_parts(log_weights):
    """Mutual information, total correlation and dimension-wise KL, in the mean."""
    z, _, _, pairs = codes()
    own = np.einsum("iil->i", pairs)
    log_q = logsumexp(log_weights + pairs.sum(-1), axis=1)
    log_product = logsumexp(log_weights[:, :, None] + pairs, axis=1).sum(-1)
    log_p = -0.5 * (LOG_2PI + z**2).sum(1)
    parts = (own - log_q, log_q - log_product, log_product - log_p)
    return np.asarray([part.mean() for part in parts])


def our_parts(num_data, weighting):
    z, mean, logvar, _ = codes()
    run = jax.jit(decompose, static_argnums=4)
    found = run(f32(z), f32(mean), f32(logvar), num_data, weighting)
    return np.asarray([part.mean() for part in found])


def test_beta_tc_vae_with_weighted_sampling():
    """pythae's three parts are ours; disentanglement_lib's correlation lacks a constant."""
    n, rows = 5000, 32
    theirs = pythae_parts(np.full((rows, rows), -np.log(n * rows)))
    ours = our_parts(n, "weighted")
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)
    _, _, _, pairs = codes()
    log_product = logsumexp(pairs, axis=1).sum(-1)
    correlation = (logsumexp(pairs.sum(-1), axis=1) - log_product).mean()
    np.testing.assert_allclose(ours[1] - correlation, (L - 1) * np.log(n * rows), rtol=1e-4)


def test_pythaes_stratified_sampling_takes_the_batch_for_the_data():
    """Its weights 1 / N stand in the matrix's first column and not on its diagonal."""
    n, rows = 5000, 32
    others = rows - 1
    weights = np.full((rows, rows), 1 / others)
    weights.reshape(-1)[::rows] = 1 / n
    weights.reshape(-1)[1::rows] = weights[others - 1, 0] = (n - others) / (n * others)
    assert weights[5, 5] == 1 / others
    theirs = pythae_parts(np.log(weights))
    np.testing.assert_allclose(our_parts(0, "stratified"), theirs, atol=0.15)
    assert np.abs(our_parts(n, "stratified") - theirs).max() > 2


def test_discriminators_of_two_logits_and_of_probabilities():
    """FactorVAE: two logits' difference is our one. Adversarial_AE: binary cross-entropies."""
    real, fake = rng().normal(size=(2, B, 2)) * 2
    log_softmax = lambda a: a - logsumexp(a, axis=1, keepdims=True)
    theirs = 0.5 * (-log_softmax(real)[:, 0] - log_softmax(fake)[:, 1])
    one_real, one_fake = (f32(a[:, 0] - a[:, 1]) for a in (real, fake))
    np.testing.assert_allclose(0.5 * discriminator_loss(one_real, one_fake), theirs, rtol=1e-5)
    p_real, p_fake = (1 / (1 + np.exp(-np.asarray(a, np.float64))) for a in (one_real, one_fake))
    theirs = -np.log(p_real) - np.log(1 - p_fake)
    np.testing.assert_allclose(discriminator_loss(one_real, one_fake), theirs, rtol=1e-5)
    np.testing.assert_allclose(generator_loss(one_fake), -np.log(p_fake), rtol=1e-5)


def test_iwae_has_the_same_gradient_and_another_value():
    """pythae's loss is -sum_k w_k log w_k with normalised weights w_k held fixed."""
    log_w = rng().normal(size=(5, B)) * 3
    held = np.exp(log_w - logsumexp(log_w, axis=0))
    ours = jax.grad(lambda a: log_mean_exp(a).sum())(f32(log_w))
    np.testing.assert_allclose(ours, held, rtol=1e-5, atol=1e-7)
    theirs = (held * log_w).sum(0)
    assert (theirs > np.asarray(log_mean_exp(f32(log_w))) + 0.1).all()


# SAELens: directions of any length there, of length one here


def started(model):
    """Rows, and variables of the model's shapes: encoder and decoder drawn, the rest zeros."""
    x, r = rng(7).normal(size=(B, D)), rng(8)
    shapes = jax.eval_shape(model.init, KEY, f32(x))
    variables = jax.tree.map(lambda v: jnp.zeros(v.shape, v.dtype), shapes)
    for side in ("encoder", "decoder"):
        layer = variables["params"][side]["dense_0"]
        variables["params"][side]["dense_0"] = {
            name: f32(r.normal(size=v.shape)) for name, v in layer.items()
        }
    return x, variables


def weights_of(variables):
    double = lambda leaf: np.asarray(leaf, np.float64)
    return {
        side: {n: double(v) for n, v in variables["params"][side]["dense_0"].items()}
        for side in ("encoder", "decoder")
    }


def loss_of(model, variables, x, step=10**6, **given):
    hp = {n: f32(v) for n, v in (hparams_of(model, Recipe(1, 1)) | given).items()}
    return float(jax.jit(model.loss)(variables, hp, f32(x), KEY, jnp.int32(step))[0])


def sae(variables, lengths):
    """SAELens' W_enc, b_enc, W_dec, b_dec: ours, with directions of the given lengths."""
    w = weights_of(variables)
    kernel = w["decoder"]["kernel"]
    directions = kernel / np.linalg.norm(kernel, axis=1, keepdims=True) * lengths[:, None]
    b_enc = w["encoder"]["bias"] / lengths if "bias" in w["encoder"] else None
    return w["encoder"]["kernel"] / lengths, b_enc, directions, w["decoder"]["bias"]


LENGTHS = np.exp(rng(9).normal(size=L))


def test_dictionary_l1_is_the_standard_architecture():
    model = aejax.models.dictionary_l1(D, latent=L)
    x, variables = started(model)
    w_enc, b_enc, w_dec, b_dec = sae(variables, LENGTHS)
    acts = np.maximum((x - b_dec) @ w_enc + b_enc, 0)
    penalty = np.abs(acts * np.linalg.norm(w_dec, axis=1)).sum(1)
    theirs = (np.square(acts @ w_dec + b_dec - x).sum(1) + 0.7 * penalty).mean()
    ours = 2 * loss_of(model, variables, x, w_l1=0.7 / 2) - D * LOG_2PI
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_gated_is_the_gated_architecture_in_value():
    model = aejax.models.gated(D, latent=L)
    x, variables = started(model)
    own = {n: rng(i).normal(size=L) for i, n in enumerate(variables["params"]["latent"])}
    variables["params"]["latent"] = {n: f32(v) for n, v in own.items()}
    w_enc, _, w_dec, b_dec = sae(variables, LENGTHS)
    gate = (x - b_dec) @ w_enc + own["gate_bias"] / LENGTHS
    magnitude = (x - b_dec) @ (w_enc * np.exp(own["log_scale"])) + own["magnitude_bias"] / LENGTHS
    acts = (gate > 0) * np.maximum(magnitude, 0)
    opened = np.maximum(gate, 0)
    penalty = (opened * np.linalg.norm(w_dec, axis=1)).sum(1)
    errors = sum(np.square(a @ w_dec + b_dec - x).sum(1) for a in (acts, opened))
    ours = 2 * loss_of(model, variables, x, w_gate_l1=0.7 / 2) - 2 * D * LOG_2PI
    np.testing.assert_allclose(ours, (errors + 0.7 * penalty).mean(), rtol=1e-5)


@pytest.mark.parametrize("threshold", [0.6, 0.1], ids=["narrow", "wide"])
def test_jump_relu_is_the_jumprelu_architecture(threshold):
    """Our kernel reads rectified values: where it reaches below 0, every silent unit is in it."""
    bandwidth, coefficient = 1.0, 0.7
    model = aejax.models.jump_relu(D, latent=L, threshold=threshold)
    x, variables = started(model)
    w_enc, b_enc, w_dec, b_dec = sae(variables, np.ones(L))
    pre = (x - b_dec) @ w_enc + b_enc
    missed = (pre * (pre > threshold)) @ w_dec + b_dec - x
    theirs = (np.square(missed).sum(1) + coefficient * (pre > threshold).sum(1)).mean()

    def slope(values):
        """Of the loss in log theta, by their backward passes of code and step, K around values."""
        inside = np.abs(values - threshold) < bandwidth / 2
        of_code = -(threshold / bandwidth) * inside * (2 * missed @ w_dec.T)
        of_step = -(coefficient / bandwidth) * inside
        return threshold * (of_code + of_step).sum(0) / B

    given = {"w_l0": coefficient / 2, "bandwidth": bandwidth}
    hp = {n: f32(v) for n, v in (hparams_of(model, Recipe(1, 1)) | given).items()}
    variables["extra"]["bandwidth"] = f32(bandwidth)

    def loss(log_threshold):
        params = {**variables["params"], "latent": {"log_threshold": log_threshold}}
        return model.loss({**variables, "params": params}, hp, f32(x), KEY, jnp.int32(10**6))[0]

    start = jnp.full(L, jnp.log(threshold))
    value, gradient = jax.jit(jax.value_and_grad(loss))(start)
    np.testing.assert_allclose(2 * value - D * LOG_2PI, theirs, rtol=1e-5)
    np.testing.assert_allclose(2 * gradient, slope(np.maximum(pre, 0)), rtol=1e-4, atol=1e-5)
    reaches_below = threshold < bandwidth / 2
    assert np.allclose(slope(np.maximum(pre, 0)), slope(pre)) != reaches_below


def test_topk_and_its_auxiliary_loss():
    """The coefficient, times dead / k_aux where fewer are dead; b_dec is in their e_hat as well."""
    coefficient, k, k_aux = 0.7, 2, D // 2
    window = 9  # theirs are dead after more than 9 passes, ours after so many examples or more
    model = aejax.models.topk(D, latent=L, k=k)
    run, (x, variables) = jax.jit(model.loss), started(model)
    for dead in (1, k_aux, k_aux + 2):
        silent = np.arange(L) < dead
        variables["params"]["encoder"]["dense_0"]["bias"] = f32(np.where(silent, 20.0, 60.0))
        idle = f32(np.where(silent, window + 1, window) * B)
        variables["extra"] = {"k": f32(k), "idle": idle}
        w_enc, b_enc, w_dec, b_dec = sae(variables, LENGTHS)
        lengths = np.linalg.norm(w_dec, axis=1)
        pre = ((x - b_dec) @ w_enc + b_enc) * lengths
        assert (pre > 0).all()  # theirs are not rectified for e_hat; ours are

        def decoded(marked, kept, pre=pre, lengths=lengths, w_dec=w_dec):
            chosen = np.argsort(-np.where(marked, pre, -np.inf), axis=1)[:, :kept]
            acts = np.zeros_like(pre)
            np.put_along_axis(acts, chosen, np.take_along_axis(pre, chosen, 1), 1)
            return (acts / lengths) @ w_dec

        residual = x - decoded(np.full(L, True), k) - b_dec
        missed = np.square(decoded(silent, min(k_aux, dead)) - residual).sum(1)
        weight = coefficient * min(dead / k_aux, 1.0)
        theirs = (np.square(residual).sum(1) + weight * missed).mean()
        given = {"w_auxk_nats": weight, "dead_after": (window + 1.0) * B}
        hp = {n: f32(v) for n, v in (hparams_of(model, Recipe(1, 1)) | given).items()}
        ours = 2 * run(variables, hp, f32(x), KEY, jnp.int32(0))[0] - D * LOG_2PI
        np.testing.assert_allclose(ours, theirs, rtol=1e-4)


# disentanglement_lib


@pytest.mark.parametrize("variant", ["i", "ii"])
def test_dip_vae(variant):
    """lambda_d is lambda_d_factor times lambda_od; covariances are divided by B."""
    mean, logvar = rng().normal(size=(B, L)), rng(1).normal(size=(B, L))
    covariance = np.mean(mean[:, :, None] * mean[:, None], 0) - np.outer(mean.mean(0), mean.mean(0))
    if variant == "ii":
        covariance = covariance + np.diag(np.exp(logvar).mean(0))
    diagonal = np.diag(covariance)
    off, factor = 3.0, 10.0
    theirs = off * np.square(covariance - np.diag(diagonal)).sum()
    theirs += factor * off * np.square(diagonal - 1).sum()
    forward = forward_of(latent=Latent(z=None, mean=f32(mean), logvar=f32(logvar)))
    ours = off * discrepancy.off_diagonal_term(variant)(forward, {})
    ours += factor * off * discrepancy.diagonal_term(variant)(forward, {})
    np.testing.assert_allclose(ours.mean(), theirs, rtol=1e-4)
