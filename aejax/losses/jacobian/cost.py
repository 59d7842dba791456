"""What a squared Jacobian norm costs, by method: the small model behind `method="auto"`.

Costs are FLOPs per example of the value; the gradient multiplies every row by two to three. Memory
traffic is no less real than arithmetic, so a number written counts as `FLOPS_PER_NUMBER` FLOPs, and
what is computed once per batch counts by its share of one example.

For a chain of affine layers the Jacobian is a product of kernels with diagonals of slopes between,
and its norm is the trace of that product around a circle:

    J = D_N W_N^T ... D_2 W_2^T D_1 W_1^T        ||J||_F^2 = tr(J J^T)

`plan` finds the cheapest way around: which layer the two ends meet at, and from where on each end
is carried as a Gram matrix instead of as rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product
from typing import NamedTuple

from aejax.types import Dense

# On two CPU cores: 400 GFLOP/s of products against 0.5 (fresh memory) to 3.5 G numbers/s written.
# No choice in the benchmarked shapes changes between 0 and 500.
FLOPS_PER_NUMBER = 200.0
EXACT = ("closed_form", "gram", "jacfwd", "jacrev")


class Route(NamedTuple):
    """How a chain of N >= 2 layers is contracted; nodes 1..N are the layers' pre-activations.

    The input's end starts at node 1 as the rows of W_1 (shared by the batch), the output's end at
    node N - 1 as the rows of W_N^T. Each is multiplied on towards `meet`, and is turned into a Gram
    matrix at the node named (None: it arrives as rows). Two ends of rows meet as one small product.
    """

    meet: int
    input_gram: int | None
    output_gram: int | None
    cost: float = 0.0


class _End(NamedTuple):
    """What one end has become on its way; `shared` by the batch or one for each example."""

    is_gram: bool
    rows: int
    shared: bool
    cost: float


def _work(flops: float, numbers: float, shared: bool, batch: int) -> float:
    return (flops + FLOPS_PER_NUMBER * numbers) / (batch if shared else 1)


def _carry(
    widths: Sequence[int], curved: Sequence[bool], weighted: bool, at: int | None, batch: int
) -> _End:
    """The cost of carrying rows over the nodes widths[1:], as a Gram matrix from node `at` on.

    `widths[0]` is the number of rows, `curved[i]` tells whether the node i has slopes other than 1,
    and `weighted` whether the rows carry weights of each example, which a Gram matrix takes in.
    """
    end = _End(False, widths[0], True, 0.0)
    for i in range(1, len(widths)):
        n = widths[i]
        if i == at:
            shared = end.shared and not weighted
            cost = _work(2 * end.rows * n * n, n * n, shared, batch)
            end = _End(True, n, shared, end.cost + cost)
        if i + 1 == len(widths):
            break
        following = widths[i + 1]
        shared = end.shared and not curved[i]
        flops = 2 * end.rows * n * following
        numbers = end.rows * (n + following)
        if end.is_gram:
            flops += 2 * n * following * following
            numbers += following * following
        cost = end.cost + _work(flops, numbers, shared, batch)
        end = _End(end.is_gram, following if end.is_gram else end.rows, shared, cost)
    return end


def _meeting(n: int, one: _End, two: _End, batch: int) -> float:
    if one.is_gram and two.is_gram:
        both = one.shared and two.shared
        once = _work(n * n, n * n, True, batch)
        return (
            once + _work(2 * n * n, n, False, batch)
            if both
            else _work(3 * n * n, n * n, False, batch)
        )
    if not one.is_gram and not two.is_gram:
        scaled = min(one.rows, two.rows) * n
        return _work(2 * one.rows * n * two.rows, scaled + one.rows * two.rows, False, batch)
    rows = two.rows if one.is_gram else one.rows
    return _work(2 * rows * n * n, 2 * rows * n, False, batch)


def plan(widths: Sequence[int], curved: Sequence[bool], batch: int) -> Route:
    """Finds the cheapest contraction by trying them all: at most N^3 of them.

    Args:
      widths: n_0 (the input) to n_N (the output), N >= 2.
      curved: for layers 1..N, whether the activation is other than the identity.
      batch: examples that share what is computed once.

    Returns:
      The Route, with its cost in FLOPs per example.
    """
    last = len(widths) - 1
    bends = (False, *curved)
    best: Route | None = None
    for meet in range(1, last):
        nodes = (None, *range(1, last))
        for input_gram, output_gram in product(nodes, nodes):
            if (input_gram or meet) > meet or (output_gram or meet) < meet:
                continue
            inward = _carry(widths[: meet + 1], bends, False, input_gram, batch)
            outward = _carry(
                widths[: meet - 1 : -1],
                (False, *bends[last - 1 : meet - 1 : -1]),
                bends[last],
                output_gram and last - output_gram,
                batch,
            )
            cost = inward.cost + outward.cost + _meeting(widths[meet], inward, outward, batch)
            if best is None or cost < best.cost:
                best = Route(meet, input_gram, output_gram, cost)
    assert best is not None
    return best


def _forward_pass(widths: Sequence[int]) -> float:
    return sum(2.0 * a * b for a, b in pairwise(widths))


def _autodiff(widths: Sequence[int], shared: bool, batch: int) -> float:
    """A tangent (or cotangent) for each of the widths[0] basis vectors, pushed through the layers.

    The basis is the same for all examples, so the first product is too, unless slopes come first.
    """
    first = _work(2 * widths[0] * widths[0] * widths[1], 0, shared, batch)
    rest = widths[0] * _forward_pass(widths[1:])
    return first + _work(rest, 2 * widths[0] * sum(widths[1:]), False, batch)


def chain_widths(layers: tuple[Dense, ...]) -> tuple[int, ...]:
    """Returns n_0 .. n_N of a chain of layers."""
    return (layers[0].kernel.shape[0], *(layer.kernel.shape[1] for layer in layers))


def curved(layers: tuple[Dense, ...]) -> tuple[bool, ...]:
    """Returns, by layer, whether its activation is other than the identity."""
    return tuple(layer.activation != "identity" for layer in layers)


def one_bend(layers: tuple[Dense, ...]) -> bool:
    """Whether one inner layer alone is curved: the Jacobian is linear in its slopes then."""
    bends = curved(layers)
    return len(layers) > 1 and sum(bends) == 1 and not bends[-1]


def costs(
    layers: tuple[Dense, ...] | None,
    in_size: int,
    out_size: int,
    *,
    batch: int = 128,
    probes: int = 1,
) -> dict[str, float]:
    """FLOPs per example of ||J(x)||_F^2 by each method that applies.

    Args:
      layers: the chain that the function equals. None for any other function, whose size is not
        known: a hidden layer as wide as the larger end stands in for it, which keeps the order of
        `jacfwd` and `jacrev` and says nothing of the absolute cost.
      in_size: numbers in one example.
      out_size: numbers in its code.
      batch: examples per batch: what is computed once counts by its share.
      probes: of `hutchinson`.

    Returns:
      method -> FLOPs, a written number counted as FLOPS_PER_NUMBER of them. `closed_form` is there
      for one layer, `gram` for two or more. `auto` takes the smallest among EXACT.
    """
    widths = chain_widths(layers) if layers else (in_size, max(in_size, out_size), out_size)
    once = _forward_pass(widths)
    table = {
        "jacfwd": once + _autodiff(widths, True, batch),
        "jacrev": once + _autodiff(widths[::-1], not (layers and curved(layers)[-1]), batch),
        "hutchinson": once * (1 + probes) + FLOPS_PER_NUMBER * probes * sum(widths),
    }
    if layers and len(layers) == 1:
        table["closed_form"] = once + _work(2 * in_size * out_size, 0, True, batch) + 3 * out_size
    elif layers:
        table["gram"] = once + plan(widths, curved(layers), batch).cost
    return table


def change_costs(
    layers: tuple[Dense, ...], in_size: int, out_size: int, *, batch: int = 128
) -> dict[str, float]:
    """FLOPs per example of how far the Jacobian moves, a draw, by each exact method.

    `chain` carries the outputs' rows back to the first kernel, which all examples share; where one
    layer is curved, and not the last, it is a norm like `gram`'s, and for one layer in closed form.

    Args:
      layers, in_size, out_size, batch: as in `costs`.
    """
    table, widths = costs(layers, in_size, out_size, batch=batch), chain_widths(layers)
    found = {name: table[name] for name in ("jacfwd", "jacrev")}
    if len(layers) == 1:
        found["chain"] = table["closed_form"]
    elif one_bend(layers):
        found["chain"] = table["gram"]
    else:
        inner = widths[1:-1]
        back = sum(a * b for a, b in pairwise(inner)) + inner[0] * min(widths[0], inner[0])
        found["chain"] = out_size * (2 * back + FLOPS_PER_NUMBER * sum(inner))
    return found
