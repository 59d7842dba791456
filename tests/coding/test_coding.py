"""Range coding: what is read is what was written, at the length that the tables say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("constriction")

from aejax.coding import (
    Header,
    decode_codes,
    encode_codes,
    load_tables,
    pack,
    save_tables,
    tables_of_counts,
    unpack,
)
from aejax.coding.tables import TOTAL, integers
from aejax.errors import ConfigError

RANDOM = np.random.default_rng(0)
CODES = np.rint(RANDOM.normal(size=(2000, 5)) * [0.1, 1, 3, 10, 40] + [0, 5, -9, 0, 1000])


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 2**31),
    st.integers(1, 40),
    st.sampled_from([1, 30, 10**5, 2**31 - 1]),
)
def test_any_codes_come_back_bit_for_bit(seed, rows, most):
    """Values that no table knows included: they follow the escape in 32 bits."""
    random = np.random.default_rng(seed)
    codes = random.integers(-most, most, (rows, 5), endpoint=True)
    tables = tables_of_counts(CODES)
    data = encode_codes(codes, tables)
    np.testing.assert_array_equal(decode_codes(data, rows, tables), codes)


def test_the_length_is_the_entropy_within_a_word():
    """Bytes against -log2 p of the tables, and against the entropy of the counts themselves."""
    tables = tables_of_counts(CODES)
    written = 8 * len(encode_codes(CODES, tables))
    by_tables = tables.bits(CODES).sum()
    assert by_tables - 32 < written < 1.0005 * by_tables + 64
    entropy = 0.0
    for column in CODES.T:
        p = np.unique(column, return_counts=True)[1] / len(CODES)
        entropy -= len(CODES) * (p * np.log2(p)).sum()
    # Half a count for every value, seen or not, is what not having seen the data would cost.
    assert entropy < by_tables < 1.02 * entropy


def test_a_number_that_never_varies_costs_nothing():
    constant = np.full((5000, 1), 7)
    assert len(encode_codes(constant, tables_of_counts(constant))) <= 8


@pytest.mark.parametrize("p", [[1.0], [1e-30, 1.0], [0.2, 0.3, 0.5], [0.0, 0.0], np.ones(1000)])
def test_integers_sum_to_the_whole_and_none_is_lost(p):
    p = np.asarray(p) + (np.asarray(p).sum() == 0)
    counts = integers(p)
    assert counts.sum() == TOTAL
    assert counts.min() >= 1
    np.testing.assert_allclose(counts / TOTAL, p / p.sum(), atol=2 * len(p) / TOTAL)


def test_tables_are_kept_and_told_apart(tmp_path):
    tables, path = tables_of_counts(CODES), tmp_path / "tables.npz"
    save_tables(path, tables)
    again = load_tables(path)
    assert again.mark == tables.mark != tables_of_counts(CODES + 1).mark
    data = encode_codes(CODES, tables)
    np.testing.assert_array_equal(decode_codes(data, len(CODES), again), CODES)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ConfigError, match=r"tables\.npz.* is no file of tables") as error:
        load_tables(path)
    assert "\n" not in str(error.value)
    broken = tables.counts[0].copy()
    broken[0] += 1
    save_tables(path, tables._replace(counts=(broken, *tables.counts[1:])))
    with pytest.raises(ConfigError, match="holds damaged tables"):
        load_tables(path)


def test_a_file_that_is_cut_or_changed_is_refused():
    words = encode_codes(CODES, tables_of_counts(CODES))
    data = pack(Header(1, len(CODES), 5), words)
    assert unpack(data) == (Header(1, len(CODES), 5), words)
    changed = bytearray(data)
    changed[40] ^= 1
    newer = bytearray(data)
    newer[4] = 9
    for wrong, said in (
        (data[:-1], "data is damaged"),
        (bytes(changed), "data is damaged: the .* bytes from byte 18 on"),
        (data[:10], "data of 10 bytes"),
        (b"GIF89a" + data, "begins with b'GIF8'"),
        (bytes(newer), "version 9"),
    ):
        with pytest.raises(ConfigError, match=said) as error:
            unpack(wrong)
        assert "\n" not in str(error.value)


def test_what_is_no_code_is_refused():
    tables = tables_of_counts(CODES)
    for codes in (CODES[:, :3], CODES + 0.5, CODES * 2.0**31, np.full((1, 5), np.nan)):
        with pytest.raises(ConfigError, match=r"codes ha|codes hold"):
            encode_codes(codes, tables)
