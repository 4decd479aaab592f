"""What kernels for a card make of texts, run by numba's simulator, beside the compiled loops."""

import numpy as np
import pytest
from hard_texts import SPACES, some_text
from hypothesis import given, settings
from hypothesis import strategies as st

from card_cases import compare
from tamis import datasets
from tamis.kernels import cuda, mask
from tamis.kernels.words import COMMON_WORDS, ELLIPSES

pytestmark = pytest.mark.skipif(
    not cuda.simulated(), reason="a card is here: tests/gpu runs kernels there"
)
LETTERS = "aZeb zß É'\"+.,!?#-•‣⦿…()[]{}⟨⟩0١<>\b\n\n\t\r中文かな한🙂\u0301" + "".join(SPACES)
WORDS = [*ELLIPSES, *COMMON_WORDS, "The", "#a", "##", "a#", "#b#", "a#b#", "#é", "\n", ". ."]
TEXTS = st.lists(
    st.none()
    | st.text(alphabet=LETTERS, max_size=30)
    | st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join)
    | st.text(max_size=9).map(lambda t: t.encode("utf-8", "replace").decode()),
    max_size=3,
)
HARD = [
    "one two three", None, "a\nb.\n\n\n x ...\n", "", " ", "# the of ... http://a.b/c porn\n",
    "to be or not to be to be or " * 3, "ä" * 30 + " é\u3000x" * 20, "\n" * 70 + "a\n\n\nb\n\n",
    "Lorem ipsum { x y.\nterms of use [1] coo\u212aie policy\n\nA.\x85B\r\nuse coo\u212aies",
    "a b a b a b a b a b\n" * 4, "x" * 61 + "\u3000" + "y" * 64 + "#" * 300,
    "http://" + "a" * 70 + " https://x.org/%41%zz\nhttp://http://b porn" + ". . . . ....... " * 9,
    "one two\n\none two\n\n\none two\n\n\n\none two\n" * 3 + " - item …\n• b\n  * c ...",
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def quickly():
    """The 64-bit masks by NumPy: the simulator takes long over their arithmetic, tested below."""
    kept = dict(cuda.INSTEAD)
    cuda.INSTEAD.update({
        mask.equal: lambda data, at, byte: pack(block(data, at) == byte),
        mask.between: lambda data, at, low, high: between(block(data, at), low, high),
        mask.folded: lambda data, at, low, high: between(block(data, at) | 0x20, low, high),
    })  # fmt: skip
    yield
    cuda.INSTEAD.update(kept)


def block(data, at):
    for name in ("_item", "_ary"):  # in which the simulator wraps arrays
        data = vars(data).get(name, data) if hasattr(data, "__dict__") else data
    return data[at : at + 64]


def between(block, low, high):
    return pack((block >= low) & (block <= high))


def pack(lanes):
    return np.packbits(lanes, bitorder="little").view(np.uint64)[0]


@pytest.mark.slow
def test_equal_on_hard_texts():
    compare(HARD)


@pytest.mark.slow
@settings(max_examples=4)
@given(TEXTS)
def test_equal_on_any_texts(texts):
    compare(texts)


@pytest.mark.slow
def test_equal_on_pieces_that_come_back():
    compare([some_text(seed)[:400] for seed in range(3)])


@pytest.mark.slow
def test_equal_on_real_pages():
    pages = datasets.demo().compute()["text"].dropna()
    compare(sorted(pages, key=len)[:3])


@pytest.mark.parametrize("texts", [[None, ""], ["", "a", None, " "]])
def test_next_to_nothing(texts):
    compare(texts)


@given(st.binary(min_size=80, max_size=90), st.integers(0, 15), st.integers(0, 255),
       st.integers(0, 255))  # fmt: skip
def test_masks_of_64_bytes_by_arithmetic(given, at, low, high):
    data = np.frombuffer(given, np.uint8)
    low, high = min(low, high), max(low, high)
    own = data[at : at + 64]
    with np.errstate(over="ignore"):
        assert cuda.equal(data, at, own[7]) == pack(own == own[7])
        assert cuda.equal(data, at, low) == pack(own == low)
        assert cuda.between(data, at, low, high) == between(own, low, high)
        assert cuda.folded(data, at, low, high) == between(own | 0x20, low, high)
