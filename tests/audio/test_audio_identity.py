"""The same samples whatever the format; the same sound whatever was done to it."""

import io
import tarfile

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
import soundfile
import soxr
from sounds import LOSSLESS, SNDFILE, encoded, tone, wav

import tamis
from tamis import ExactDedup, Filter, FingerprintDedup, Pipeline, Score, audio

EXACT = sorted({*LOSSLESS} & {*SNDFILE} - {"wav-u8", "wav-mulaw", "wav-alaw", "wav-ima", "wav-ms"})


def frame(files):
    """A row for each file: bytes by name."""
    return pd.DataFrame({"id": list(files), "path": pd.Series(list(files.values()), dtype=object)})


def whole(samples):
    """Samples that 16 bits hold exactly."""
    return (np.round(samples * 32768) / 32768).astype(np.float32)


def test_the_same_samples_in_every_container():
    samples = whole(tone(0.7, 16_000, 2))
    hashes = audio.sample_hash(frame({name: encoded(name, samples, 16_000) for name in EXACT}).path)
    assert len(EXACT) > 12 and hashes.nunique() == 1 and hashes.str.len().eq(32).all()
    other = samples.copy()
    other[-1, 1] += 2**-15
    different = {
        "value": encoded("wav", other, 16_000),
        "rate": encoded("wav", samples, 16_001),
        "channels": encoded("wav", samples[:, :1], 16_000),
        "turned": encoded("wav", samples[:, ::-1], 16_000),
        "shorter": encoded("wav", samples[:-1], 16_000),
        "u8": encoded("wav-u8", samples, 16_000),
    }
    found = {*audio.sample_hash(frame(different).path), hashes[0]}
    assert len(found) == len(different) + 1


def test_long_recordings_are_read_block_by_block():
    """More than two blocks of 30 s: the block that reading happens to take is not in the hash."""
    samples = whole(tone(65, 8000, 1))
    from tamis.audio.identity import digest

    class Cut:
        rate, channels = 8000, 1

        def __init__(self, step):
            self.step = step

        def blocks(self):
            return (samples[k : k + self.step] for k in range(0, len(samples), self.step))

    hashes = audio.sample_hash(frame({"wav": wav(samples, 8000)}).path)
    assert hashes[0] == digest(Cut(1000)) == digest(Cut(7_777))


def test_zeros_and_what_is_no_number():
    signs = np.array([[0.0], [0.5], [-0.0]], np.float32)
    nans = np.array([0x7FC00000, 0x7FC00001, 0xFFC00000], np.uint32).view(np.float32)[:, None]
    files = {
        "plus": wav(np.abs(signs), 8000, "FLOAT"),
        "minus": wav(-np.abs(signs) * [[1], [-1], [1]], 8000, "FLOAT"),
        "nan": wav(nans[[0, 0, 0]], 8000, "FLOAT"), "nans": wav(nans, 8000, "FLOAT"),
    }  # fmt: skip
    plus, minus, nan, others = audio.sample_hash(frame(files).path)
    assert plus == minus != nan == others


def test_in_archives_on_disk_and_as_spans(tmp_path):
    samples = whole(tone(2.0, 8000, 1))
    data = encoded("flac", samples, 8000)
    (tmp_path / "a.flac").write_bytes(data)
    with tarfile.open(tmp_path / "all.tar", "w") as archive:
        member = tarfile.TarInfo("b.flac")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    rows = pd.DataFrame({
        "id": list("abcd"),
        "path": [*(str(tmp_path / name) for name in ("a.flac", "all.tar", "a.flac")), data],
        "offset": [None, 512, None, None], "size": [None, len(data), None, None],
        "start": [None, None, 0.5, 0.5], "end": [None, None, 1.5, 1.5],
    })  # fmt: skip
    rows[["offset", "size"]] = rows[["offset", "size"]].astype("Int64")
    scored = rows.pipe(Score(audio.sample_hash)).pipe(Score(audio.fingerprint))
    part = audio.sample_hash(frame({"part": wav(samples[4000:12_000], 8000)}).path)[0]
    a, b, c, d = scored.sample_hash
    assert a == b and c == d == part != a
    assert ExactDedup(on="sample_hash")(scored).id.tolist() == ["a", "c"]
    assert FingerprintDedup(measure="containment", keep="longest")(scored).id.tolist() == ["a"]


def test_unreadable_recordings_keep_their_reason():
    good = encoded("wav", whole(tone(1.0, 8000, 1)), 8000)
    rows = frame({"good": good, "cut": good[: len(good) // 2], "text": b"no sound", "null": None})
    for op in (audio.sample_hash, audio.fingerprint):
        assert op(rows.path).isna().tolist() == [False, True, True, True]
        short = op.short
        explained = Pipeline(
            [Filter(op, isin=["none"], invert=True), ExactDedup(on=short)]
        ).explain(rows)
        codes = explained.dropped_why.str.partition(":")[0]
        assert codes.tolist()[1:] == ["decode.truncated", "decode.format", "media.null"], codes
    scored = rows.pipe(Score(audio.fingerprint))
    assert FingerprintDedup()(scored).id.tolist() == ["good", "cut", "text", "null"]


@pytest.fixture(scope="module")
def spoken(request):
    """Real speech at 16 kHz: pieces of 10 s."""
    wavs = request.getfixturevalue("speech_wavs")
    parts = []
    for name in ("beckett", "endgame_nagg_nell", "two_cities"):
        samples, rate = soundfile.read(wavs[name], dtype="float32", always_2d=True)
        mono = soxr.resample(samples.mean(axis=1), rate, 16_000)
        parts += [mono[k : k + 160_000] for k in range(0, len(mono) - 150_000, 160_000)]
    assert len(parts) >= 6
    return parts


SPOILT = {
    "mp3": lambda x: encoded("mp3", x[32_100:, None] * 0.5, 16_000),
    "ogg": lambda x: encoded("ogg", x[32_100:, None], 16_000),
    "opus": lambda x: encoded("opus", soxr.resample(x[32_100:], 16_000, 48_000)[:, None], 48_000),
    "m4a": lambda x: encoded("m4a", np.clip(x[32_100:, None] * 2, -1, 1), 16_000),
    "8 kHz mu-law": lambda x: wav(soxr.resample(x[32_100:], 16_000, 8000), 8000, "ULAW"),
    "two channels": lambda x: encoded("wav", np.stack([x, x], 1)[32_100:], 16_000),
}


@pytest.mark.parametrize("name", SPOILT)
def test_the_same_sound_coded_anew(spoken, name):
    files = {f"o{k}": wav(part[:, None], 16_000) for k, part in enumerate(spoken)}
    files |= {f"c{k}": SPOILT[name](part) for k, part in enumerate(spoken)}
    found = FingerprintDedup().explain(frame(files).pipe(Score(audio.fingerprint)))
    gone = found[found.dropped_by.notna()].set_index("id")
    assert dict(gone.duplicate_of) == {f"c{k}": f"o{k}" for k in range(len(spoken))}
    assert gone.similarity.between(0.6, 0.85).all()  # 8 of 10 seconds
    into = gone.dropped_why.str.extract(r"begins (\d\.\d\d) s into it$")[0].astype(float)
    assert into.between(1.9, 2.1).all()


def correlation(left, right):
    """The most that two waveforms correlate at any offset."""
    both = np.fft.rfft(left, 1 << 16) * np.conj(np.fft.rfft(right, 1 << 16))
    return np.abs(np.fft.irfft(both)).max() / np.sqrt((left @ left) * (right @ right))


def test_short_clips_silence_and_tones(spoken):
    words = [part[k : k + 12_000] for part in spoken for k in (20_000, 60_000, 100_000)]  # 0.75 s
    files = {f"w{k}": wav(word[:, None], 16_000) for k, word in enumerate(words)}
    files |= {f"c{k}": encoded("mp3", word[:, None] * 0.5, 16_000) for k, word in enumerate(words)}
    t = np.arange(48_000) / 16_000
    for k, level in enumerate((0.1, 0.5)):
        files[f"silence{k}"] = wav(np.zeros((48_000, 1), np.float32), 16_000)
        files[f"tone{k}"] = wav((level * np.sin(2 * np.pi * 440 * t))[:, None], 16_000)
        files[f"noise{k}"] = wav(
            0.1 * np.random.default_rng(k).standard_normal((48_000, 1)), 16_000
        )
        files[f"click{k}"] = wav(np.full((100, 1), 0.5), 16_000)
    found = FingerprintDedup().find(frame(files).pipe(Score(audio.fingerprint)))
    gone = found[~found.keep]
    assert gone.id.str.match("[cw]").all() and gone.duplicate_of.str.match("[cw]").all()
    pairs = {(int(a[1:]), int(b[1:])) for a, b in zip(gone.id, gone.duplicate_of, strict=True)}
    for k, other in pairs:  # the play has one sound twice
        assert k == other or correlation(words[k], words[other]) > 0.9
    assert len({*gone.id} & {f"c{k}" for k in range(len(words))}) >= 0.9 * len(words)


def test_in_a_run_over_cuts(tmp_path, spoken):
    """Rows of one recording: overlapping windows are the same sound, others are not."""
    soundfile.write(tmp_path / "long.wav", np.concatenate(spoken[:4]), 16_000)
    starts = [0.0, 1.0, 10.0, 20.0, 21.5, 30.0]
    rows = pd.DataFrame({
        "id": list("abcdef"), "path": str(tmp_path / "long.wav"),
        "start": starts, "end": [start + 8 for start in starts],
    })  # fmt: skip
    lazy = dd.from_pandas(rows, npartitions=3, sort=False)
    pipeline = Pipeline([Score(audio.fingerprint), FingerprintDedup()])
    run = pipeline.run(lazy, tmp_path / "out")
    assert run.kept().compute().id.tolist() == ["a", "c", "d", "f"] == pipeline(rows).id.tolist()
    dropped = run.dropped().compute()
    assert dropped.duplicate_of.tolist() == ["a", "d"]
    assert dropped.dropped_why.str.contains(r"begins (?:0\.99|1\.02|1\.50) s into it$").all()
    assert tamis.Pipeline.from_yaml(pipeline.to_yaml()) == pipeline
