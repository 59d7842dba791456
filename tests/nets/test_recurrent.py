"""The cells against Linen's own, the turn of a sequence, decoders that read what came before."""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aejax.errors import ConfigError
from aejax.likelihoods.pixels import LIKELIHOODS
from aejax.likelihoods.tokens import categorical
from aejax.nets.cells import CELLS
from aejax.nets.recurrent import Span, drop_words, recurrent, turn

WIDTH, SIZE, BATCH = 5, 3, 4
# Our column blocks in order -> Linen's names of the kernels on x and on h.
LINEN = {
    "gru": (nn.GRUCell, [("ir", "hr"), ("iz", "hz"), ("in", "hn")]),
    "lstm": (nn.OptimizedLSTMCell, [(f"i{g}", f"h{g}") for g in "ifgo"]),
}


@pytest.mark.parametrize("cell", sorted(CELLS))
def test_cell_equals_linens(cell):
    random = np.random.RandomState(0)
    theirs, blocks = LINEN[cell]
    theirs = theirs(WIDTH)
    flat = jnp.asarray(random.randn(BATCH, CELLS[cell].parts * WIDTH), jnp.float32)
    state, x = CELLS[cell].carry(flat), jnp.asarray(random.randn(BATCH, SIZE), jnp.float32)
    params = theirs.init(jax.random.key(0), state, x)["params"]
    filled = jax.tree.map(lambda p: jnp.asarray(random.randn(*p.shape), jnp.float32), params)
    ours: dict = {"input": {}, "state": {}}
    for of, i in (("input", 0), ("state", 1)):
        names = [pair[i] for pair in blocks]
        ours[of]["kernel"] = jnp.concatenate([filled[n]["kernel"] for n in names], axis=1)
        biases = [filled[n].get("bias", jnp.zeros(WIDTH)) for n in names]
        if any("bias" in filled[n] for n in names):
            ours[of]["bias"] = jnp.concatenate(biases)
    got = CELLS[cell].module(WIDTH)
    if cell == "gru":  # Linen's gates have one bias each: the recurrent one's share is nought
        assert "bias" in ours["state"]
    expected_state, expected = theirs.apply({"params": filled}, state, x)
    got_state, y = got.apply({"params": ours}, state, x)
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)
    for a, b in zip(jax.tree.leaves(got_state), jax.tree.leaves(expected_state), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_turn_reverses_the_first_steps_and_undoes_itself():
    x = jnp.asarray([[2, 3, 4, 1, 0], [5, 1, 0, 0, 0], [1, 0, 0, 0, 0], [2, 3, 4, 5, 6]])
    count = jnp.asarray([3, 1, 0, 5])
    turned = turn(x, count)
    assert turned.tolist() == [[4, 3, 2, 1, 0], [5, 1, 0, 0, 0], [1, 0, 0, 0, 0], [6, 5, 4, 3, 2]]
    np.testing.assert_array_equal(turn(turned, count), x)
    films = jnp.asarray(np.random.RandomState(0).randn(4, 5, 2))
    np.testing.assert_array_equal(turn(films, count)[0, :3], films[0, 2::-1])


def test_dropped_words_are_a_share_and_do_not_depend_on_the_padding():
    ids = jnp.full((2000, 6), 7)
    rate, key = 0.3, jax.random.key(1)
    dropped = drop_words(key, ids, jnp.float32(rate)) == 0
    assert abs(float(dropped.mean()) - rate) < 4 * np.sqrt(rate * (1 - rate) / dropped.size)
    longer = drop_words(key, jnp.full((2000, 9), 7), jnp.float32(rate)) == 0
    np.testing.assert_array_equal(dropped, longer[:, :6])
    assert not (drop_words(key, ids, jnp.float32(0.0)) == 0).any()
    assert (drop_words(key, ids, jnp.float32(1.0)) == 0).all()


def nets_of(shape, likelihood, **fields):
    given = {"cell": "gru", "widths": (6, 5), "latent": 4, "outputs": 4, "embedding": 3}
    spans = {"all": Span(0, shape[0], fields.pop("reverse", False))}
    fields = {**given, "spans": spans, "conditional": True, **fields}
    nets = recurrent(shape, likelihood, **fields)
    return nets._replace(
        init=jax.jit(nets.init),
        decode=jax.jit(nets.decode),
        teacher_forced=jax.jit(nets.teacher_forced),
    )


def scaled(params, factor=3.0):
    """Large weights: an untrained decoder would say the same word for ever."""
    return jax.tree.map(lambda p: factor * p, params)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("cell", sorted(CELLS))
def test_free_running_is_teaching_by_ones_own_words(cell, reverse):
    likelihood = categorical(6)
    nets = nets_of((7,), likelihood, cell=cell, reverse=reverse)
    params = scaled(nets.init(jax.random.key(0), jnp.zeros((2, 7))))
    z = jnp.asarray(np.random.RandomState(0).randn(64, 4), jnp.float32)
    out = nets.decode(params, z)
    said = likelihood.mean(out)
    taught = nets.teacher_forced(params, z, said, jax.random.key(0), {})
    ended = np.asarray(said == 1).any(1)
    lengths = np.where(ended, np.argmax(said == 1, axis=1) + 1, 7)
    assert len(set(lengths.tolist())) > 3  # sentences of several lengths, some of them cut
    there = np.arange(7) < lengths[:, None]
    np.testing.assert_allclose(out[there], taught[there], rtol=1e-4, atol=1e-5)


def test_free_running_frames_are_teaching_by_ones_own_frames():
    likelihood = LIKELIHOODS["bernoulli"]()
    nets = nets_of((6, 3), likelihood, cell="lstm", reverse=True)
    params = scaled(nets.init(jax.random.key(0), jnp.zeros((2, 6, 3))))
    z = jnp.asarray(np.random.RandomState(0).randn(5, 4), jnp.float32)
    out = nets.decode(params, z)
    taught = nets.teacher_forced(params, z, likelihood.mean(out), jax.random.key(0), {})
    np.testing.assert_allclose(out, taught, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("reverse", [False, True])
def test_a_taught_decoder_reads_only_what_it_has_emitted(reverse):
    """Reversed targets are emitted last word first: word t depends on the words after it alone."""
    nets = nets_of((6,), categorical(8), reverse=reverse)
    params = nets.init(jax.random.key(0), jnp.zeros((2, 6)))
    z, key = jnp.ones((1, 4)), jax.random.key(0)
    x = jnp.asarray([[2.0, 3, 4, 5, 1, 0]])
    base = nets.teacher_forced(params, z, x, key, {})
    for changed in range(4):
        other = nets.teacher_forced(params, z, x.at[0, changed].set(7.0), key, {})
        differs = [t for t in range(5) if not np.array_equal(base[0, t], other[0, t])]
        words = range(changed) if reverse else range(changed + 1, 4)
        assert differs == [*words, 4]  # the end, t = 4, comes last either way


def test_bad_parts_are_one_line():
    with pytest.raises(ConfigError, match=r"cell=.gur. is unknown\. Did you mean .gru."):
        nets_of((6,), categorical(8), cell="gur")
    with pytest.raises(ConfigError, match="widths"):
        nets_of((6,), categorical(8), widths=())
    with pytest.raises(ConfigError, match="embedding"):
        nets_of((6,), categorical(8), embedding=0)
