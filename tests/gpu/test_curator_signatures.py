"""The `curator` families beside cuDF's own MinHash, on the device that computes it."""

import numpy as np
import pyarrow as pa
import pytest

from tamis.dedup import on_card
from tamis.dedup.families import FAMILIES
from tamis.frame import text_buffers
from tamis.kernels import curator

pytestmark = pytest.mark.gpu


def texts():
    generator = np.random.default_rng(11)
    letters = np.array([*"abcdefghijklmnop qrstuvwxyz.,0123456789 ", "é", "ß", "日", "本", "😀"])
    sizes = [0, 1, 2, 4, 5, 23, 24, 25, 100, 4118, 4119, 4120, 4121, 20_000]
    made = ["".join(generator.choice(letters[:38], n)) for n in sizes]
    return made + ["".join(generator.choice(letters, n)) for n in sizes]


def of_cudf(values, seed, factors, terms, width):
    import cudf

    column = cudf.Series(values, dtype="str")
    call = column.str.minhash64 if factors.dtype == np.uint64 else column.str.minhash
    found = call(seed, a=cudf.Series(factors), b=cudf.Series(terms), width=width)
    return np.array([np.asarray(row) for row in found.to_arrow().to_pylist()], factors.dtype)


@pytest.mark.parametrize("width", [5, 24])
@pytest.mark.parametrize("bits", [32, 64])
def test_equal_to_cudf_with_large_factors(bits, width):
    factors, terms = curator.permutations(260, 42, bits)
    assert (factors > 2 ** (bits - 4)).any()  # products wrap: the small published ones never do
    values, kind = texts(), factors.dtype.type
    buffers = text_buffers(pa.array(values, pa.large_string()))
    found = np.zeros((len(values), 260), factors.dtype)
    counts = np.zeros(len(values), np.int64)
    given = (buffers.data, buffers.offsets, width, kind(77), factors, terms)
    if bits == 32:
        curator.sign32(*given, False, counts, found)
    else:
        curator.sign64(*given, counts, found)
    np.testing.assert_array_equal(of_cudf(values, 77, factors, terms, width), found)


@pytest.mark.parametrize("name", ["curator", "curator-64"])
def test_the_family_as_it_is_used(name, monkeypatch):
    monkeypatch.setattr(on_card, "WORTH", 0)
    family = FAMILIES[name].settle(None, None, None, 42)
    assert on_card.able(family)
    values = texts()
    buffers = text_buffers(pa.array(values, pa.large_string()))
    found = family.signatures(buffers, np.zeros(len(values), np.int64))
    factors, terms = curator.permutations(260, 42, family.bits)
    np.testing.assert_array_equal(of_cudf(values, int(factors[0]), factors, terms, 24), found)
