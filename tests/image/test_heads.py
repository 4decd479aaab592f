"""Heads on embeddings against torch's forward and scikit-learn's fits."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tamis import Filter, image
from tamis.errors import ColumnError, DataError, SettingError
from tamis.image.head_files import head_of, read_safetensors, write_safetensors
from tamis.image.training import fit_logistic, fit_ridge


def embeddings(count, width, seed=0):
    values = np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def networks():
    """LAION's published architectures, written as they stand in their repositories."""
    torch = pytest.importorskip("torch", reason="needs the extra image-models")
    from torch import nn

    class Aesthetic(nn.Module):
        def __init__(self, relu):
            super().__init__()
            sizes, drops = [768, 1024, 128, 64, 16, 1], [0.2, 0.2, 0.1, None, None]
            layers = []
            for number, drop in enumerate(drops):
                layers.append(nn.Linear(sizes[number], sizes[number + 1]))
                if relu and number < 4:
                    layers.append(nn.ReLU())
                if drop:
                    layers.append(nn.Dropout(drop))
            self.layers = nn.Sequential(*layers)

        def forward(self, x):
            return self.layers(x)

    class Normalization(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.register_buffer("mean", torch.randn(width) * 0.01)
            self.register_buffer("variance", torch.rand(width) * 0.01 + 0.001)

        def forward(self, x):
            return (x - self.mean) / (self.variance.sqrt() + 1e-10)

    class Nsfw(nn.Module):
        def __init__(self, sizes):
            super().__init__()
            self.norm = Normalization(sizes[0])
            for number in range(1, len(sizes)):
                setattr(self, f"linear_{number}", nn.Linear(sizes[number - 1], sizes[number]))
            self.count = len(sizes) - 1

        def forward(self, x):
            x = self.norm(x)
            for number in range(1, self.count):
                x = torch.relu(getattr(self, f"linear_{number}")(x))
            return torch.sigmoid(getattr(self, f"linear_{self.count}")(x))

    class NsfwH14(nn.Module):
        def __init__(self):
            super().__init__()
            sizes = [64, 64, 128, 64, 32, 16]
            layers = []
            for one, other in itertools.pairwise(sizes):
                layers += [nn.Linear(one, other), nn.ReLU(), nn.Dropout(0.2)]
            self.layers = nn.Sequential(*layers, nn.Linear(16, 16), nn.Linear(16, 1))

        def forward(self, x):
            return self.layers(x)

    torch.manual_seed(0)
    return torch, {
        "linear L/14": (nn.Linear(768, 1), 768),
        "linear B/32": (nn.Linear(512, 1), 512),
        "aesthetic": (Aesthetic(relu=False), 768),
        "aesthetic with ReLU": (Aesthetic(relu=True), 768),
        "NSFW L/14": (Nsfw([768, 64, 512, 256, 1]), 768),
        "NSFW B/32": (Nsfw([512, 32, 32, 1]), 512),
        "NSFW H/14": (NsfwH14(), 64),
    }


@pytest.mark.parametrize("how", ["torch", "safetensors"])
def test_published_heads(tmp_path, how):
    torch, every = networks()
    safetensors = pytest.importorskip("safetensors.torch")
    for name, (network, width) in every.items():
        network.eval()
        vectors = embeddings(9, width)
        with torch.inference_mode():
            expected = network(torch.from_numpy(vectors))[:, 0].numpy()
        if how == "torch":
            file = tmp_path / "head.pth"
            torch.save(network.state_dict(), file)
        else:
            file = tmp_path / "head.safetensors"
            safetensors.save_file(network.state_dict(), file)
        column = pd.Series([*(3 * vectors), None], name="embedding")  # heads want length 1
        found = image.head(column, weights=str(file))
        np.testing.assert_allclose(found[:-1], expected, rtol=1e-4, atol=1e-5, err_msg=name)
        assert np.isnan(found.iloc[-1])
        as_it_is = image.head(column, weights=str(file), normalize=False)
        assert np.abs(as_it_is[:-1] - expected).max() > 1e-4, name


def test_a_changed_file_is_read_again(tmp_path):
    file = tmp_path / "head.safetensors"
    column = pd.Series([[1.0, 0.0]])
    for number in (1.0, 2.0):
        tensors = {"weight": np.array([[number, 0]]), "bias": np.zeros(int(number))[:1]}
        write_safetensors(file, tensors, {"made": str(number) * int(number)})
        assert image.head(column, weights=str(file))[0] == number


def two_kinds(count=120, width=24, apart=1.2):
    """Vectors of two kinds that overlap a little: those of cats and those of dogs."""
    random = np.random.default_rng(3)
    labels = np.arange(count) % 2
    centre = random.normal(size=width)
    vectors = random.normal(size=(count, width)) + np.outer(labels - 0.5, centre) * apart
    return vectors.astype(np.float32), labels


def test_cats_from_dogs(tmp_path):
    vectors, labels = two_kinds()
    frame = pd.DataFrame({"embedding": list(vectors), "label": np.where(labels, "cat", "dog")})
    frame.loc[len(frame)] = [None, "cat"]
    frame.loc[len(frame)] = [np.ones(24, np.float32), None]
    file = tmp_path / "deep" / "cats.safetensors"
    made = image.train_head(frame[:80], output=file, positive="cat")
    assert made.rows == 80 and made.held_out > 0.95
    frame["cat"] = image.head(frame.embedding, weights=str(file))
    unseen = frame[80:120]
    assert ((unseen.cat > 0.5) == (unseen.label == "cat")).mean() > 0.85
    assert frame.cat.isna().tolist() == [False] * 120 + [True, False]
    kept = Filter(image.head, weights=str(file), min=0.5)(frame.drop(columns="cat"))
    assert len(kept) == (frame.cat >= 0.5).sum()
    again = tmp_path / "again.safetensors"
    image.train_head(frame[:80], output=again, positive="cat")
    assert again.read_bytes() == file.read_bytes()
    safetensors = pytest.importorskip("safetensors.numpy")
    theirs = safetensors.load_file(file)
    assert theirs["weight"].shape == (1, 24) and theirs["bias"].shape == (1,)


def test_from_a_dask_frame(tmp_path):
    import tamis

    vectors, labels = two_kinds()
    rows = pd.DataFrame({"id": [f"r{k}" for k in range(120)], "label": labels == 1})
    rows["embedding"] = list(vectors)
    eager, lazy = tmp_path / "eager.safetensors", tmp_path / "lazy.safetensors"
    image.train_head(rows, output=eager)
    image.train_head(tamis.from_pandas(rows, npartitions=3), output=lazy)
    assert eager.read_bytes() == lazy.read_bytes()


@pytest.mark.parametrize("shape", [(90, 12), (30, 70)])
@pytest.mark.parametrize("penalty", [0.1, 1.0, 50.0])
def test_fits_as_scikit_learn_has_them(shape, penalty):
    linear_model = pytest.importorskip("sklearn.linear_model")
    random = np.random.default_rng(0)
    x = random.normal(size=shape) + 3
    y = (x[:, 0] + random.normal(size=len(x)) > 3).astype(float)
    theirs = linear_model.LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=10_000).fit(x, y)
    weight, bias = fit_logistic(x, y, penalty)
    np.testing.assert_allclose(weight, theirs.coef_[0], atol=1e-4)
    np.testing.assert_allclose(bias, theirs.intercept_[0], atol=1e-3)
    y = x @ random.normal(size=shape[1]) + random.normal(size=len(x))
    theirs = linear_model.Ridge(alpha=penalty, tol=1e-10).fit(x, y)
    weight, bias = fit_ridge(x, y, penalty)
    np.testing.assert_allclose(weight, theirs.coef_, atol=1e-6)
    np.testing.assert_allclose(bias, theirs.intercept_, atol=1e-6)


@given(st.integers(2, 30), st.integers(1, 12), st.integers(0, 99), st.floats(1e-3, 100))
def test_the_logistic_fit_is_a_minimum(count, width, seed, penalty):
    """The slope of the loss is nothing there: the whole definition, without another library."""
    random = np.random.default_rng(seed)
    x, y = random.normal(size=(count, width)), np.arange(count) % 2.0
    weight, bias = fit_logistic(x, y, penalty)
    chance = 1 / (1 + np.exp(-(x @ weight + bias)))
    assert np.abs(x.T @ (chance - y) + penalty * weight).max() < 1e-5 * count
    assert abs((chance - y).sum()) < 1e-5 * count


def test_ratings(tmp_path):
    vectors, _ = two_kinds()
    ratings = vectors @ np.linspace(-1, 1, 24) + 5
    frame = pd.DataFrame({"embedding": list(vectors), "rating": ratings})
    file = tmp_path / "rating.safetensors"
    made = image.train_head(
        frame, output=file, label="rating", kind="ridge", penalty=0.01, normalize=False
    )
    assert made.held_out > 0.99
    found = image.head(frame.embedding, weights=str(file))
    np.testing.assert_allclose(found, ratings, atol=0.05)


NAMES = st.text("abc._0", min_size=1, max_size=8).filter(lambda name: name != "__metadata__")
NUMBERS = arrays.arrays(
    np.float32, arrays.array_shapes(max_dims=3, max_side=4), elements=st.floats(-4, 4, width=32)
)


@settings(max_examples=30)
@given(st.dictionaries(NAMES, NUMBERS, max_size=4), st.dictionaries(NAMES, st.text(), max_size=3))
def test_files_are_read_by_safetensors(tmp_path_factory, tensors, told):
    safetensors = pytest.importorskip("safetensors")
    file = tmp_path_factory.mktemp("files") / "a.safetensors"
    write_safetensors(file, tensors, told)
    with safetensors.safe_open(file, "numpy") as theirs:
        assert {name: theirs.get_tensor(name).tolist() for name in theirs.keys()} == {  # noqa: SIM118
            name: value.tolist() for name, value in tensors.items()
        }
        assert (theirs.metadata() or {}) == told
    mine, said = read_safetensors(file)
    assert said == told and mine.keys() == tensors.keys()
    assert all((mine[name] == value).all() for name, value in tensors.items())


@given(st.binary(max_size=80))
def test_any_bytes_for_a_head_are_refused(tmp_path_factory, data):
    file = tmp_path_factory.mktemp("files") / "a.safetensors"
    file.write_bytes(data)
    with pytest.raises(DataError):
        tensors, told = read_safetensors(file)
        head_of(tensors, told, str(file))


def test_mistakes_say_so(tmp_path):
    vectors, labels = two_kinds()
    frame = pd.DataFrame({"embedding": list(vectors), "label": labels})
    file = str(tmp_path / "a.safetensors")
    image.train_head(frame, output=file)
    with pytest.raises(SettingError, match=r"for embeddings of 24 numbers; .*'embedding' has 2"):
        image.head(pd.Series([[1.0, 0.0]], name="embedding"), weights=file)
    with pytest.raises(DataError, match="no file"):
        image.head(frame.embedding, weights=str(tmp_path / "none.pth"))
    with pytest.raises(ColumnError, match="no column 'vector'"):
        image.train_head(frame, output=file, on="vector")
    with pytest.raises(SettingError, match=r"say which one to find, positive="):
        image.train_head(frame.assign(label="cat"), output=file)
    with pytest.raises(DataError, match="120 labelled rows, 120 of them positive"):
        image.train_head(frame.assign(label=1), output=file)
    with pytest.raises(DataError, match="needs numbers"):
        image.train_head(frame.assign(label="much"), output=file, kind="ridge")
    with pytest.raises(SettingError, match=r"written as \.safetensors"):
        image.train_head(frame, output="a.pth")
    with pytest.raises(SettingError, match="more than 0"):
        image.train_head(frame, output=file, penalty=0)
    write_safetensors(tmp_path / "b.safetensors", {"weight": np.ones((2, 4))}, {})
    with pytest.raises(DataError, match="is no head known here"):
        image.head(frame.embedding, weights=str(tmp_path / "b.safetensors"))
