"""A sweep of 120 members in 24 groups that take a second each: for tests that kill."""

from aejax.sweep import base, grid, product


def get_config(scale="small"):
    return base(
        scale,
        name="many",
        steps=40,
        eval_every=10,
        train_size=200,
        test_size=50,
        batch_size=32,
        images=2,
        samples=2,
        codes=8,
        checkpoint_seconds=0.0,
        **{"args.widths": (8,)},
    )


def sweep(scale="small"):
    seeds = 5 if scale == "small" else 2
    widths = range(2, 14) if scale == "small" else range(2, 4)
    models = ["undercomplete", "vae"]
    return product(grid(**{"model": models, "args.latent": widths}), grid(seed=range(seeds)))
