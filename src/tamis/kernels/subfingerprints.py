"""From the spectra of short frames of sound to words of 32 bits that outlive re-encoding.

Each bit of a word says whether the difference between two neighbouring bands of frequency grew or
fell from a frame to a later one (J. Haitsma and A. Kalker, "A Highly Robust Audio Fingerprinting
System", 2002). Signs of differences of differences do not depend on level, and little on codecs.
A word of 0 stands where the sound says nothing: silence, and what does not change (tones, hum).
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit

BITS = 32
LAG = 2  # frames between the two that a word compares
STILL = 0.05  # a bit whose difference is smaller, relative to the energies it is of, says nothing
TELLING = 10  # bits that must say something
FLOOR = 1e-6  # of the energy of the whole frame: what numbers of 32 bits leave of a pure tone


@jit
def band_energies(
    halves: np.ndarray, turns: np.ndarray, edges: np.ndarray, energies: np.ndarray
) -> None:
    """Fill float64[frames, bands] with the energy between neighbouring edges (in bins).

    `halves` (complex64[frames, n]) are the transforms of frames of 2 n samples, taken as n complex
    numbers: numpy has them in a third of the time of its transform of real ones. `turns` are
    `exp(-pi i k / n)`, float64[n, 2]. Bins count in part where an edge falls into them. The lowest
    edge is above half a bin.
    """
    n = halves.shape[1]
    low, high = int(edges[0] + 0.5), min(int(edges[edges.size - 1] + 0.5), n - 1)
    power, summed = np.zeros(high - low + 1), np.zeros(high - low + 2)
    for frame in range(halves.shape[0]):
        for k in range(low, high + 1):
            one, other = halves[frame, k], halves[frame, n - k]
            even_r = np.float64(one.real) + np.float64(other.real)
            even_i = np.float64(one.imag) - np.float64(other.imag)
            odd_r = np.float64(one.real) - np.float64(other.real)
            odd_i = np.float64(one.imag) + np.float64(other.imag)
            real = even_r + turns[k, 1] * odd_r + turns[k, 0] * odd_i
            imaginary = even_i + turns[k, 1] * odd_i - turns[k, 0] * odd_r
            power[k - low] = 0.25 * (real * real + imaginary * imaginary)
        for k in range(power.size):
            summed[k + 1] = summed[k] + power[k]
        before = 0.0
        for edge in range(edges.size):
            place = edges[edge] + 0.5 - low  # bin k reaches from k - 1/2 to k + 1/2
            whole = min(int(place), high - low)
            value_at = summed[whole] + (place - whole) * (summed[whole + 1] - summed[whole])
            if edge > 0:
                energies[frame, edge - 1] = value_at - before
            before = value_at


@jit
def words_of(energies: np.ndarray, silence: float, words: np.ndarray) -> None:
    """Fill uint32[frames - LAG] from float64[frames, BITS + 1]; 0 where a word would say nothing.

    Frames of less energy than `silence` say nothing.
    """
    bands = energies.shape[1]
    for frame in range(words.size):
        early, late = energies[frame], energies[frame + LAG]
        all_early, all_late = 0.0, 0.0
        for band in range(bands):
            all_early += early[band]
            all_late += late[band]
        words[frame] = np.uint32(0)
        if all_early < silence or all_late < silence:
            continue
        word, telling = np.uint32(0), 0
        for band in range(bands - 1):
            change = (late[band] - late[band + 1]) - (early[band] - early[band + 1])
            if change > 0.0:
                word |= np.uint32(1) << np.uint32(band)
            near = late[band] + late[band + 1] + early[band] + early[band + 1]
            if abs(change) > STILL * (near + FLOOR * (all_early + all_late)):
                telling += 1
        if telling >= TELLING:
            words[frame] = word if word != np.uint32(0) else np.uint32(1)
