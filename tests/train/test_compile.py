"""What a compiled program says of itself."""

import threading

import jax
import jax.numpy as jnp

from aejax.train.compile import compile, compile_count

X = jax.ShapeDtypeStruct((1000,), jnp.float32)


def test_a_programs_memory_is_what_it_reads_and_writes():
    """4,000 bytes in and 4,000 out; given up, the argument's are the result's."""
    assert compile(lambda x: x + 1, X).peak_bytes == 8000
    assert compile(lambda x: x + 1, X, donate=(0,)).peak_bytes == 4000


def test_compiles_are_counted_where_they_are_asked_for():
    def elsewhere() -> None:
        compile(lambda x: x * 3, X)
        counts.append(compile_count())

    counts: list[int] = []
    before = compile_count()
    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert counts == [1]
    assert compile_count() == before
    compile(lambda x: x * 5, X)
    assert compile_count() == before + 1
