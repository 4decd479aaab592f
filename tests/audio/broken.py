"""Broken recordings of every kind, and the code of the reason for which each is refused."""

import struct
from functools import cache
from typing import NamedTuple

import numpy as np
from sounds import encoded, riff, tone, wav


class Sample(NamedTuple):
    name: str
    data: bytes
    code: str
    """The code of the reason."""
    header: bool = False
    """Whether its header can be read all the same."""


def flipped(data, count, seed, start=0, end=None):
    """`count` bits turned over between two bytes."""
    rng = np.random.default_rng(seed)
    out = bytearray(data)
    for at in rng.integers(start, end or len(data), count):
        out[at] ^= 1 << rng.integers(8)
    return bytes(out)


def says(data, offset, form, value):
    """The bytes with a number in them replaced."""
    out = bytearray(data)
    struct.pack_into(form, out, offset, value)
    return bytes(out)


@cache
def broken():
    """Bytes that must be refused, each for its reason."""
    signal = tone(3, level=0.3)
    made = {name: encoded(name, signal) for name in
            ("wav", "flac", "ogg", "mp3", "m4a", "mp4-pieces", "opus", "webm", "aac", "aiff",
             "nist", "wav-ima", "au", "caf", "w64", "rf64", "wavpack", "alac")}  # fmt: skip
    half = {name: data[: len(data) // 2] for name, data in made.items()}
    body = (np.arange(20_000) % 999).astype("<i2").tobytes()
    flac = made["flac"]
    found = [
        ("empty", b"", "media.empty"),
        ("text.wav", b"the quick brown fox " * 50, "decode.format"),
        ("html.mp3", b"<!DOCTYPE html><html><body>404</body></html>", "decode.format"),
        ("json.flac", b'{"error": "not found"}', "decode.format"),
        ("playlist.m3u8", b"#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n", "decode.format"),
        ("list.mp4", b"ffconcat version 1.0\nfile /etc/passwd\n", "decode.format"),
        ("dash.mp4", b'<?xml version="1.0"?><MPD><BaseURL>/etc/passwd</BaseURL></MPD>',
         "decode.format"),
        ("picture.wav", b"\x89PNG\r\n\x1a\n" + bytes(500), "decode.format"),
        ("midi.wav", b"MThd" + bytes(60), "decode.format"),
        ("zeros.mp3", bytes(5000), "decode.format"),
        ("noise.mp3", bytes(range(128, 255)) * 9, "decode.format"),
        ("wav-half", half["wav"], "decode.truncated", True),
        ("wav-in-header", made["wav"][:40], "decode.truncated"),
        ("wav-only-riff", made["wav"][:12], "decode.truncated"),
        ("wav-no-fmt", b"RIFF\x10\0\0\0WAVEdata\4\0\0\0abcd", "decode.corrupt"),
        ("wav-rate-0", riff(body, rate=0), "decode.corrupt"),
        ("wav-channels-0", riff(body, channels=0), "decode.corrupt"),
        ("wav-rate-4-billion", riff(body, rate=0xFFFFFFFF), "decode.corrupt"),
        ("wav-channels-65535", riff(body, channels=65_535), "decode.corrupt"),
        ("wav-many-numbers", riff(body, rate=4_000_000, channels=500), "decode.bomb"),
        ("wav-big-endian", riff(body).replace(b"RIFF", b"RIFX"), "decode.format"),
        ("wav-no-samples", riff(b""), "audio.empty", True),
        ("wav-size-0", riff(b"", said=0), "audio.empty", True),
        ("wav-says-twice", riff(body, said=2 * len(body)), "decode.truncated", True),
        ("wav-ima-half", half["wav-ima"], "decode.truncated", True),
        ("rf64-half", half["rf64"], "decode.truncated", True),
        ("flac-half", half["flac"], "decode.corrupt", True),
        ("flac-flip", flipped(flac, 1, 3, 20_000, len(flac) - 100), "decode.corrupt", True),
        ("flac-says-2000-hours", says(flac, 18, ">Q", 8000 << 44 | 15 << 36 | 1 << 35),
         "decode.bomb"),
        ("flac-in-header", flac[:30], "decode.corrupt"),
        ("ogg-half", half["ogg"], "decode.truncated"),
        ("opus-half", half["opus"], "decode.truncated"),
        ("theora.ogg", b"OggS\0\2" + bytes(20) + b"\1\x2a\x80theora" + bytes(99), "audio.none"),
        ("m4a-half", half["m4a"], "decode.truncated"),
        ("alac-half", half["alac"], "decode.truncated"),
        ("mp4-only-ftyp", made["m4a"][:28], "decode.corrupt"),
        ("webm-half", half["webm"], "decode.truncated", True),
        ("webm-in-header", made["webm"][:150], "decode.corrupt"),
        ("mp3-half", half["mp3"], "decode.truncated", True),
        ("au-half", half["au"], "decode.truncated", True),
        ("aiff-half", half["aiff"], "decode.truncated", True),
        ("caf-half", half["caf"], "decode.corrupt"),
        ("nist-half", half["nist"], "decode.truncated", True),
        ("aac-half", half["aac"], "decode.corrupt", True),
        ("w64-half", half["w64"], "decode.truncated", True),
        ("wavpack-half", half["wavpack"], "decode.corrupt", True),
    ]  # fmt: skip
    return [Sample(*item) for item in found]


@cache
def odd():
    """Recordings that are strange but good: name, bytes, frames, channels, rate."""
    eight = tone(0.5, 16_000, 8)
    special = np.array([0, np.nan, np.inf, -1, 3], np.float32)[:, None]
    body = np.arange(1000, dtype="<i2").tobytes()
    return [
        ("eight-channels", wav(eight, 16_000), 8000, 8, 16_000),
        ("one-kilohertz", wav(tone(2, 1000), 1000), 2000, 1, 1000),
        ("three-megahertz", wav(tone(0.01, 3_000_000), 3_000_000), 30_000, 1, 3_000_000),
        ("numbers-that-are-none", wav(special, 16_000, "FLOAT"), 5, 1, 16_000),
        ("one-sample", wav(tone(1 / 16_000, 16_000), 16_000), 1, 1, 16_000),
        ("size-0", riff(body, said=0), 1000, 1, 16_000),
        ("size-most", riff(body, said=0xFFFFFFFF), 1000, 1, 16_000),
        ("garbage-behind", riff(body, after=b"\0garbage" * 30), 1000, 1, 16_000),
        ("odd-byte", riff(body + b"x", said=2001), 1000, 1, 16_000),
        ("twelve-bits", riff(body, bits=16).replace(b"\x10\0data", b"\x0c\0data"), 1000, 1, 16_000),
    ]
