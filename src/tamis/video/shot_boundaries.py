"""Where shots begin: rules over the differences of each frame from the one before it.

The rules are PySceneDetect's detectors of the same names, so that thresholds published for them
hold. All return the numbers of the frames with which a new shot begins, in order.
"""

from __future__ import annotations

import numpy as np

WEIGHTS = (1.0, 1.0, 1.0)  # of hue, saturation and value
DETECTORS = {"content": 27.0, "adaptive": 3.0, "histogram": 0.2, "threshold": 12.0}


def content_score(
    hue: np.ndarray, saturation: np.ndarray, value: np.ndarray,
    weights: tuple[float, float, float] = WEIGHTS,
) -> np.ndarray:  # fmt: skip
    """The weighted mean of how far hue, saturation and value moved, 0 to 255 (hue: 179).

    >>> content_score(np.array([0.0, 30]), np.array([0.0, 60]), np.array([0.0, 90]))
    array([ 0., 60.])
    """
    h, s, v = weights
    moved = h * hue.astype(np.float64) + s * saturation + v * value
    return moved / (abs(h) + abs(s) + abs(v))


def content_cuts(
    scores: np.ndarray, times: np.ndarray, threshold: float = 27.0, min_scene: float = 0.6
) -> list[int]:
    """Frames whose score reaches the threshold; of cuts close together one, at their end.

    A cut less than `min_scene` seconds after another frame above the threshold waits until frames
    stay below it for as long, and then counts where the last was above (flashes do not divide).

    >>> content_cuts(np.array([0, 90, 0, 0, 90, 0.0]), np.arange(6.0), min_scene=2)
    [4]
    """
    above, least = scores >= threshold, _least(times, min_scene)
    if least <= 0:
        return np.flatnonzero(above).tolist()
    found: list[int] = []
    last, began = 0, -1  # the last frame above; where waiting began, -1: nothing waits
    for at in range(len(scores)):
        far = times[at] - times[last] >= least
        if above[at]:
            last = at
        if began >= 0:
            long = times[last] - times[began] >= least
            if far and not above[at] and long:
                found.append(last)
                began = -1
        elif above[at]:
            if far:
                found.append(at)
            elif found:
                began = at
    return found


def adaptive_cuts(
    scores: np.ndarray, times: np.ndarray, threshold: float = 3.0, min_scene: float = 0.6,
    window: int = 2, min_content: float = 15.0,
) -> list[int]:  # fmt: skip
    """Frames whose score is `threshold` times the mean of those around, `window` on each side.

    So what moves all the time, as in a pan, is no cut. `min_content` is the least score of one.

    >>> adaptive_cuts(np.array([5, 5, 5, 60, 5, 5, 5.0]), np.arange(7.0))
    [3]
    """
    count = len(scores) - 2 * window
    if count <= 0:
        return []
    sums = np.zeros(count)
    for shift in range(2 * window + 1):
        if shift != window:
            sums += scores[shift : shift + count]
    around, middle = sums / (2.0 * window), scores[window : window + count]
    still = np.abs(around) < 1e-5
    ratio = np.minimum(middle / np.where(still, 1.0, around), 255.0)
    ratio = np.where(still, np.where(middle >= min_content, 255.0, 0.0), ratio)
    wanted = np.flatnonzero((ratio >= threshold) & (middle >= min_content)) + window
    return _apart(wanted, times, min_scene)


def histogram_cuts(
    correlation: np.ndarray, times: np.ndarray, threshold: float = 0.2, min_scene: float = 0.6
) -> list[int]:
    """Frames whose histogram of luma correlates with the one before by 1 - threshold or less.

    >>> histogram_cuts(np.array([1, 0.9, 0.1, 0.9]), np.arange(4.0))
    [2]
    """
    least = max(0.0, min(1.0, 1.0 - threshold))
    wanted = np.flatnonzero(correlation[1:] <= least) + 1
    return _apart(wanted, times, min_scene)


def fade_cuts(
    brightness: np.ndarray, times: np.ndarray, threshold: float = 12.0, min_scene: float = 0.6,
    bias: float = 0.0,
) -> list[int]:  # fmt: skip
    """Frames in the middle between a fade to below `threshold` (mean of R, G, B) and back.

    `bias` moves them: -1 to where it went out, 1 to where it came back.

    >>> fade_cuts(np.array([50, 50, 2, 2, 2, 50.0]), np.arange(6.0))
    [4]
    """
    dark, least = brightness < int(threshold), _least(times, min_scene)
    found: list[int] = []
    cut = out = 0
    for at in range(1, len(dark)):
        if dark[at] and not dark[at - 1]:
            out = at
        elif dark[at - 1] and not dark[at] and times[at] - times[cut] >= least:
            found.append(out + round((at - out) * (1.0 + bias) / 2.0))
            cut = at
    return found


def _least(times: np.ndarray, seconds: float) -> float:
    """A length in whole frames, the nearest number as in PySceneDetect, less half a frame.

    So times that a container has rounded do not decide.
    """
    if len(times) < 2:
        return seconds
    frame = float(times[-1] - times[0]) / (len(times) - 1)
    return (round(round(seconds / frame, 6)) - 0.5) * frame


def _apart(wanted: np.ndarray, times: np.ndarray, min_scene: float) -> list[int]:
    """Those that are at least so many seconds after the one taken before, or after the start."""
    found: list[int] = []
    last, least = 0, _least(times, min_scene)
    for at in wanted.tolist():
        if times[at] - times[last] >= least:
            found.append(at)
            last = at
    return found


def runs(wanted: np.ndarray) -> list[tuple[int, int]]:
    """Where values are true in a row: first, and one behind the last.

    >>> runs(np.array([True, False, True, True]))
    [(0, 1), (2, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], wanted.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
