"""Pre-training a deep autoencoder as a stack of restricted Boltzmann machines, then unrolling it.

The machines have no parameters of their own: machine i reads the encoder's layer i as its weights
and hidden biases, and the bias of the decoder's mirror layer as its visible biases. Unrolling then
only writes the decoder's kernels. Hinton & Salakhutdinov 2006.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from aejax.hparams import HParam
from aejax.keys import stream
from aejax.rbm import machine as boltzmann
from aejax.rbm.machine import RBM, Params
from aejax.rbm.units import Units
from aejax.types import Array, Autoencoder, Aux, Hparams, Loss, PyTree, Stage, Variables

Kinds = tuple[Units, ...]  # of the data and of each layer above


def machine(kinds: Kinds, i: int) -> RBM:
    """The i-th machine of a stack, counted from the data."""
    return RBM(kinds[i], kinds[i + 1])


def parameters(kinds: Kinds, params: PyTree, i: int) -> Params:
    """The i-th machine's parameters, read from the autoencoder's."""
    encoder = params["encoder"][f"dense_{i}"]
    decoder = params["decoder"][f"dense_{len(kinds) - 2 - i}"]
    return {
        "kernel": encoder["kernel"] / kinds[i].scale,
        "hidden": encoder["bias"],
        "visible": decoder["bias"],
    }


def mean_field(kinds: Kinds, params: PyTree, x: Array, depth: int) -> Array:
    """The states [B, D_depth] of layer `depth` that data x [B, *shape] cause, all at the mean."""
    state = kinds[0].scale * x.reshape(x.shape[0], -1)
    for i in range(depth):
        state = kinds[i + 1].mean(boltzmann.up(parameters(kinds, params, i), state))
    return state


def reconstruct(kinds: Kinds, params: PyTree, x: Array) -> Array:
    """Data [B, D] after a mean-field pass up the whole stack and down again."""
    top = len(kinds) - 1
    state = mean_field(kinds, params, x, top)
    for i in reversed(range(top)):
        state = kinds[i].mean(boltzmann.down(parameters(kinds, params, i), state))
    return state / kinds[0].scale


def unroll(kinds: Kinds) -> Callable[[Variables, Array], Variables]:
    """Returns the pure function that writes the decoder's kernels: the machines', transposed."""

    def enter(variables: Variables, key: Array) -> Variables:
        params = variables["params"]
        decoder = dict(params["decoder"])
        for i in range(len(kinds) - 1):
            mirror = f"dense_{len(kinds) - 2 - i}"
            kernel = parameters(kinds, params, i)["kernel"].T
            decoder[mirror] = {**decoder[mirror], "kernel": kernel}
        return {**variables, "params": {**params, "decoder": decoder}}

    return enter


def new_chains(kinds: Kinds, sizes: tuple[int, ...], chains: int, key: Array) -> PyTree:
    """Where the persistent chains begin, [chains, D_i] for each machine, unless there are none."""
    if not chains:
        return {}
    states = {
        f"rbm_{i}": kinds[i].sample(stream(key, f"rbm_{i}"), jnp.zeros((chains, sizes[i])))
        for i in range(len(sizes) - 1)
    }
    return {"chains": states}


def pretraining_loss(kinds: Kinds, i: int, cd_steps: int, persistent: bool) -> Loss:
    """The loss of the i-th machine on what the frozen machines below make of the data.

    Terms, [B]: `cd_nats`, the free energy of the data less that of the chains; `rbm_l2`, half the
    squared weights, with the weight cost `w_rbm_l2`; `rbm_sq_error`, one mean-field pass's squared
    error, to watch. Contrastive divergence starts at the data and, as in the published code, moves
    by sampled hidden units and visible means; persistent chains are drawn throughout.
    """
    rbm, name = machine(kinds, i), f"rbm_{i}"

    def loss(variables: Variables, hp: Hparams, x: Array, key: Array, step: Array):
        whole, extra = variables["params"], variables["extra"]
        params = parameters(kinds, whole, i)
        v = jax.lax.stop_gradient(mean_field(kinds, whole, x, i))
        begin = extra["chains"][name] if persistent else v
        negative = boltzmann.gibbs(
            rbm, jax.lax.stop_gradient(params), stream(key, name), begin, cd_steps,
            sample_visible=persistent,
        )  # fmt: skip
        if persistent:
            extra = {**extra, "chains": {**extra["chains"], name: negative}}
        again = rbm.visible.mean(boltzmann.down(params, rbm.hidden.mean(boltzmann.up(params, v))))
        norm = 0.5 * jnp.sum(jnp.square(whole["encoder"][f"dense_{i}"]["kernel"]))
        terms = {
            "cd_nats": boltzmann.contrast(rbm, params, v, negative),
            "rbm_l2": jnp.broadcast_to(norm, x.shape[:1]),
            "rbm_sq_error": jax.lax.stop_gradient(jnp.sum(jnp.square(v - again), axis=-1)),
        }
        return jnp.mean(terms["cd_nats"]) + hp["w_rbm_l2"] * norm, Aux(terms, extra)

    return loss


def rate_of(kinds: Kinds, i: int) -> str:
    """The hyper-parameter with a machine's learning rate: unbounded units need a smaller one."""
    return "lr_rbm" if kinds[i].bounded and kinds[i + 1].bounded else "lr_rbm_linear"


COST = HParam("w_rbm_l2", 2e-4, symbol="weightcost", meaning="weight of rbm_l2 in pre-training")
RATES = (
    HParam("lr_rbm", 0.1, symbol="epsilonw", meaning="learning rate of a machine"),
    HParam("lr_rbm_linear", 1e-3, meaning="learning rate of a machine with unbounded units"),
)


def hparams(kinds: Kinds) -> tuple[HParam, ...]:
    """What pre-training reads, with the published code's defaults."""
    used = {rate_of(kinds, i) for i in range(len(kinds) - 1)}
    return (COST, *(rate for rate in RATES if rate.name in used))


def stages(
    kinds: Kinds, *, share: float, cd_steps: int, persistent: bool
) -> Callable[[Autoencoder], tuple[Stage, ...]]:
    """Machine after machine from the data upwards, then the unrolled network as a whole.

    Args:
      kinds: units of the data and of each layer above.
      share: the machines' part of the steps, divided equally.
      cd_steps: Gibbs steps per update.
      persistent: whether the chains go on from update to update.
    """
    top = len(kinds) - 1

    def make(model: Autoencoder) -> tuple[Stage, ...]:
        machines = [
            Stage(
                name=f"rbm_{i}",
                loss=pretraining_loss(kinds, i, cd_steps, persistent),
                share=share / top,
                trainable=(f"encoder/dense_{i}", f"decoder/dense_{top - 1 - i}/bias"),
                optimizer="two_momenta",
                lr=rate_of(kinds, i),
            )
            for i in range(top)
        ]
        tuned = Stage("fine_tuning", model.loss, share=1.0 - share, enter=unroll(kinds))
        return (*machines, tuned)

    return make
