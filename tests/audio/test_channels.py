"""Which channel of a recording a row is."""

import numpy as np
import pandas as pd
from sounds import tone, wav

import tamis
from tamis import Score, measure
from tamis.audio import views
from tamis.media.decoded import each
from tamis.media.pointers import media


@measure(dtype="float64", heavy=True)
def channel_count(recording):
    """How many channels the recording of a row has."""
    return each(recording, lambda one: one.channels)


def blocks(recording):
    return np.concatenate(list(recording.blocks()))


def test_a_channel_for_each_row(tmp_path):
    """The column `audio_channel` chooses where it is not null; the setting goes before it."""
    data = wav(tone(0.5, channels=2))
    found = media(pd.Series([data] * 5, dtype=object))
    headers = views.audio_header(found)
    column = pd.Series([0, None, 1, 7, -1], dtype="Int64")
    rows = views.recording(found, headers, None, None, column)
    whole = blocks(rows[1])
    assert whole.shape[1] == 2
    np.testing.assert_array_equal(blocks(rows[0]), whole[:, :1])
    np.testing.assert_array_equal(blocks(rows[2]), whole[:, 1:])
    assert rows[3] is None and rows[4] is None
    assert {rows.problems[k].partition(":")[0] for k in (3, 4)} == {"audio.channel"}
    rows = views.recording(found, headers, None, None, column, channel=1)
    np.testing.assert_array_equal(blocks(rows[0]), whole[:, 1:])

    (tmp_path / "a.wav").write_bytes(data)
    table = pd.DataFrame({"id": list("abc"), "path": str(tmp_path / "a.wav")})
    frame = tamis.from_pandas(table.assign(audio_channel=pd.array([0, None, 1], "Int64")))
    assert frame.pipe(Score(channel_count)).compute().channel_count.tolist() == [1, 2, 1]
    frame = tamis.from_pandas(table)
    assert frame.pipe(Score(channel_count)).compute().channel_count.tolist() == [2, 2, 2]
