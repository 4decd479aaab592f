"""Lists of transcripts: LibriSpeech's and Kaldi's lines, LJSpeech, VITS, Common Voice, .lab."""

import gzip

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tamis
from tamis.errors import ColumnError, DataError, SettingError


def codes(df):
    return [None if pd.isna(why) else why.partition(":")[0] for why in df.dropped_why]


@pytest.fixture
def libri(tmp_path):
    place = tmp_path / "dev" / "84" / "121123"
    place.mkdir(parents=True)
    for k in range(3):
        (place / f"84-121123-000{k}.flac").write_bytes(b"fLaC")
    (place / "84-121123.trans.txt").write_text(
        '84-121123-0000 GO "DO YOU\n\n84-121123-0001  ÉTÉ \n84-121123-0009 LOST\n'
        "84-121123-0001 AGAIN\n84-121123-0002\n", "utf-8",
    )  # fmt: skip
    return tmp_path / "dev"


def test_librispeech(libri):
    df = tamis.read_files(str(libri), transcripts=f"{libri}/**/*.trans.txt", files_per_partition=2)
    meta, df = df._meta, df.compute()
    assert (df.dtypes == meta.dtypes).all() and df.id.is_unique
    assert df.text.tolist()[:3] == ['GO "DO YOU', "ÉTÉ", ""]
    assert codes(df)[:3] == [None] * 3 and sorted(codes(df)[3:]) == ["media.missing", "text.twice"]
    lost = df[df.text == "LOST"].iloc[0]
    assert lost.id == "84/121123/84-121123.trans.txt:4" or lost.id.endswith("trans.txt:4")
    with pytest.raises(DataError, match=r"text\.twice"):
        tamis.read_files(
            str(libri), transcripts=f"{libri}/**/*.trans.txt", errors="raise"
        ).compute()


def test_kaldi(libri, tmp_path):
    with gzip.open(tmp_path / "text.txt.gz", "wb") as file:
        file.write(b"84-121123-0000 eins zwei\n84-121123-0002.flac drei\n")
        file.write(b"x \xff\xfe\n")
    (libri / "84-other-0000.flac").write_bytes(b"fLaC")
    df = tamis.read_files(str(libri), transcripts=str(tmp_path / "text.txt.gz")).compute()
    told = dict(zip(df.id.str.rpartition("/")[2], df.text, strict=True))
    assert told["84-121123-0000.flac"] == "eins zwei" and told["84-121123-0002.flac"] == "drei"
    assert pd.isna(told["84-other-0000.flac"]) and codes(df)[-1] == "text.utf8"
    with pytest.raises(SettingError, match="both make the column"):
        tamis.read_files(str(libri), captions=".text", transcripts=str(tmp_path / "text.txt.gz"))


def test_texts_beside_recordings(tmp_path):
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_bytes(b"RIFF")
    (tmp_path / "a.lab").write_text("hello")
    (tmp_path / "a.txt").write_text("there")
    df = tamis.read_files(str(tmp_path), captions=[".lab", ".txt"]).compute()
    assert df.lab.tolist() == ["hello", pd.NA] and df.txt.tolist() == ["there", pd.NA]


def test_ljspeech_vits_and_common_voice(tmp_path):
    (tmp_path / "metadata.csv").write_text(
        'LJ001-0001|"Printing," in the|"Printing," in the\nLJ001-0002|Dr. "A|Doctor "A\nx|y\n'
    )
    df = tamis.read_manifest(
        str(tmp_path / "metadata.csv"), names=["file", "text", "normalized_text"], delimiter="|",
        quoted=False, base=str(tmp_path / "wavs"), extension=".wav", path_column="file",
    ).compute()  # fmt: skip
    assert df.path.tolist()[:2] == [f"{tmp_path}/wavs/LJ001-000{k}.wav" for k in (1, 2)]
    assert df.text.tolist()[:2] == ['"Printing," in the', 'Dr. "A']
    assert codes(df) == [None, None, "csv.columns"]
    (tmp_path / "train.csv").write_text('DUMMY/p225_001.wav|76|Please.\nDUMMY/b|4|"Ask\n')
    df = tamis.read_manifest(
        str(tmp_path / "train.csv"), names=["path", "speaker", "text"], delimiter="|",
        quoted=False, extension="wav",
    ).compute()  # fmt: skip
    assert df.path.tolist() == [f"{tmp_path}/DUMMY/p225_001.wav", f"{tmp_path}/DUMMY/b.wav"]
    assert df.speaker.tolist() == ["76", "4"] and df.text[1] == '"Ask'
    (tmp_path / "train.tsv").write_text('client_id\tpath\tsentence\nx\tc1.mp3\t"Hi\ny\tc2.mp3\t\n')
    df = tamis.read_manifest(
        str(tmp_path / "train.tsv"), base=str(tmp_path / "clips"), quoted=False
    ).compute()
    assert df.path.tolist() == [f"{tmp_path}/clips/c{k}.mp3" for k in (1, 2)]
    assert df.sentence.tolist() == ['"Hi', pd.NA]
    with pytest.raises(ColumnError, match="path_column"):
        tamis.read_manifest(str(tmp_path / "train.tsv"), quoted=False, path_column="file")


_field = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\n\r|\0"))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(_field.filter(bool), _field, _field), min_size=1, max_size=20))
def test_unquoted_fields_are_what_stands_between_bars(tmp_path_factory, rows):
    """Against `str.split`, whatever quotes there are."""
    path = tmp_path_factory.mktemp("c") / "m.csv"
    path.write_bytes("".join("|".join(row) + "\n" for row in rows).encode())
    if path.read_bytes().startswith(b"\xef\xbb\xbf"):
        return
    df = tamis.read_csv(str(path), names=["a", "b", "c"], delimiter="|", quoted=False).compute()
    found = [tuple("" if pd.isna(v) else v for v in row) for row in df[["a", "b", "c"]].to_numpy()]
    assert found == rows and df.dropped_by.isna().all()
