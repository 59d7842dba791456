"""Ranges of the traced hyper-parameters, checked where their values are known."""

from __future__ import annotations

from collections.abc import Mapping

from aejax.errors import check_within

# Ranges of traced hyper-parameters, checked when their values are known.
RANGES: dict[str, tuple[float, float]] = {
    "corruption": (0.0, 1.0),
    "rho": (0.0, 1.0),
    "word_dropout": (0.0, 1.0),
    "anneal_rate": (0.0, float("inf")),
    "emphasis_corrupted": (0.0, float("inf")),
    "emphasis_intact": (0.0, float("inf")),
    "mask_fraction": (0.0, 1.0),
    "lr": (0.0, float("inf")),
    "lr_rbm": (0.0, float("inf")),
    "lr_rbm_linear": (0.0, float("inf")),
    "momentum_start": (0.0, 1.0),
    "momentum_switch": (0.0, 1.0),
    "weight_decay": (0.0, float("inf")),
    "b1": (0.0, 1.0),
    "b2": (0.0, 1.0),
    "momentum": (0.0, 1.0),
    "capacity": (0.0, float("inf")),
    "capacity_steps": (0.0, float("inf")),
    "warmup_steps": (0.0, float("inf")),
    "free_nats": (0.0, float("inf")),
    "kernel_scale": (1e-6, float("inf")),
    "num_data": (0.0, float("inf")),
    "sigma": (0.0, float("inf")),
    "k_aux": (0.0, float("inf")),
    "dead_after": (0.0, float("inf")),
    "l0_warmup": (0.0, float("inf")),
}


def check_range(
    name: str, value: float, ranges: Mapping[str, tuple[float, float]] | None = None
) -> None:
    """Raises ConfigError for a hyper-parameter outside its range; NaN is outside of any.

    Args:
      name: of the hyper-parameter.
      value: its value.
      ranges: a model's own, before those for all models.
    """
    low, high = {**RANGES, **(ranges or {})}.get(name, (-float("inf"), float("inf")))
    check_within(name, value, low, high)
