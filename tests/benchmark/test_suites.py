"""Suites: what they give the peers, what they refuse, and the picture of their ratios."""

import itertools

import numpy as np
import pytest

from aejax import models
from aejax.baselines.codecs import by_pillow
from aejax.benchmark import Bench, compare, context, costs, machine, race
from aejax.benchmark.contest import Lane
from aejax.benchmark.problems import dense_weights, initial
from aejax.benchmark.shares import CEILINGS, shares_of_ceiling
from aejax.benchmark.suites import SUITES, applications, conv, gpu, jacobian_choice, named, nll
from aejax.errors import ConfigError
from aejax.figures.benchmark import draw
from aejax.train import population
from tests.benchmark.test_contest import Scripted


def test_all_is_what_this_device_can_run(tmp_path):
    assert named("all") == [name for name in SUITES if name != "gpu"]
    assert named("nll") == ["nll"]
    with pytest.raises(ConfigError, match="Did you mean 'conv'"):
        named("conf")
    with pytest.raises(ConfigError, match="suite='gpu' needs a GPU"):
        gpu.run(Bench(tmp_path))


def test_the_convolutional_peer_gets_kernels_from_the_input_to_the_output():
    given = conv.kernels(population.member(initial(conv.network(), 1), 0))
    shapes = [given[f"w{i}"].shape for i in range(6)]
    assert [shape[:2] for shape in shapes] == [(4, 4)] * 6
    channels = [1, 32, 64, 128, 64, 32, 1]
    assert [shape[2:] for shape in shapes] == list(itertools.pairwise(channels))


def test_the_peers_vae_has_our_posterior():
    model = models.vae(784, latent=nll.LATENT, widths=(nll.HIDDEN,))
    params = population.member(initial(model, 1), 0)
    w = nll.weights(params)
    x = np.random.default_rng(0).random((3, 784)).astype(np.float32)
    hidden = np.maximum(x @ w["enc0_w"] + w["enc0_b"], 0)
    code = model.encode({"params": params, "extra": {}}, x)
    np.testing.assert_allclose(hidden @ w["mean_w"] + w["mean_b"], code.mean, atol=1e-5)
    np.testing.assert_allclose(hidden @ w["logvar_w"] + w["logvar_b"], code.logvar, atol=1e-5)


def test_the_scores_that_pyod_gives_are_ours():
    """By the weights that it gets, and its layers: ReLU after all but the last."""
    x = applications.table(200)
    fitted = applications.detector(x)
    weights = dense_weights(fitted.model, fitted.variables["params"])
    assert [weights[f"w{i}"].shape[1] for i in range(4)] == [64, 32, 64, 100]
    again = x
    for i in range(4):
        again = again @ weights[f"w{i}"] + weights[f"b{i}"]
        again = np.maximum(again, 0) if i < 3 else again
    far = np.sqrt(np.square(x - again).sum(1)).mean()
    ours = applications.Scorer(fitted, x).round()
    assert ours.value == pytest.approx(far, rel=1e-4)
    assert ours.seconds > 0


def test_cornacs_mult_vae_begins_as_ours():
    """Ones in place of rows of unit length: the first kernel makes up for it."""
    size = applications.Liked(users=7, items=30, each=4, width=8, latent=3)
    model = applications.recommender(size)
    params = population.member(initial(model, 1), 0)
    rows = applications.likes(size).toarray()
    assert (rows.sum(1) == 4).all()
    w = applications.cornac_weights(params, size)
    hidden = np.tanh(rows @ w["enc_w"] + w["enc_b"])
    variables = {"params": params, "extra": {}}
    code = model.encode(variables, rows)
    np.testing.assert_allclose(hidden @ w["mean_w"] + w["mean_b"], code.mean, atol=1e-5)
    np.testing.assert_allclose(hidden @ w["logvar_w"] + w["logvar_b"], code.logvar, atol=1e-5)
    logits = np.tanh(np.asarray(code.mean) @ w["dec_w"] + w["dec_b"]) @ w["out_w"] + w["out_b"]
    np.testing.assert_allclose(logits, model.decode(variables, code.mean), atol=1e-5)


def test_a_codec_is_charged_with_what_it_writes_and_spoils():
    images = applications.pictures(9)
    halved = applications.ImageCoder("half", lambda x: (bytes(441), x // 2 * 2), images)
    assert halved.round().value == pytest.approx((images % 2).mean())
    assert halved.close() == {"bits_per_pixel": 0.5}
    for kind, quality in applications.QUALITY.items():
        coder = applications.ImageCoder(kind, by_pillow(kind, images, quality, 1), images)
        assert 0 < coder.round().value < np.square(images - images.mean()).mean() / 4
        assert 0 < coder.close()["bits_per_pixel"] < 8


def test_a_peer_whose_library_is_missing_is_left_out_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(context, "has", lambda python, package: package == "torch")
    said = []
    bench = Bench(tmp_path, peers="python", say=said.append)
    assert bench.peer("PyOD", "pyod_score.py") == []
    assert bench.peer("Cornac", "cornac_train.py") == []
    assert ["pyod" in said[0], "cornac" in said[1]] == [True, True]


def test_the_applications_are_raced_without_peers(tmp_path, monkeypatch):
    bench = Bench(tmp_path, rounds=1)
    size = applications.Liked(users=60, items=40, each=4, width=8, latent=3, batch=20)
    found = [*applications.scoring(bench, 200), *applications.training(bench, size)]
    monkeypatch.setattr(applications, "TAUGHT", 20)
    coded = applications.compressing(bench, 128)
    assert {case.peer for case in coded} == {"Pillow's jpeg", "Pillow's webp"}
    assert all(np.isfinite(case.ours) and case.ours > 0 for case in coded)
    assert {case.peer for case in found} == set(CEILINGS.values())
    assert all(np.isfinite(case.ours) and case.ours > 0 for case in found)
    with np.load(tmp_path / "cornac.npz") as given:
        assert given["row"].shape == given["column"].shape == (60 * 4,)


def test_every_exact_method_but_the_chosen_one_is_raced(tmp_path):
    """The chain of an encoder is contracted; all methods come to the same value."""
    context = Bench(tmp_path, rounds=1)
    shape = jacobian_choice.Shape("encoder", (12, 6, 3), "sigmoid", {})
    for found, rivals in (
        (jacobian_choice.norms(context, shape), {"jacfwd", "jacrev"}),
        (jacobian_choice.moves(context, shape), {"jacfwd", "jacrev"}),
    ):
        races = [case for case in found if case.peer not in CEILINGS.values()]
        assert {case.peer for case in races} == rivals
        assert len(found) == len(races) + len(CEILINGS)
        assert {case.detail["auto"] for case in races} <= {"gram", "chain"}
        for case in races:
            np.testing.assert_allclose(
                case.detail["ours_final"], case.detail["peer_final"], rtol=1e-4
            )


def test_the_ceiling_is_a_speed():
    """A product's rate: above a slow phone's, and below any processor's peak."""
    ceiling = machine.Ceiling(seconds=0.05)
    best = 1 / ceiling.round().seconds
    assert 1e8 < best < 1e15
    assert 0 < ceiling.sustained[0] <= best


def test_shares_are_of_the_best_call_and_of_all_calls():
    """100 steps of 3 FLOP in 0.5 s against 2,000 FLOP/s at best and 1,200 in all."""
    said = {"flops_per_unit": 3.0, "examples_per_unit": 8, "compile_seconds": 1.5}
    ours = Lane("ours", np.full(2, 200.0), np.full(2, np.nan), {**said, "peak_bytes": 2_000_000})
    calls = {"sustained_flops_per_second": [9e9, 1200.0, 1200.0]}  # the first is not counted
    ceiling = Lane("matmul ceiling", 100 * np.full(2, 2000.0), np.full(2, np.nan), calls)
    cases = shares_of_ceiling("mlp", "a case", ours, ceiling, 100)
    assert [case.ratio for case in cases] == [0.3, 0.5]
    assert [case.peer_value for case in cases] == [2e-6, 1.2e-6]
    (row,) = costs.rows([compare("mlp", "a case", "steps/s", [ours, ours])[0], *cases])
    assert row == (
        "a case",
        "step",
        "5 ± 0%",
        "1,600",
        "1.5",
        "3e-09",
        "30% (30% to 30%)",
        "50% (50% to 50%)",
        "2",
    )


def test_the_picture_shows_every_case():
    lanes = race([Scripted("ours", 0.5), Scripted("theirs", 2.0)], work=10, rounds=5, rest=0)
    cases = compare("mlp", "a case", "steps/s", lanes)
    limit = cases[0]._replace(peer=CEILINGS["best"], ratio=0.6, ratio_low=0.5, ratio_high=0.7)
    plot = draw([*cases, limit])
    assert [line["ratio"] for line in plot.table] == [4.0, 0.6]
    labels = [text.get_text() for text in plot.figure.axes[0].get_yticklabels()]
    assert labels == ["mlp: a case", "against theirs", "of the matmul ceiling, best call"]
