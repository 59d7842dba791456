"""What is shown of each kind of model, and of some models by name: functions `Seen -> panels`."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from aejax import keys
from aejax.api.applying import interpolate, reconstruct, traverse
from aejax.api.imputing import impute
from aejax.errors import lookup
from aejax.evaluate.contraction import encoder_of
from aejax.gallery.panels import ACROSS, Cloud, Clouds, Panel, Strip, Words
from aejax.gallery.seen import Seen
from aejax.gallery.training import gapped
from aejax.losses.jacobian.norm import jacobians
from aejax.models.catalogue import ENTRIES

Picture = Callable[[Seen], list[Panel]]
CLOUD = 2000  # points


def images(seen: Seen) -> list[Panel]:
    """Test images and what the model makes of them."""
    return [
        Strip("images", seen.images(np.asarray(seen.x))),
        Strip("reconstructions", seen.images(seen.shown["reconstructions"])),
    ]


def _pca(seen: Seen, size: int) -> Strip:
    mean, directions, _ = seen.principal
    flat = np.asarray(seen.x).reshape(len(seen.x), -1) - mean
    kept = directions[:, :size]
    return Strip(f"PCA of {size}", seen.images(flat @ kept @ kept.T + mean))


def bottleneck(seen: Seen) -> list[Panel]:
    """Beside PCA with a code of the same size."""
    return [*images(seen), _pca(seen, seen.model.info.latent)]


def _atoms(seen: Seen) -> np.ndarray:
    """The decoder's last kernel, a picture a unit [L, D]; of a decoder of one layer, its atoms."""
    layers = seen.model.info.nets.decoder_layers
    assert layers is not None
    return np.asarray(layers(seen.variables["params"])[-1].kernel)


def _filters(seen: Seen) -> np.ndarray:
    """The encoder's first kernel, a picture a unit [H, D]."""
    layers = seen.model.info.nets.encoder_layers
    assert layers is not None
    return np.asarray(layers(seen.variables["params"])[0].kernel).T


def linear(seen: Seen) -> list[Panel]:
    """The subspace is PCA's; columns, or with L2 singular vectors, beside its directions."""
    columns = _atoms(seen)[:ACROSS]
    label = "decoder's columns"
    if seen.model.info.name == "linear_l2":
        columns = np.linalg.svd(columns.T, full_matrices=False)[0].T
        label = "singular vectors"
    true = seen.principal.directions[:, :ACROSS].T
    signs = np.sign(np.sum(columns * true, axis=1, keepdims=True))
    return [
        *bottleneck(seen),
        Strip(label, seen.images(columns * signs), signed=True),
        Strip("principal directions", seen.images(true), signed=True),
    ]


def _largest(pictures: np.ndarray, use: np.ndarray, count: int) -> np.ndarray:
    return pictures[np.argsort(-use, kind="stable")[:count]]


def filters(seen: Seen) -> list[Panel]:
    """The first layer's filters of the greatest length, and reconstructions."""
    found = _filters(seen)
    shown = _largest(found, np.linalg.norm(found, axis=1), 3 * ACROSS)
    noisy = seen.shown.get("noisy")
    before = [] if noisy is None else [Strip("corrupted", seen.images(noisy))]
    again = images(seen)
    label = f"30 of {len(found)} first filters"
    return [again[0], *before, again[1], Strip(label, seen.images(shown), signed=True)]


def dictionary(seen: Seen) -> list[Panel]:
    """The most used atoms, and one image as the sum of more and more of its parts."""
    codes, atoms = seen.codes, _atoms(seen)
    use = (codes != 0).mean(axis=0)
    shown = _largest(atoms, use, 3 * ACROSS)
    own = np.asarray(seen.model.encode(seen.variables, seen.x).z)
    active = int(np.median((own != 0).sum(axis=1)))
    strips: list[Panel] = [*images(seen)]
    for i in (2, 5):
        parts = own[i][:, None] * atoms
        ranked = _largest(parts, np.abs(own[i]) * np.linalg.norm(atoms, axis=1), ACROSS)
        strips.append(Strip(f"parts of the {i}", seen.images(ranked), signed=True))
    label = f"30 of {len(atoms)} atoms; {active} active an image"
    return [*strips, Strip(label, seen.images(shown), signed=True)]


def repaired(seen: Seen) -> list[Panel]:
    """What the model was given, what it made of it, and what had been there."""
    return [
        Strip("given", seen.images(seen.shown["noisy"])),
        Strip("repaired", seen.images(seen.shown["reconstructions"])),
        Strip("originals", seen.images(np.asarray(seen.x))),
    ]


def imputed(seen: Seen) -> list[Panel]:
    """Images of which half is missing, their conditional mean, and a draw of what it may be."""
    given = gapped(seen.rows, 1)
    found = impute(seen.fitted, given, samples=1000, draws=1)
    return [
        Strip("given", seen.images(np.where(np.isnan(given), np.float32(0.5), given))),
        Strip("mean, given these", seen.images(found.mean)),
        Strip("a draw", seen.images(found.draws[0])),
        Strip("originals", seen.images(np.asarray(seen.x))),
    ]


def rated(seen: Seen) -> list[Panel]:
    """Images of which half is given, and all that is predicted from it."""
    given = gapped(seen.rows, 1)
    return [
        Strip("given", seen.images(np.where(np.isnan(given), np.float32(0.5), given))),
        Strip("predicted", seen.images(reconstruct(seen.fitted, given))),
        Strip("originals", seen.images(np.asarray(seen.x))),
    ]


def tangents(seen: Seen) -> list[Panel]:
    """The directions in which an image's code moves most: of its Jacobian, the singular vectors.

    Over the pixels that vary: the others' weights, to which no image objects, are as they began.
    """
    encode, _ = encoder_of(seen.model, seen.variables)
    varying = np.asarray(seen.dataset.train[:1000]).reshape(1000, -1).std(axis=0) > 25
    found = np.asarray(jacobians(encode, seen.x)) * varying  # [B, L, D]
    right = np.linalg.svd(found, full_matrices=False)[2]
    return [
        *images(seen),
        *[Strip(f"direction {i + 1}", seen.images(right[:, i]), signed=True) for i in range(3)],
    ]


def between(seen: Seen) -> list[Panel]:
    """From one image to another along a straight line of codes."""
    firsts, seconds = seen.rows[[0, 3]], seen.rows[[6, 7]]
    steps = interpolate(seen.fitted, firsts, seconds, steps=ACROSS) / 255
    return [Strip("0 to 6, 3 to 7", seen.images(steps))]


def convolved(seen: Seen) -> list[Panel]:
    """Reconstructions, and images between images."""
    return [*images(seen), *between(seen)]


def kernels(seen: Seen) -> list[Panel]:
    """A corrupted image, what it becomes, and the first layer's kernels."""
    found = np.asarray(seen.variables["params"]["encoder"]["conv_0"]["kernel"])[:, :, 0]
    before = Strip("corrupted", seen.images(seen.shown["noisy"]))
    again = images(seen)
    return [
        again[0],
        before,
        again[1],
        Strip("kernels", found.transpose(2, 0, 1), signed=True),
    ]


def generated(seen: Seen) -> list[Panel]:
    """Reconstructions, and samples of the prior."""
    return [*images(seen), Strip("samples", seen.images(seen.shown["samples"]))]


def smooth(seen: Seen) -> list[Panel]:
    """Samples, and images between images."""
    return [*generated(seen), *between(seen)]


def _prior(seen: Seen, n: int) -> np.ndarray:
    space = seen.model.info.space
    assert space is not None
    assert space.prior is not None
    return np.asarray(space.prior(seen.variables, keys.stream(seen.key, "prior"), n))


def matched(seen: Seen) -> list[Panel]:
    """The codes of the test images beside draws of the prior, in the plane."""
    labels = seen.dataset.test_labels
    assert labels is not None
    codes = Cloud("codes of test images", seen.codes[:CLOUD, :2], labels[:CLOUD])
    prior = Cloud("draws of the prior", _prior(seen, len(codes.points))[:, :2])
    return [*generated(seen), Clouds("code", (codes, prior))]


def posteriors(seen: Seen) -> list[Panel]:
    """The posterior of one image by its own draws: the widest of those of the ten."""
    many = jnp.repeat(seen.x, CLOUD, axis=0)
    draws = seen.model.encode(seen.variables, many, keys.stream(seen.key, "posterior")).z
    each = np.asarray(draws).reshape(len(seen.x), CLOUD, -1)
    widest = int(each.std(axis=1).sum(axis=-1).argmax())
    labels = seen.dataset.test_labels
    assert labels is not None
    clouds = (
        Cloud("codes of test images", seen.codes[:CLOUD], labels[:CLOUD]),
        Cloud(f"q(z | x) of the {widest} above, from near", each[widest]),
    )
    return [*generated(seen), Clouds("code", clouds, same_axes=False)]


def traversals(seen: Seen) -> list[Panel]:
    """One latent at a time from -2.5 to 2.5: the five that move most, and the one that least."""
    spread = seen.codes.std(axis=0)
    order = np.argsort(-spread, kind="stable")
    moved = [*order[:5], order[-1]]
    values = np.linspace(-2.5, 2.5, ACROSS)
    line = traverse(seen.fitted, seen.rows[:1], latents=moved, values=values)[0] / 255
    return [
        *images(seen),
        *[
            Strip(f"latent {i} (deviation {spread[i]:.2f})", seen.images(each))
            for i, each in zip(moved, line, strict=True)
        ],
    ]


def discrete(seen: Seen) -> list[Panel]:
    """Reconstructions, and samples: each code is drawn by itself, all alike."""
    drawn = seen.images(seen.shown["samples"])
    return [*images(seen), Strip("samples (codes drawn uniformly)", drawn)]


def films(seen: Seen) -> list[Panel]:
    """Three films frame by frame, and what was made of them."""
    told = np.asarray(seen.shown["reconstructions"])
    scored = seen.model.info.likelihood.scored_mask
    if scored is not None:
        told = np.where(np.asarray(scored)[None], told, np.nan)
    side = round(seen.x.shape[2] ** 0.5)
    frames = lambda film: np.asarray(film).reshape(-1, side, side)
    return [
        panel
        for i in range(3)
        for panel in (
            Strip(f"film {i + 1}", frames(seen.x[i])),
            Strip("told", frames(told[i])),
        )
    ]


def _sentence(ids: np.ndarray) -> str:
    words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    return " ".join(words[int(i) - 2] for i in ids if i > 1)


def sentences(seen: Seen) -> list[Panel]:
    """Sentences and what comes back, samples, and sentences between two."""
    again = reconstruct(seen.fitted, seen.rows[:4])
    pairs = [f"{_sentence(a)}  →  {_sentence(b)}" for a, b in zip(seen.rows, again, strict=False)]
    mixed = interpolate(seen.fitted, seen.rows[:1], seen.rows[1:2], steps=6)[0]
    return [
        Words("in  →  out", tuple(pairs)),
        Words("samples", tuple(_sentence(s) for s in seen.shown["samples"][:5])),
        Words("between two", tuple(_sentence(s) for s in mixed)),
    ]


def ranked(seen: Seen) -> list[Panel]:
    """Bright pixels as a user's items: half of them are told, and all are scored."""
    kept = np.random.default_rng(0).random(seen.rows.shape) < 0.5
    told = np.where(kept, seen.rows, 0).astype(seen.rows.dtype)
    scores = reconstruct(seen.fitted, told).reshape(len(told), -1)
    return [
        Strip("told", seen.images(told / 255.0)),
        Strip("scores", seen.images(scores / scores.max(1, keepdims=True))),
        Strip("images", seen.images(np.asarray(seen.x))),
    ]


def experts(seen: Seen) -> list[Panel]:
    """Bright pixels as the words of a document: what is likely in it, and each topic's logits."""
    likely = np.asarray(seen.shown["reconstructions"]).reshape(len(seen.x), -1)
    beta = np.asarray(seen.variables["params"]["decoder"]["beta"])
    return [
        Strip("images", seen.images(np.asarray(seen.x))),
        Strip("likely words", seen.images(likely / likely.max(1, keepdims=True))),
        Strip("topics", seen.images(beta[: 2 * ACROSS]), signed=True),
    ]


# Of a kind of model ...
KINDS: dict[str, Picture] = {
    "undercomplete": bottleneck,
    "linear": linear,
    "deep, stacked": bottleneck,
    "sparse": filters,
    "sparse dictionary": dictionary,
    "denoising": filters,
    "contractive": tangents,
    "convolutional": convolved,
    "variational": generated,
    "variational, other priors and posteriors": matched,
    "matched codes": matched,
    "disentangling": traversals,
    "discrete codes": discrete,
    "inpainting": repaired,
    "collaborative filtering": ranked,
    "topics": experts,
    "sequence": films,
}
# ... and of a model that its kind does not show at its best.
NAMED: dict[str, Picture] = {
    "stacked_denoising": filters,
    "sparse_l1": dictionary,
    "k_sparse": dictionary,
    "winner_take_all": dictionary,
    "denoising": filters,
    "regularized_decoder": smooth,
    "convolutional_pooled": kernels,
    "beta_vae": traversals,
    "capacity_vae": traversals,
    "free_bits_vae": traversals,
    "autorec": rated,
    "miwae": imputed,
    "planar_vae": posteriors,
    "iaf_vae": posteriors,
    "sentence_vae": sentences,
    "compressive": generated,
}


def picture_of(name: str) -> Picture:
    """Returns what is shown of a model.

    Raises:
      ConfigError: a model, or its kind, that has no picture.
    """
    kind = lookup("model", name, ENTRIES).kind
    return NAMED.get(name) or lookup("kind", kind, KINDS)
