"""Turns of speakers and windows of several, beside brute force on a grid of quarter seconds."""

import itertools

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from tamis import Cut, audio
from tamis.audio.turn_segments import alone, together, windows_of
from tamis.audio.word_times import timed

TURNS = st.lists(
    st.tuples(st.integers(0, 80), st.integers(1, 20), st.sampled_from("ABC")), max_size=12
).map(lambda found: [(a / 4, (a + n) / 4, who) for a, n, who in found])


def speakers_at(turns, cell):
    return {who for a, b, who in turns if a <= cell / 4 < b}


@given(TURNS, st.integers(0, 8))
def test_what_one_says_alone(turns, gap):
    found = alone(turns, gap / 4)
    cells = {k: who for a, b, who in found for k in range(round(a * 4), round(b * 4))}
    for cell in range(110):
        there = speakers_at(turns, cell)
        if len(there) == 1:
            assert cells[cell] in there
        elif there:
            assert cell not in cells
    for a, b, who in found:
        for cell in range(round(a * 4), round(b * 4)):
            assert speakers_at(turns, cell) <= {who}
        assert speakers_at(turns, round(a * 4)) and speakers_at(turns, round(b * 4) - 1)
    for (a, b, who), (after, _, other) in itertools.pairwise(found):
        assert a < b <= after
        quiet = all(not speakers_at(turns, k) for k in range(round(b * 4), round(after * 4)))
        assert who != other or not quiet or after - b > gap / 4


@given(TURNS, st.integers(0, 8))
def test_turns_that_may_overlap(turns, gap):
    found = together(turns, gap / 4)
    assert found == sorted(found)
    for who in "ABC":
        own = [(a, b) for a, b, one in found if one == who]
        assert all(y[0] - x[1] > gap / 4 for x, y in itertools.pairwise(own))
        for cell in range(110):
            said = who in speakers_at(turns, cell)
            assert not said or any(a <= cell / 4 < b for a, b in own)


@given(TURNS, st.booleans(), st.integers(0, 6), st.integers(0, 6))
def test_rows(turns, overlaps, shortest, pad):
    given_ = [{"speaker": who, "start": a, "duration": b - a} for a, b, who in turns]
    rows = pd.DataFrame({"id": ["a"], "start": [5.0], "end": [40.0], "turns": [given_]})
    step = Cut(
        audio.speaker_turns, overlaps=overlaps, min_duration=shortest / 4, pad=pad / 4, gap=0.0
    )
    found = step.explain(rows)
    if found["dropped_why"].notna().any():
        assert found["dropped_why"].iloc[0].startswith("cut.empty")
        return
    core = together(turns, 0.0) if overlaps else alone(turns, 0.0)
    core = [turn for turn in core if turn[1] - turn[0] >= shortest / 4]
    assert found["speaker"].tolist() == [who for *_, who in core]
    for start, end, (a, b, _) in zip(found["start"], found["end"], core, strict=True):
        start, end = start - 5, end - 5
        assert 0 <= a - start <= pad / 4 + 1e-6 and 0 <= end - b <= pad / 4 + 1e-6
        assert start >= 0 and end <= 35
        for one, other, _ in turns:  # what is added is silence
            assert min(a, other) - max(start, one) <= 1e-6
            assert min(end, other) - max(b, one) <= 1e-6


def minutes(*turns):
    return timed([{"speaker": who, "start": a, "end": b} for a, b, who in turns], "speaker")


def test_windows_of_several_speakers():
    regular = [(k * 10, k * 10 + 9, "AB"[k % 2]) for k in range(40)]
    found = windows_of(minutes(*regular), 120, 108, 132, range(2, 6), 8000)
    assert [(b - a, n) for a, b, n in found] == [(119, "2")] * 3
    assert [a for a, *_ in found] == [0, 120, 240]
    one_only = [(a, b, "A") for a, b, _ in regular]
    assert windows_of(minutes(*one_only), 120, 108, 132, range(2, 6), 8000) == []
    crowd = [(a, b, str(k)) for k, (a, b, _) in enumerate(regular)]
    assert windows_of(minutes(*crowd), 120, 108, 132, range(2, 6), 8000) == []
    narrow = minutes(*regular)
    narrow[5] = narrow[5]._replace(item={"bandwidth": 4000})
    found = windows_of(narrow, 120, 108, 132, range(2, 6), 8000)
    assert found[0][0] == 60
    running = minutes((0, 130, "A"), (5, 6, "B"), *[(a + 140, b + 140, c) for a, b, c in regular])
    assert windows_of(running, 120, 108, 132, range(2, 6), 8000)[0][:2] == (0, 130)


@given(TURNS, st.integers(8, 60), st.integers(1, 3), st.integers(0, 2))
def test_windows_hold_their_rules(turns, length, least, more):
    said = timed([{"speaker": who, "start": a, "end": b} for a, b, who in turns], "speaker")
    length, wanted = length / 4, range(least, least + more + 1)
    found = windows_of(said, length, length * 0.9, length * 1.1, wanted, 0)
    for a, b, count in found:
        assert length * 0.9 <= b - a <= length * 1.1
        inside = [t for t in said if a <= t.start and t.end <= b]
        assert len({t.label for t in inside}) == int(count) and int(count) in wanted
        assert not [t for t in said if t.start < a < t.end or t.start < b < t.end]
    assert all(x[1] <= y[0] for x, y in itertools.pairwise(found))


def test_windows_carry_their_turns():
    turns = [{"speaker": "AB"[k % 2], "start": k * 10, "end": k * 10 + 9} for k in range(26)]
    rows = pd.DataFrame({"id": ["a"], "start": [100.0], "turns": [turns], "text": ["said"]})
    found = Cut(audio.alm_windows)(rows)
    assert found[["id", "start", "end", "speakers"]].values.tolist() == [
        ["a/1", 100.0, 219.0, 2],
        ["a/2", 220.0, 339.0, 2],
    ]
    second = found["turns"].iloc[1]
    assert len(second) == 12 and second[0] == {"speaker": "A", "start": 0.0, "end": 9.0}
    assert found["text"].isna().all()
