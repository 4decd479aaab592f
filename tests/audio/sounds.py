"""Recordings of every format, made from a signal that is known."""

import io
import struct

import av
import numpy as np
import soundfile

RATE = 48_000


def tone(seconds=2.0, rate=RATE, channels=1, seed=0, level=0.3):
    """Tones that glide and some noise: float32 of [n, channels], no two channels alike."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate)) / rate
    found = [
        np.sin(2 * np.pi * (200 + 50 * c + 300 * t / max(seconds, 0.1)) * t)
        for c in range(channels)
    ]
    noise = 0.05 * rng.standard_normal((len(t), channels))
    return (level * (np.stack(found, 1) if channels else noise) + noise * level).astype(np.float32)


def wav(samples, rate=RATE, subtype="PCM_16", format="WAV"):
    """By libsndfile."""
    out = io.BytesIO()
    soundfile.write(out, samples, rate, subtype=subtype, format=format)
    return out.getvalue()


# name: how libsndfile or ffmpeg writes it, and the format and codec that it is
SNDFILE = {
    "wav": ("WAV", "PCM_16", "wav", "pcm_s16"), "wav-u8": ("WAV", "PCM_U8", "wav", "pcm_u8"),
    "wav-24": ("WAV", "PCM_24", "wav", "pcm_s24"), "wav-32": ("WAV", "PCM_32", "wav", "pcm_s32"),
    "wav-float": ("WAV", "FLOAT", "wav", "pcm_f32"),
    "wav-double": ("WAV", "DOUBLE", "wav", "pcm_f64"),
    "wav-mulaw": ("WAV", "ULAW", "wav", "mulaw"), "wav-alaw": ("WAV", "ALAW", "wav", "alaw"),
    "wav-ima": ("WAV", "IMA_ADPCM", "wav", "adpcm_ima"),
    "wav-ms": ("WAV", "MS_ADPCM", "wav", "adpcm_ms"),
    "wavex": ("WAVEX", "PCM_24", "wav", "pcm_s24"), "rf64": ("RF64", "PCM_16", "wav", "pcm_s16"),
    "aiff": ("AIFF", "PCM_16", "aiff", "pcm_s16"), "au": ("AU", "PCM_16", "au", "pcm_s16"),
    "caf": ("CAF", "PCM_16", "caf", "pcm_s16"), "w64": ("W64", "PCM_16", "w64", "pcm_s16"),
    "nist": ("NIST", "PCM_16", "nist", "pcm_s16"), "voc": ("VOC", "PCM_16", "voc", "pcm_s16"),
    "flac": ("FLAC", "PCM_16", "flac", "flac"), "flac-24": ("FLAC", "PCM_24", "flac", "flac"),
    "ogg": ("OGG", "VORBIS", "ogg", "vorbis"), "mp3": ("MP3", "MPEG_LAYER_III", "mp3", "mp3"),
}  # fmt: skip
FFMPEG = {
    "m4a": ("ipod", "aac", "mp4", "aac"), "alac": ("ipod", "alac", "mp4", "alac"),
    "aac": ("adts", "aac", "aac", "aac"), "opus": ("ogg", "libopus", "opus", "opus"),
    "webm": ("webm", "libopus", "webm", "opus"), "mka": ("matroska", "aac", "webm", "aac"),
    "ac3": ("ac3", "ac3", "ac3", "ac3"), "wavpack": ("wv", "wavpack", "wavpack", "wavpack"),
    "amr": ("amr", "libopencore_amrnb", "amr", "amr_nb"), "ts": ("mpegts", "aac", "mpegts", "aac"),
    "mp4-pieces": ("mp4", "aac", "mp4", "aac"), "avi": ("avi", "libmp3lame", "avi", "mp3"),
}  # fmt: skip
LOSSLESS = {*(k for k in SNDFILE if k not in ("ogg", "mp3")), "alac", "wavpack"}
NAMES = [*SNDFILE, *FFMPEG]


def encoded(name, samples, rate=RATE):
    """The samples, float32 of [n, channels], as a file of that name in the tables above."""
    if name in SNDFILE:
        format, subtype, *_ = SNDFILE[name]
        return wav(samples, rate, subtype, format)
    container, codec, *_ = FFMPEG[name]
    out = io.BytesIO()
    options = {"movflags": "+frag_keyframe+empty_moov"} if name == "mp4-pieces" else {}
    with av.open(out, "w", format=container, options=options) as file:
        stream = file.add_stream(codec, rate=rate)
        layout = {1: "mono", 2: "stereo"}[samples.shape[1]]
        stream.layout = layout
        packed = np.ascontiguousarray(samples.T, np.float32)
        frame = av.AudioFrame.from_ndarray(packed, "fltp", layout)
        frame.sample_rate = rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)
    return out.getvalue()


def riff(samples, rate=16_000, *, tag=1, bits=16, channels=1, said=None, before=b"", after=b""):
    """A WAV file by hand, whose header may lie about everything."""
    block = channels * bits // 8
    form = struct.pack(
        "<HHIIHH", tag, channels, rate, rate * block & 0xFFFFFFFF, block & 0xFFFF, bits
    )
    size = len(samples) if said is None else said
    body = b"WAVE" + before + b"fmt " + struct.pack("<I", 16) + form
    body += b"data" + struct.pack("<I", size) + samples + after
    return b"RIFF" + struct.pack("<I", len(body) & 0xFFFFFFFF) + body
