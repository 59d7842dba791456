"""What the builders of recommenders share: rows of unit length, in training with dropout."""

from __future__ import annotations

from aejax.corruptions.dropout import unit_length
from aejax.nets.dense import mirrored
from aejax.types import Nets


def unit_nets(
    shape: tuple[int, ...],
    *,
    widths: tuple[int, ...],
    latent: int,
    outputs: int,
    activation: str,
    code_activation: str,
    init: str,
) -> Nets:
    """An MLP and its mirror image, whose encoder reads rows at unit length.

    What `unit_dropout` gives it in training has been brought to unit length before the dropout and
    is read as it is. Args and errors: as in `aejax.nets.dense.mirrored`.
    """
    nets = mirrored(
        shape,
        shape,
        widths=widths,
        latent=latent,
        outputs=outputs,
        activation=activation,
        code_activation=code_activation,
        init=init,
    )
    return nets._replace(
        encode=lambda params, x: nets.encode(params, unit_length(x)),
        encode_visible=lambda params, x, hidden: nets.encode(params, x),
        encoder_layers=None,  # of a row there is a division before them
    )
