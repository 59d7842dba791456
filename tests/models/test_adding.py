"""A new model touches one file and one line: everything else finds it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from aejax.models import MODELS

ROOT = Path(__file__).resolve().parents[2]

MODEL = '''"""A VAE whose prior has a sharp peak."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from aejax.compose import compose
from aejax.latents.gaussian import gaussian
from aejax.latents.priors.base import Prior, with_prior
from aejax.losses.monte_carlo import mc_kl_term
from aejax.models.builder import builder
from aejax.models.parts import Features, dense_nets, example_shape, make_likelihood
from aejax.types import Autoencoder


@builder
def laplace_vae(features: Features, latent: int = 8, width: int = 32) -> Autoencoder:
    """A Gaussian posterior under a Laplace prior. After Barello et al. 2018.

    Equation: max E_q[log p(x|z) - sum_j |z_j| - log q(z|x)] - L log 2.
    """
    shape, p_x = example_shape(features), make_likelihood("bernoulli")
    prior = Prior(
        log_density=lambda variables, z: -jnp.sum(jnp.abs(z) + jnp.log(2.0), axis=-1),
        sample=lambda variables, key, n: jax.random.laplace(key, (n, latent), jnp.float32),
    )
    space = with_prior(gaussian(latent), prior)
    return compose(
        name="laplace_vae",
        paper="Barello 2018 (the prior)",
        equation="max E_q[log p(x|z) + log Laplace(z; 0, 1) - log q(z|x)]",
        shape=shape,
        nets=dense_nets(shape, space, p_x, widths=(width,), activation="relu"),
        space=space,
        likelihood=p_x,
        terms={"kl_nats": (mc_kl_term(space), 1.0, "beta")},
        bound=("rec_nats", "kl_nats"),
    )
'''
LINE = "from aejax.models.prior.laplace_vae import laplace_vae\n"
ASKED = """
import json
import aejax
from aejax.cli import configs
from aejax.cli.models import line, page
from aejax.gallery.pictures import picture_of
from aejax.models.catalogue import ENTRIES
from aejax.sweep import base, make_plan

points = [p for p in configs.load("zoo").sweep("smoke") if p["model"] == "laplace_vae"]
(group,) = make_plan(base("smoke", train_size=60, test_size=20, batch_size=20), points).groups
print(json.dumps({
    "builder": aejax.models.laplace_vae is aejax.models.MODELS["laplace_vae"],
    "public": "laplace_vae" in aejax.models.__all__,
    "config": "width" in base("smoke").args,
    "kind": ENTRIES["laplace_vae"].kind,
    "line": line("laplace_vae"),
    "page": "w_kl_nats" in "".join(page("laplace_vae")),
    "sees": configs.load("gallery").row_of("laplace_vae").sees,
    "picture": picture_of("laplace_vae").__name__,
    "swept": group.spec.model,
    "others": len(aejax.models.MODELS),
}))
"""


def test_a_model_is_one_file_and_one_line(tmp_path):
    for folder in ("aejax", "configs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("*.pyc"))
    table = tmp_path / "aejax" / "models" / "__init__.py"
    before = table.read_text().splitlines(keepends=True)
    (table.parent / "prior" / "laplace_vae.py").write_text(MODEL)
    place = next(i for i, line in enumerate(before) if "prior.maf_prior_vae" in line)
    table.write_text("".join([*before[:place], LINE, *before[place:]]))
    done = subprocess.run(
        [sys.executable, "-c", ASKED], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert all(found[name] for name in ("builder", "public", "config", "page"))
    assert found["kind"] == "variational, other priors and posteriors"
    assert found["line"].startswith("| `laplace_vae` |")
    assert "w_kl_nats` (beta)" in found["line"]
    assert found["sees"] == "A Gaussian posterior under a Laplace prior. After Barello et al. 2018."
    assert found["picture"] == "matched"
    assert found["swept"] == "laplace_vae"
    assert found["others"] == len(MODELS) + 1
