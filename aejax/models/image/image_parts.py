"""What the builders of image models share."""

from __future__ import annotations

from aejax.errors import ConfigError
from aejax.models.parts import Features, example_shape


def image_shape(model: str, features: Features) -> tuple[int, int, int]:
    """Returns (height, width, channels).

    Raises:
      ConfigError: features of a vector, or sizes below 1.
    """
    shape = example_shape(features)
    if len(shape) != 3:
        raise ConfigError(
            f"features={features!r} is no image, which model {model!r} needs. "
            "Allowed: (height, width, channels), such as (28, 28, 1)."
        )
    return shape  # type: ignore[return-value]
