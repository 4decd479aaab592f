"""Decoders with real faults, run in the sandbox by name."""

import ctypes
import os
import subprocess
import sys
import time
from typing import NamedTuple

import numpy as np

from tamis.codes import BadRecord
from tamis.media import parts

LEAKED = []
SEEN = []


class Size(NamedTuple):
    width: int
    pixels: np.ndarray


def crash():
    ctypes.string_at(0)


def busy():
    """A loop in C that holds the GIL."""
    sum(iter(int, 1))


def decode(data, *, factor=1):
    """What the data says: `b"segfault"`, `b"sleep"`, `b"busy"`, … or good data."""
    if data == b"segfault":
        crash()
    elif data == b"sleep":
        time.sleep(1000)
    elif data == b"busy":
        busy()
    elif data == b"memory":
        kept = []
        while True:
            kept.append(np.ones(10_000_000))
    elif data == b"bad_alloc":
        sys.stderr.write("terminate called after throwing 'std::bad_alloc'\n")
        sys.stderr.flush()
        os.abort()
    elif data == b"exit":
        os._exit(3)
    elif data == b"abort":
        os.abort()
    elif data == b"noise":
        os.write(1, b"garbage\0" * 100_000)
        print("garbage" * 10_000, file=sys.stderr)
    elif data == b"closes":
        os.closerange(3, 100)
    elif data == b"writes":
        with open("/tmp/tamis-sandbox-wrote", "w") as file:
            file.write("x")
    elif data == b"bad":
        raise BadRecord("decode.truncated", "it ends early")
    elif data == b"defect":
        raise KeyError("no such thing")
    elif data == b"child":
        subprocess.Popen(["sleep", "1000"])
        crash()
    elif data == b"poisons":  # what comes after it crashes, unless in another process
        SEEN.append(1)
    elif data == b"after" and SEEN:
        crash()
    elif data == b"leak":
        LEAKED.append(np.ones(8_000_000 // 8))
    return len(data) * factor


def pixels(data, *, width):
    return np.full((width, width, 3), len(data), np.uint8)


def size(data):
    return Size(len(data), np.arange(len(data), dtype=">i4"))


def mirror(data, *, value):
    """The value again; and the data."""
    return [value, data]


def pid(data):
    return os.getpid()


def limits(data):
    import resource

    names = ("RLIMIT_CORE", "RLIMIT_FSIZE", "RLIMIT_AS")
    return {name: resource.getrlimit(getattr(resource, name))[1] for name in names}


def rogue(data, *, says):
    """One that has been taken over: it writes to the socket by itself."""
    for name in os.listdir("/proc/self/fd"):
        try:
            if os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                os.write(int(name), says.encode("latin-1"))
        except OSError:
            pass
    return 1


def reaches(data, *, port, path):
    """What a decoder gets of the network and of the disk."""
    import socket

    got = []
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
        got.append("network")
    except OSError:
        pass
    try:
        with open(path, "wb") as file:
            file.write(b"x")
        got.append("disk")
    except OSError:
        pass
    return got


def picture(data):
    """A picture by Pillow, as an array."""
    import io

    from PIL import Image

    try:
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    except Exception as error:
        raise BadRecord("decode.corrupt", type(error).__name__) from error


def in_parts(data, flag=""):
    """Parts 0, 1, 2, …, as many as the data has bytes; it dies half way, if a file says so."""
    for number in range(len(data)):
        if flag and number == len(data) // 2 and (flag == "always" or served["count"]):
            crash()
        parts.give((number, bytes(1000)))
    served["count"] += 1
    return len(data)


served = {"count": 0}
