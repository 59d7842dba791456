"""Jacobian penalties as loss terms: of the encoder, of the decoder, and of second order."""

from __future__ import annotations

from collections.abc import Callable

from aejax.errors import lookup
from aejax.hparams import HParam
from aejax.keys import stream
from aejax.losses.jacobian.cost import chain_widths
from aejax.losses.jacobian.higher import check_higher_order, higher_order
from aejax.losses.jacobian.norm import check_method, squared_frobenius
from aejax.nets.activations import ACTIVATIONS
from aejax.types import Array, Dense, Forward, Hparams, Nets, Term

Layers = Callable[[dict], tuple[Dense, ...]] | None


def jacobian_term(nets: Nets, *, method: str = "auto", probes: int = 1, chain: bool = True) -> Term:
    """The term ||J_f(x)||_F^2 of a contractive encoder. Rifai et al. 2011 (ICML), eq. 1.

    Args:
      nets: the model's networks; `encoder_layers` makes the fast methods possible.
      method, probes: as in `squared_frobenius`.
      chain: whether the code is the encoder network's output itself. Pass False where the latent
        space does more than split it (top-k, normalisation), so that f is differentiated as it is.
        A code of another size than the network's output (a mean beside a log-variance) is seen.

    Returns:
      fn(forward, hp) -> [B], at the clean input `forward.x` and of the deterministic code.

    Raises:
      ConfigError: see `squared_frobenius`; what can be known without shapes, at once.
    """
    layers_of = nets.encoder_layers if chain else None
    check_method(method, probes=probes, has_layers=layers_of is not None, has_key=True)

    def term(forward: Forward, hp: Hparams) -> Array:
        return squared_frobenius(
            forward.encode,
            forward.x,
            method=method,
            layers=_code_layers(layers_of, forward),
            key=stream(forward.key, "jacobian"),
            probes=probes,
        )

    return term


def decoder_jacobian_term(
    nets: Nets, *, output: str = "identity", method: str = "auto", probes: int = 1
) -> Term:
    """The term ||J_g(z)||_F^2 of the decoder at the codes. Ghosh et al. 2020, RAE-GP.

    Args:
      nets: the model's networks; `decoder_layers` makes the fast methods possible.
      output: activation put on the decoder's output: `identity` penalises the likelihood's
        parameters (logits, for Bernoulli pixels), `sigmoid` their Bernoulli mean.
      method, probes: as in `squared_frobenius`; z is the input, so `auto` chooses for a tall J.

    Returns:
      fn(forward, hp) -> [B], at `forward.latent.z`, through which the gradient also flows.

    Raises:
      ConfigError: an unknown activation, and see `squared_frobenius`.
    """
    activation = lookup("output", output, ACTIVATIONS)
    has_layers = nets.decoder_layers is not None
    check_method(method, probes=probes, has_layers=has_layers, has_key=True)

    def term(forward: Forward, hp: Hparams) -> Array:
        z = forward.latent.z
        return squared_frobenius(
            lambda z: activation(forward.decode(z)).reshape(z.shape[0], -1),
            z,
            method=method,
            layers=_with_output(nets.decoder_layers, forward, output),
            key=stream(forward.key, "decoder_jacobian"),
            probes=probes,
        )

    return term


SIGMA = HParam("sigma", 0.1, symbol="sigma", meaning="standard deviation of eps, in the unit of x")


def higher_order_term(
    nets: Nets, *, n_samples: int = 1, method: str = "auto", chain: bool = True
) -> Term:
    """The term E_eps ||J_f(x) - J_f(x + eps)||_F^2 of CAE+H. Rifai et al. 2011 (ECML).

    Args:
      nets, chain: as in `jacobian_term`.
      n_samples: draws of eps ~ N(0, hp["sigma"]^2 I) per example.
      method: as in `higher_order`.

    Returns:
      fn(forward, hp) -> [B]; its weight is the paper's gamma.

    Raises:
      ConfigError: see `higher_order`.
    """
    layers_of = nets.encoder_layers if chain else None
    check_higher_order(method, n_samples, layers_of is not None)

    def term(forward: Forward, hp: Hparams) -> Array:
        return higher_order(
            forward.encode,
            forward.x,
            key=stream(forward.key, "higher_order"),
            sigma=hp["sigma"],
            n_samples=n_samples,
            method=method,
            layers=_code_layers(layers_of, forward),
        )

    return term


def _code_layers(layers_of: Layers, forward: Forward) -> tuple[Dense, ...] | None:
    """The encoder's chain, if what it ends in has the code's size."""
    if layers_of is None:
        return None
    layers = layers_of(forward.variables["params"])
    return layers if chain_widths(layers)[-1] == forward.latent.mean.shape[-1] else None


def _with_output(layers_of: Layers, forward: Forward, output: str) -> tuple[Dense, ...] | None:
    """The decoder's chain with `output` as the last activation, if the last one can be replaced."""
    if layers_of is None:
        return None
    *others, last = layers_of(forward.variables["params"])
    if "identity" not in (output, last.activation):
        return None
    return (*others, last._replace(activation=output) if output != "identity" else last)
