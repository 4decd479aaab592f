"""Captions by vision-language models, against a plain loop of transformers over the same frames."""

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from videos import made, panned

import tamis
from tamis import Score, video
from tamis.errors import DataError, MissingPackageError, SettingError
from tamis.image.caption_models import VisionLanguage, caption_model
from tamis.image.caption_prompts import PROMPTS, REFINE

torch = pytest.importorskip("torch", reason="needs the extra image-models")
pytest.importorskip("transformers", reason="needs the extra text-models")

pytestmark = pytest.mark.slow

KINDS = ("qwen2_5_vl", "qwen3_vl", "smolvlm", "llava")
SHORT = {"name": "caption", "max_tokens": 10, "device": "cpu"}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    import tiny_vision_language as tiny

    folder = tmp_path_factory.mktemp("models")
    return {k: getattr(tiny, k)(folder / k) for k in ("qwen2_vl", *KINDS)}


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Clips of 50 frames at 25 a second, one that is cut short, and one that is not there."""
    folder = tmp_path_factory.mktemp("films")
    for name in ("astronaut", "coffee"):
        made(folder / f"{name}.mp4", panned(50, name=name))
    (folder / "broken.mp4").write_bytes((folder / "coffee.mp4").read_bytes()[:2000])
    names = ["astronaut", "astronaut", "coffee", "broken", "none"]
    return pd.DataFrame(
        {
            "id": [f"c{k}" for k in range(5)],
            "path": [str(folder / f"{name}.mp4") for name in names],
            "start": [0.0, 0.96, None, None, None],
            "end": [1.0, 2.0, None, None, None],
        }
    )


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    draw = np.random.default_rng(5)
    for k, size in enumerate([(60, 80), (300, 90), (33, 40), (50, 50)]):
        Image.fromarray(draw.integers(0, 256, (*size, 3), np.uint8)).save(folder / f"{k}.png")
    (folder / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    names = ["0.png", "1.png", "bad.png", "2.png", "none.png", "3.png"]
    return pd.DataFrame({"id": names, "path": [str(folder / name) for name in names]})


class Plain:
    """transformers as its own pages show it: one conversation at a time, tokenised by itself."""

    def __init__(self, folder):
        from transformers import AutoModelForImageTextToText, AutoProcessor

        self.processor = AutoProcessor.from_pretrained(folder)
        self.model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)
        self.model = self.model.eval()

    def __call__(self, words, pictures=(), film=None, fps=None):
        content = [{"type": "image", "image": Image.fromarray(one)} for one in pictures]
        more = {}
        if film is not None:
            content = [{"type": "video", "video": film}]
            about = {"total_num_frames": len(film), "fps": fps, "duration": len(film) / fps,
                     "frames_indices": list(range(len(film)))}  # fmt: skip
            more = {"do_sample_frames": False, "video_metadata": [about]}
        content.append({"type": "text", "text": words})
        given = self.processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=True,
            return_dict=True, return_tensors="pt", processor_kwargs=more,
        )  # fmt: skip
        made = self.model.generate(**given, max_new_tokens=10, do_sample=False)
        said = made[0, given["input_ids"].shape[1] :]
        return self.processor.tokenizer.decode(said, skip_special_tokens=True).strip()


def frames_at(row, times, short_side=448):
    start = None if row.start is None or np.isnan(row.start) else row.start
    end = None if row.end is None or np.isnan(row.end) else row.end
    return video.read_frames(
        row.path, start=start, end=end, times=times, short_side=short_side
    ).pixels


@pytest.mark.parametrize("kind", ["qwen2_vl", *KINDS])
def test_pictures_are_captioned_as_by_a_plain_loop(models, photos, kind):
    step = Score("image.caption", model=models[kind], batch=3, side=None, **SHORT)
    found = step(photos)["caption"]
    plain, words = Plain(models[kind]), PROMPTS["picture"]["default"]
    for path, text in zip(photos.path, found, strict=True):
        if path.endswith(("bad.png", "none.png")):
            assert pd.isna(text)
        else:
            assert text == plain(words, [np.asarray(Image.open(path))])
    assert found.nunique() == 4


def test_pictures_are_reduced_before(models, photos):
    whole, less = (
        Score("image.caption", model=models["qwen2_vl"], side=side, **SHORT)(photos)["caption"]
        for side in (None, 40)
    )
    assert whole[3] == less[3] and whole[1] != less[1]  # 33 pixels on the short side, and 90


def test_clips_are_captioned_window_by_window(models, clips):
    step = Score(
        "video.caption", model=models["qwen2_vl"], prompt="av", fps=10, window=20, remainder=8,
        batch=2, **SHORT,
    )  # fmt: skip
    found = step(clips)["caption"]
    plain, words = Plain(models["qwen2_vl"]), PROMPTS["video"]["av"]
    # 25 and 26 frames: one window of 20, the rest is too little; 50 frames: 20, 20 and 10
    windows = {0: [0.0], 1: [0.96], 2: [0.0, 0.8, 1.6]}
    for row, starts in windows.items():
        said = []
        for start in starts:
            times = tuple(start + 0.1 * np.arange(4 if start == 1.6 else 8))
            film = frames_at(clips.loc[row], times)
            assert len(film) == len(times)
            said.append(plain(words, film=film, fps=10.0))
        assert found[row] == "\n\n".join(said)
    assert found[3:].isna().all()


@pytest.mark.parametrize("kind", ["qwen2_5_vl", "qwen3_vl", "smolvlm"])
def test_each_layout_of_videos(models, clips, kind):
    """Of two lengths in a batch; and the same frames as pictures."""
    plain, words = Plain(models[kind]), "what happens in it ?"
    own = {"fps": 5, "short_side": 64, "prompt": words, "batch": 2} | SHORT
    rows = clips.iloc[[0, 2]]
    lengths = [np.arange(5) / 5, np.arange(10) / 5]
    films = [
        frames_at(row, tuple(times), 64)
        for (_, row), times in zip(rows.iterrows(), lengths, strict=True)
    ]
    found = Score("video.caption", model=models[kind], **own)(rows)["caption"].fillna("").tolist()
    assert found == [plain(words, film=film, fps=5.0) for film in films]
    as_images = Score("video.caption", model=models[kind], frames_as="images", **own)
    found = as_images(rows)["caption"].fillna("").tolist()
    assert found == [plain(words, film) for film in films]


def test_models_without_videos_see_frames_as_pictures(models, clips):
    own = {"fps": 4, "max_frames": 3, "short_side": 64} | SHORT
    rows = clips.iloc[:1]
    plain, words = Plain(models["llava"]), "what happens in it ?"
    step = Score("video.caption", model=models["llava"], prompt=words, **own)
    pictures = frames_at(rows.loc[0], (0.0, 1 / 3, 2 / 3), 64)
    assert step(rows)["caption"][0] == plain(words, pictures)
    as_images = Score(
        "video.caption", model=models["qwen2_vl"], frames_as="images", prompt=words, **own
    )
    assert as_images(rows)["caption"][0] == Plain(models["qwen2_vl"])(words, pictures)
    wrong = Score("video.caption", model=models["llava"], frames_as="video", **own)
    with pytest.raises(SettingError, match="takes no videos"):
        wrong(rows)


def test_the_first_caption_is_given_back(models, photos):
    plain, rows = Plain(models["qwen2_vl"]), photos.iloc[:2]
    pictures = [np.asarray(Image.open(path)) for path in rows.path]
    for given, asked in (("default", REFINE), ("look again", "look again\n\n{caption}")):
        step = Score(
            "image.caption", model=models["qwen2_vl"], refine=given, prompt="what is it ?", **SHORT
        )
        found = step(rows)["caption"].tolist()
        first = [plain("what is it ?", [one]) for one in pictures]
        second = [
            plain(asked.replace("{caption}", text), [one])
            for text, one in zip(first, pictures, strict=True)
        ]
        assert found == second != first


def test_partitions_and_batches_do_not_matter(models, clips, photos):
    for op, frame, more in (
        ("video.caption", clips, {"fps": 5, "window": 20, "remainder": 8}),
        ("image.caption", photos, {}),
    ):
        step = Score(op, model=models["qwen2_vl"], batch=1, **more, **SHORT)
        expected = step.explain(frame)
        step = Score(op, model=models["qwen2_vl"], batch=4, **more, **SHORT)
        for parts in (1, 3):
            lazy = step.explain(dd.from_pandas(frame, npartitions=parts, sort=False))
            found = lazy.compute(scheduler="threads")
            for column in ("caption", "dropped_why"):
                pd.testing.assert_series_equal(found[column], expected[column])


def test_memory_that_ends_halves_batches(models, photos, monkeypatch, caplog):
    step = Score("image.caption", model=models["llava"], **SHORT)
    expected = step(photos)
    say, sizes, most = VisionLanguage.say, [], [1]

    def little(self, shown, asked, tokens):
        sizes.append(len(shown))
        if len(shown) > most[0]:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return say(self, shown, asked, tokens)

    monkeypatch.setattr(VisionLanguage, "say", little)
    pd.testing.assert_frame_equal(step(photos), expected)
    assert sizes == [4, 2, 1, 1, 1, 1] and "1 captions at a time" in caplog.text
    most[0] = 0
    with pytest.raises(DataError, match="60 by 80 pixels is too much"):
        step(photos)


def test_what_a_filter_drops_says_why(models, clips):
    step = tamis.Filter("video.caption", isin=["nothing"], model=models["llava"], **SHORT)
    why = step.explain(clips).dropped_why
    assert why[3].startswith("decode.") and why[4].startswith("media.missing")


def test_an_answer_of_nothing_is_no_caption(models, clips, photos, tmp_path, caplog):
    import shutil

    from transformers import AutoModelForImageTextToText, AutoTokenizer

    shutil.copytree(models["llava"], place := tmp_path / "silent")
    network = AutoModelForImageTextToText.from_pretrained(place)
    end = AutoTokenizer.from_pretrained(place).convert_tokens_to_ids("<eos>")
    network.generation_config.update(forced_eos_token_id=end)  # at the last token, here the first
    network.generation_config.save_pretrained(place)
    asked = {"isin": ["-"], "model": str(place)} | SHORT | {"max_tokens": 1}
    pictures = tamis.Filter("image.caption", **asked).explain(photos)
    assert pictures.caption.isna().all()
    assert [why.partition(":")[0] for why in pictures.dropped_why] == [
        "prompt.empty", "prompt.empty", "decode.truncated", "prompt.empty", "media.missing",
        "prompt.empty",
    ]  # fmt: skip
    films = tamis.Filter("video.caption", **asked).explain(clips)
    assert films.caption.isna().all()
    assert films.dropped_why[:3].str.startswith("prompt.empty").all()
    assert films.dropped_why[3].startswith("decode.")
    assert "caption has no value in 4 of 4 rows: prompt.empty" in caplog.text


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"prompt": "avv"}, "default, av, av-surveillance, or words of your own"),
        ({"refine": "yes"}, "refine='yes'"),
        ({"max_tokens": 0}, "max_tokens=0"),
        ({"batch": 0}, "batch=0"),
        ({"window": 0}, "window=0"),
        ({"fps": 0.0}, "fps=0.0"),
        ({"model": "Qwen/Qwen2.5-VL-7B-Instruct"}, "give the commit"),
        ({"frames_as": "gif"}, "frames_as"),
    ],
)
def test_wrong_settings(models, clips, settings, said):
    with pytest.raises(SettingError, match=said):
        Score("video.caption", **({"model": models["llava"]} | settings))(clips)


def test_a_folder_that_is_no_such_model(tmp_path, models, photos):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(DataError, match="cannot be loaded"):
        Score("image.caption", model=str(tmp_path))(photos)


def test_what_one_model_needs_is_asked_for_when_it_is_loaded(models, photos, monkeypatch):
    from transformers.models.smolvlm import processing_smolvlm

    monkeypatch.setattr(processing_smolvlm, "num2words", None)
    with pytest.raises(MissingPackageError, match=r"needs num2words: pip install num2words$"):
        caption_model(str(models["smolvlm"]), None, "cpu", "float32", "frames", ("anew",))
