"""The contracts. Everything else in the package is written against these records.

An autoencoder is a record of pure functions; a population is that record, vmapped. Nothing here
knows of flax or optax: `nets/` hides the first behind `init`/`apply`, `train/` the second.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import numpy as np

from aejax.conditions import Condition
from aejax.hparams import HParam

Array = jax.Array
if TYPE_CHECKING:
    AnyArray = jax.Array  # as jnp's own stubs: what jnp makes of it is an Array again
else:
    AnyArray = jax.Array | np.ndarray  # what a pure function of arrays takes
PyTree = Any
Variables = dict[str, Any]  # {"params": tree, "extra": tree}
Hparams = Mapping[str, Any]  # name -> float32 scalar, traced


class Dense(NamedTuple):
    """One affine layer with its activation, as the Jacobian's fast methods need to see it."""

    kernel: Array  # [D, H]
    bias: Array  # [H]
    activation: str  # a name of aejax.nets.ACTIVATIONS


class Net(NamedTuple):
    """A network behind two closures.

    `init(key, x) -> params` takes a batch [B, ...]; `apply(params, x) -> y`. `layers(params)`
    returns the chain of Dense layers that `apply` is equal to, or is None where it is no such
    chain.
    """

    init: Callable[[Array, Array], PyTree]
    apply: Callable[..., Any]
    layers: Callable[[PyTree], tuple[Dense, ...]] | None = None


class Nets(NamedTuple):
    """An encoder and a decoder that may share parameters (tied weights).

    `init(key, x) -> {"encoder": ..., "decoder": ...}`, `encode(params, x) -> h [B, E]`,
    `decode(params, z) -> out [B, *out_shape]`; the `*_layers` are as in `Net.layers`, of `params`.
    `teacher_forced(params, z, x, key, hp) -> out` is what the loss takes for `decode` where the
    decoder reads the target in training (teacher forcing); elsewhere None.
    `drawn(params, z, key) -> out` decodes a code to a sequence whose tokens are drawn one after
    another: the likeliest of `out` are the draws. None where tokens are not drawn so.
    `encode_visible(params, x, hidden) -> h` is what the model takes for `encode` where a part of x
    is hidden (bool, of x's shape) and the encoder is to skip it; None where it reads all of x_in.
    `condition` is what both are told beside each example, or None: they then take and the encoder
    gives `Conditioned` arrays.
    `decode_normed(variables, z) -> out` is what the model takes for `decode` where the decoder has
    a batch norm, whose moments stand in `variables["extra"]`; elsewhere None.
    """

    init: Callable[[Array, Array], PyTree]
    encode: Callable[[PyTree, Array], Any]
    decode: Callable[[PyTree, Any], Array]
    encoder_layers: Callable[[PyTree], tuple[Dense, ...]] | None = None
    decoder_layers: Callable[[PyTree], tuple[Dense, ...]] | None = None
    teacher_forced: Callable[[PyTree, Any, Array, Array, Hparams], Array] | None = None
    encode_visible: Callable[[PyTree, Array, Array], Any] | None = None
    condition: Condition | None = None
    decode_normed: Callable[[Variables, Any], Array] | None = None
    drawn: Callable[[PyTree, Array, Array], Array] | None = None


class Latent(NamedTuple):
    """What an encoder returns for a batch.

    `z` is what the decoder gets, `mean` the deterministic code.
    """

    z: Any
    mean: Array
    logvar: Array | None = None  # log-variance of the posterior [B, L]
    index: Array | None = None  # discrete codes [B, ...]
    aux: Any = None  # whatever a term of the same model needs beside these (log-densities, masks)


class Forward(NamedTuple):
    """Everything that a loss term may read about one batch."""

    x: Array  # [B, *shape], the clean target
    x_in: Array  # [B, *shape], what the encoder saw
    corrupted: Array | None  # [B, *shape] bool, where x_in differs from x by design
    latent: Latent
    out: Array  # likelihood parameters
    variables: Variables
    encode: Callable[[Array], Array]  # x [B, *shape] -> deterministic code [B, L]
    decode: Callable[[Any], Array]  # z -> likelihood parameters, as in this pass
    key: Array
    step: Array


class Aux(NamedTuple):
    """What a loss returns beside its scalar."""

    terms: dict[str, Array]  # name -> [B], unweighted, units in the name
    extra: PyTree  # the new variables["extra"]


class Corruption(NamedTuple):
    """`apply(key, x, hp) -> (x_in, corrupted)`.

    `corrupted` is a bool mask of x's shape, or None. `fill(x, hidden) -> x_in` is what a corruption
    that hides a part of x does to a mask that it is given; elsewhere None. `hides` says that a part
    is hidden to be predicted, and that the model is judged by that part.
    """

    apply: Callable[[Array, Array, Hparams], tuple[Array, Array | None]]
    hparams: tuple[HParam, ...] = ()
    fill: Callable[[Array, Array], Array] | None = None
    hides: bool = False


class Likelihood(NamedTuple):
    """p(x | out). `nll` is in nats per example [B], summed over features, constants included."""

    name: str
    outputs: int  # decoder outputs per feature, concatenated on the last axis
    nll: Callable[[Array, Array], Array]
    mean: Callable[[Array], Array]
    sample: Callable[[Array, Array], Array]  # (key, out) -> x
    support: tuple[float, float]
    integers: bool = False  # x holds ids, which no scaling may touch
    joint: bool = False  # the features of x depend on each other given `out`
    scored_mask: Any = None  # bool array of one example's shape: what is scored; None: all of x
    gaps: bool = False  # NaN in x is a missing value, which the likelihood leaves out
    sparse_gaps: bool = False  # so is what a sparse row does not store; else that is zero


class LatentSpace(NamedTuple):
    """How the encoder's output becomes a code.

    `apply(variables, h, key) -> Latent`; key None means evaluation: z is the deterministic code.
    `prior(variables, key, n) -> z` or None where the model has none.
    `log_prior(variables, z) -> [B]` and `log_posterior(latent, z) -> [B]` are the log-densities of
    that prior and of q(z | x), in nats, summed over the code; None where there are none. With both,
    Monte Carlo divergences, importance-weighted bounds and log p(x) by importance sampling apply.
    `log_posterior` need only hold at `latent.z` (a flow knows the density of its own sample alone).
    `init(key) -> {"params": {}, "extra": {}}` holds codebooks, multipliers and the like.
    `prepare(extra, hp, step) -> extra` runs before the forward pass of a training step (schedules);
    `update(extra, forward) -> extra` after it (moving averages). What evaluation needs of the
    hyper-parameters stands in `extra`, so that a trained model is its variables and nothing else.
    `hparams` are the hyper-parameters that `prepare` reads.
    `sparse` says that units are exactly zero by design, so that counting them means something.
    `codes` is how many values an entry of `Latent.index` takes, 0 where there is no index.
    `step` is what evaluation's codes are whole multiples of, whose probabilities are those of
    `latents.priors.fully_factorised`; 0 where they are not.
    """

    size: int
    outputs: int
    apply: Callable[[Variables, Any, Array | None], Latent]
    prior: Callable[[Variables, Array, int], Any] | None
    init: Callable[[Array], Variables] | None = None
    prepare: Callable[[PyTree, Hparams, Array], PyTree] | None = None
    update: Callable[[PyTree, Forward], PyTree] | None = None
    hparams: tuple[HParam, ...] = ()
    sparse: bool = False
    log_prior: Callable[[Variables, Any], Array] | None = None
    log_posterior: Callable[[Latent, Any], Array] | None = None
    codes: int = 0
    step: float = 0.0


Term = Callable[[Forward, Hparams], Array]  # -> [B]
Loss = Callable[[Variables, Hparams, Array, Array, Array], tuple[Array, Aux]]


class Stage(NamedTuple):
    """One stage of training: a loss, the parameters it may move, and how variables enter it.

    `trainable` are path prefixes such as "encoder/dense_0"; empty means all. Parameters outside it
    are not differentiated and stay equal bit for bit. `enter(variables) -> variables` is pure.
    `share` is this stage's part of the total number of steps. `optimizer` names another than the
    run's, or is None. `lr` is the hyper-parameter that is its learning rate, so that stages can be
    swept apart; `Autoencoder.declared` may hold another default than the optimiser's.
    """

    name: str
    loss: Loss
    share: float = 1.0
    trainable: tuple[str, ...] = ()
    enter: Callable[[Variables, Array], Variables] | None = None  # (variables, key)
    optimizer: str | None = None
    lr: str = "lr"


class Made(NamedTuple):
    """Where a model comes from: enough to build it again."""

    builder: str
    args: dict[str, Any]


class Info(NamedTuple):
    """What a reader, a metric or a figure needs to know of a model beside its functions."""

    name: str
    paper: str
    equation: str
    shape: tuple[int, ...]  # of one example
    latent: int  # size of the code
    likelihood: Likelihood
    nets: Nets
    corruption: Corruption
    terms: tuple[str, ...] = ()  # names of the loss terms
    bound: tuple[str, ...] = ()  # terms whose sum is a negative lower bound of log p(x), if any
    space: LatentSpace | None = None
    least_rows: int = 1  # of a training batch: 2 where terms are of pairs of examples
    made: Made | None = None  # by which builder, with which arguments; see models/builder.py


@dataclasses.dataclass(frozen=True, eq=False)
class Autoencoder:
    """A model: pure functions and the names of what can be swept without recompiling.

    Equal to itself alone and hashable, so that it can be a static argument under jit.

    init(key, x) -> {"params", "extra"};
    encode(variables, x, key=None, hidden=None) -> Latent, `hidden` as in `Nets.encode_visible`;
    decode(variables, z) -> likelihood parameters;  loss(variables, hp, x, key, step) -> (scalar,
    Aux);
    sample(variables, key, n, condition=None) -> x (means given sampled codes), or None without a
    prior; a model with a condition takes `Conditioned` arrays for x and z, and n conditions here;
    declared: its hyper-parameters; `hparams` are their defaults by name;
    groups: parameter-group name -> path prefix, each with its own learning rate `lr_<group>`;
    init_from_mean(variables, mean [*shape]) -> variables before the first step, given the mean of
    the training rows, or None.
    """

    init: Callable[[Array, Array], Variables]
    encode: Callable[..., Latent]
    decode: Callable[[Variables, Any], Array]
    loss: Callable[..., tuple[Array, Aux]]
    sample: Callable[..., Array] | None
    declared: tuple[HParam, ...]
    info: Info
    stages: tuple[Stage, ...] = ()
    groups: Mapping[str, str] = dataclasses.field(default_factory=dict)
    init_from_mean: Callable[[Variables, Array], Variables] | None = None

    @property
    def hparams(self) -> dict[str, float]:
        """Names and defaults of what can be swept without recompiling, the optimiser's aside."""
        return {record.name: record.default for record in self.declared}

    def replace(self, **changes: Any) -> Autoencoder:
        """Returns a copy with other fields."""
        return dataclasses.replace(self, **changes)


def stages_of(model: Autoencoder) -> tuple[Stage, ...]:
    """Returns the model's stages; a model without any has one, its loss."""
    return model.stages or (Stage("train", model.loss),)


class Health(NamedTuple):
    """-1 while all is well; else the step of divergence and the index of the offending term."""

    step: Array
    term: Array


class TrainState(NamedTuple):
    """Arrays only (law): no optimiser and no function hides in here."""

    step: Array
    variables: Variables
    opt_state: PyTree
    key: Array
    health: Health
