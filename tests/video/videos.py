"""Videos for tests, made of real photos that move, by codecs that PyAV's wheel has."""

import fractions
import functools

import av
import numpy as np
import skimage.data


@functools.cache
def photo(name="astronaut"):
    """A real photo, uint8 of [height, width, 3]."""
    return np.ascontiguousarray(getattr(skimage.data, name)()[..., :3])


def panned(count=50, height=144, width=256, step=2, name="astronaut"):
    """A camera that pans over a photo, `step` pixels a frame."""
    whole = photo(name)
    for k in range(count):
        left = (k * step) % (whole.shape[1] - width)
        yield whole[60 : 60 + height, left : left + width]


def made(path, pictures, codec="libx264", fps=25, *, format=None, pix_fmt="yuv420p", times=None,
         rotation=None, gop=12, sound=False, **options):  # fmt: skip
    """Write pictures as a video; `times` are those of the frames in thousandths of a second."""
    pictures = list(pictures)
    with av.open(str(path), "w", format=format) as container:
        stream = container.add_stream(codec, rate=fps)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pix_fmt
        stream.gop_size = gop
        stream.codec_context.thread_count = 1
        stream.options = {"preset": "ultrafast"} | options if codec == "libx264" else options
        if times is not None:
            stream.codec_context.time_base = fractions.Fraction(1, 1000)
        if rotation is not None:
            stream.set_display_rotation(rotation)
        track = container.add_stream("aac", rate=16000) if sound else None
        for k, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = int(times[k]), fractions.Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if track is not None:
            samples = np.zeros((1, int(16000 * len(pictures) / fps)), np.float32)
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.rate = 16000
            container.mux(track.encode(frame))
            container.mux(track.encode())
    return path


def all_frames(path, format="rgb24"):
    """Times and frames by PyAV alone."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        first = (stream.start_time or 0) * stream.time_base
        found = [(float(f.pts * f.time_base - first), f) for f in container.decode(stream)]
        return [t for t, _ in found], [f.to_ndarray(format=format) for _, f in found]
