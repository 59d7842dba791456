"""Recurrent encoders and decoders: GRU or LSTM cells, scanned over time, for frames and tokens.

The encoder reads a sequence into its cells' last states and those into the code; the decoder starts
its cells from the code, reads it again at every step (Cho et al. 2014), and emits one step after
another. A decoder may also read what came before: the target itself in training (teacher forcing),
its own best guess when it decodes a code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from aejax.errors import ConfigError, lookup
from aejax.hparams import FRACTION, HParam
from aejax.keys import stream
from aejax.likelihoods.tokens import END, PADDING, best, count_words, to_ids
from aejax.nets.activations import check_widths
from aejax.nets.cells import CELLS, Cells, initial_states, over_time, state_size
from aejax.types import Array, Hparams, Likelihood, Nets, PyTree

WORD_DROPOUT = HParam(
    "word_dropout", 0.3, FRACTION, meaning="probability that a taught decoder misses a word"
)


class Span(NamedTuple):
    """The steps start .. stop - 1 of a sequence, emitted last step first if `reverse`."""

    start: int
    stop: int
    reverse: bool = False


class Symbols(NamedTuple):
    """What one step of a sequence is: a frame of `size` numbers, or a token with `size` logits."""

    size: int  # of an input frame; 0 for tokens
    outputs: int  # decoder outputs a step
    guess: Callable[[Array], Array]  # out [B, outputs] -> the frame or the id to read next
    vocabulary: int = 0  # ids, of tokens

    @property
    def tokens(self) -> bool:
        """Whether the steps are tokens."""
        return self.vocabulary > 0


def symbols(shape: tuple[int, ...], likelihood: Likelihood) -> Symbols:
    """Returns what the steps of a sequence are: tokens for shape (T,), frames for (T, D)."""
    if len(shape) == 1:
        return Symbols(0, likelihood.outputs, best, likelihood.outputs + 1)
    guess = lambda out: likelihood.mean(out[:, None, :])[:, 0]
    return Symbols(shape[1], shape[1] * likelihood.outputs, guess)


class _Read(nn.Module):
    cell: str
    widths: tuple[int, ...]

    @nn.compact
    def __call__(self, states: Any, step: tuple[Array, Array]) -> tuple[Any, None]:
        x, there = step
        after, _ = Cells(self.cell, self.widths, name="cells")(states, x)
        # Padding leaves the states as they are: the code is that of the sequence's own end.
        keep = lambda new, old: jnp.where(there[:, None], new, old)
        return jax.tree.map(keep, after, states), None


class _Encoder(nn.Module):
    cell: str
    widths: tuple[int, ...]
    outputs: int
    of: Symbols
    embedding: int

    @nn.compact
    def __call__(self, x: Array) -> Array:
        batch, length = x.shape[:2]
        there = jnp.ones((batch, length), bool)
        if self.of.tokens:
            there = to_ids(x) != PADDING
            x = nn.Embed(self.of.vocabulary, self.embedding, name="embed")(to_ids(x))
        zeros = jnp.zeros((batch, state_size(self.cell, self.widths)), x.dtype)
        states = initial_states(self.cell, self.widths, zeros)
        read = over_time(_Read, length)(self.cell, self.widths, name="read")
        states, _ = read(states, (x, there))
        return nn.Dense(self.outputs, name="code")(jnp.concatenate(jax.tree.leaves(states), -1))


class _Emit(nn.Module):
    cell: str
    widths: tuple[int, ...]
    of: Symbols
    embedding: int
    conditional: bool

    @nn.compact
    def __call__(
        self, carry: Any, taught: Array | None, noise: Array | None = None
    ) -> tuple[Any, Array]:
        states, z, guess = carry
        x = z
        if self.conditional:
            before = guess if taught is None else taught
            if self.of.tokens:
                before = nn.Embed(self.of.vocabulary, self.embedding, name="embed")(before)
            x = jnp.concatenate([z, before], axis=-1)
        states, y = Cells(self.cell, self.widths, name="cells")(states, x)
        out = nn.Dense(self.of.outputs, name="out")(y)
        if noise is not None:  # Gumbel's: the likeliest token is then a draw of the softmax
            out = out + noise
        return (states, z, self.of.guess(out)), out


class _Decoder(nn.Module):
    """z [B, L] -> out [B, length, outputs], in the order of emission."""

    cell: str
    widths: tuple[int, ...]
    of: Symbols
    embedding: int
    conditional: bool
    length: int

    @nn.compact
    def __call__(self, z: Array, taught: Array | None = None, noise: Array | None = None) -> Array:
        size = state_size(self.cell, self.widths)
        states = initial_states(self.cell, self.widths, jnp.tanh(nn.Dense(size, name="start")(z)))
        emit = over_time(_Emit, self.length)(
            self.cell, self.widths, self.of, self.embedding, self.conditional, name="emit"
        )
        return emit((states, z, self.start(z.shape[0])), taught, noise)[1]

    def start(self, batch: int) -> Array:
        """Returns what stands before the first step: zeros, or padding, which is no word."""
        if self.of.tokens:
            return jnp.full((batch,), PADDING, jnp.int32)
        return jnp.zeros((batch, self.of.size), jnp.float32)


def turn(x: Array, count: Array) -> Array:
    """Returns x [B, T, ...] with the first `count` [B] steps of each row in reverse; an involution.

    Words turn round and the end stays behind them: Sutskever et al. 2014, section 3.3.
    """
    t = jnp.arange(x.shape[1])[None, :]
    at = jnp.where(t < count[:, None], count[:, None] - 1 - t, t)
    return jnp.take_along_axis(x, at.reshape(*at.shape, *(1,) * (x.ndim - 2)), axis=1)


def _before(target: Array, start: Array) -> Array:
    """Returns what a taught decoder reads: the target one step late."""
    return jnp.concatenate([start[:, None], target[:, :-1]], axis=1)


def drop_words(key: Array, ids: Array, rate: Array) -> Array:
    """Returns ids [B, T] with each replaced by 0 with probability `rate`. Bowman et al. 2016, 3.1.

    Each step has a key of its own, so that padding to a greater length draws the same at the rest.
    """
    draw = lambda t: jax.random.uniform(jax.random.fold_in(key, t), (ids.shape[0],))
    dropped = jax.vmap(draw, out_axes=1)(jnp.arange(ids.shape[1])) < rate
    return jnp.where(dropped, PADDING, ids)


def recurrent(
    shape: tuple[int, ...],
    likelihood: Likelihood,
    *,
    cell: str,
    widths: tuple[int, ...],
    latent: int,
    outputs: int,
    spans: Mapping[str, Span],
    reads: int | None = None,
    conditional: bool = False,
    embedding: int = 16,
    word_dropout: bool = False,
) -> Nets:
    """An encoder [B, *shape] -> [B, outputs] and decoders [B, latent] -> [B, T, outputs a step].

    Args:
      shape: (T,) for tokens, (T, D) for frames.
      likelihood: of the steps; its outputs size the decoders'.
      cell: gru or lstm.
      widths: of the stacked cells, the same in encoder and decoders.
      latent: size of the code that the decoders get.
      outputs: what the encoder emits.
      spans: decoder -> the steps that it emits. Steps of no decoder are zeros in the output.
      reads: the encoder reads so many steps from the first; None: all.
      conditional: decoders read the step before: the target's when taught, else their own guess.
      embedding: size of a token's vector; of no use to frames.
      word_dropout: a taught decoder reads each word only with probability 1 - hp["word_dropout"].

    Returns:
      Nets with `teach` where a decoder needs the target. `decode` is free-running, greedy for
      tokens, and needs the code alone; `drawn` draws the tokens instead, where one decoder that
      reads what came before emits them in order.

    Raises:
      ConfigError: an unknown cell, a width below 1, an embedding below 1.
    """
    lookup("cell", cell, CELLS)
    widths, (embedding,) = check_widths("widths", widths), check_widths("embedding", (embedding,))
    if not widths:
        raise ConfigError("widths=() has no cell. Allowed: one width or more.")
    of = symbols(shape, likelihood)
    encoder = _Encoder(cell, widths, outputs, of, embedding)
    decoders = {
        name: _Decoder(cell, widths, of, embedding, conditional, span.stop - span.start)
        for name, span in spans.items()
    }

    def init(key: Array, x: Array) -> PyTree:
        z = jnp.zeros((1, latent), jnp.float32)
        return {
            "encoder": encoder.init(stream(key, "encoder"), x[:1])["params"],
            "decoder": {
                name: decoder.init(stream(key, f"decoder/{name}"), z)["params"]
                for name, decoder in decoders.items()
            },
        }

    def gather(parts: dict[str, Array]) -> Array:
        """Sets the decoders' outputs at their places in the sequence."""
        first = next(iter(parts.values()))
        out = jnp.zeros((first.shape[0], shape[0], of.outputs), first.dtype)
        for name, part in parts.items():
            out = out.at[:, spans[name].start : spans[name].stop].set(part)
        return out

    def emit(name: str, params: PyTree, *args: Array | None) -> Array:
        out: Any = decoders[name].apply({"params": params["decoder"][name]}, *args)
        return out

    def decode(params: PyTree, z: Array) -> Array:
        parts = {}
        for name in decoders:
            out = emit(name, params, z)
            if spans[name].reverse:
                out = turn(out, _emitted(of, out))
            parts[name] = out
        return gather(parts)

    def draw(params: PyTree, z: Array, key: Array) -> Array:
        noise = jax.random.gumbel(key, (z.shape[0], shape[0], of.outputs))
        (name,) = decoders
        return emit(name, params, z, None, noise)

    def teach(params: PyTree, z: Array, x: Array, key: Array, hp: Hparams) -> Array:
        parts = {}
        for name, decoder in decoders.items():
            span = spans[name]
            target = x[:, span.start : span.stop]
            target = to_ids(target) if of.tokens else target
            count = _words(of, target)
            target = turn(target, count) if span.reverse else target
            taught = _before(target, decoder.start(x.shape[0]))
            if word_dropout:
                taught = drop_words(stream(key, name), taught, hp["word_dropout"])
            out = emit(name, params, z, taught)
            parts[name] = turn(out, count) if span.reverse else out
        return gather(parts)

    # Where a sentence is turned round, even a decoder that reads nothing is told where it ends.
    in_order = list(spans.values()) == [Span(0, shape[0])]
    told = conditional or (of.tokens and any(span.reverse for span in spans.values()))
    return Nets(
        init=init,
        encode=lambda params, x: encoder.apply({"params": params["encoder"]}, x[:, :reads]),
        decode=decode,
        teacher_forced=teach if told else None,
        drawn=draw if conditional and of.tokens and in_order else None,
    )


def _words(of: Symbols, target: Array) -> Array:
    """How many steps of a target turn round: a sentence's words, all of a film's frames."""
    return count_words(target) if of.tokens else jnp.full(target.shape[:1], target.shape[1])


def _emitted(of: Symbols, out: Array) -> Array:
    """The same of what a free-running decoder emitted: the words before its first end."""
    if not of.tokens:
        return jnp.full(out.shape[:1], out.shape[1])
    ended = jnp.cumsum(best(out) == END, axis=1) > 0
    return jnp.sum(~ended, axis=1)
