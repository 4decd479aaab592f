"""Photos to 256 pixels on the short side: tamis beside Pillow and others, here and in Dask workers.

    python benchmarks/image/decode.py

CPU seconds of the decoding thread, contenders interleaved, the best of several rounds; 8 photos of
scikit-image at 640 × 480 and 1632 × 1224 with noise as of a sensor, JPEG of quality 87 and 4:2:0.
"""

from __future__ import annotations

import datetime
import io
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

SIZES = {"VGA": (640, 480), "2 MP": (1632, 1224)}
NAMES = (
    "astronaut",
    "coffee",
    "rocket",
    "chelsea",
    "retina",
    "hubble_deep_field",
    "grass",
    "brick",
)
NOISE = 3.0  # levels, standard deviation: files then have the bytes per pixel of media.md's
ROUNDS = 7
RESULTS = Path(__file__).parent.parent / "results"
PACKAGES = ("pillow", "simplejpeg", "opencv-python-headless", "numpy", "numba", "distributed")


def photos(size: tuple[int, int]) -> list[bytes]:
    import cv2
    import numpy as np
    import skimage.data
    from PIL import Image

    made = []
    for k, name in enumerate(NAMES):
        picture = getattr(skimage.data, name)()
        if picture.ndim == 2:
            picture = np.repeat(picture[:, :, None], 3, 2)
        height, width = picture.shape[:2]
        wide = min(width, height * size[0] // size[1])
        tall = wide * size[1] // size[0]
        picture = picture[(height - tall) // 2 :, (width - wide) // 2 :][:tall, :wide]
        smaller = size[0] < wide
        method = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
        picture = cv2.resize(picture, size, interpolation=method).astype(float)
        picture += np.random.default_rng(k).normal(0, NOISE, picture.shape)
        out = io.BytesIO()
        Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=87)
        made.append(out.getvalue())
    return made


def contenders() -> dict[str, object]:
    import cv2
    import numpy as np
    import simplejpeg
    from PIL import Image

    from tamis.image.decode import decode, header

    cv2.setNumThreads(1)

    def size(height: int, width: int) -> tuple[int, int]:
        short = min(height, width)
        return round(width * 256 / short), round(height * 256 / short)

    def pillow(data: bytes, draft: bool = False) -> object:
        image = Image.open(io.BytesIO(data))
        wanted = size(image.height, image.width)
        if draft:
            image.draft("RGB", wanted)
        return np.asarray(image.convert("RGB").resize(wanted, Image.Resampling.BICUBIC))

    def area(picture: object) -> object:
        wanted = size(*picture.shape[:2])
        return cv2.resize(picture, wanted, interpolation=cv2.INTER_AREA)

    return {
        "Pillow, bicubic": pillow,
        "Pillow, draft, bicubic": lambda data: pillow(data, True),
        "OpenCV, INTER_AREA": lambda data: area(
            cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), 1), cv2.COLOR_BGR2RGB)
        ),
        "simplejpeg, INTER_AREA": lambda data: area(simplejpeg.decode_jpeg(data)),
        "tamis": lambda data: decode(data, short_side=256),
        "tamis, grey": lambda data: decode(data, short_side=256, grey=True),
        "Pillow, full size": lambda data: np.asarray(Image.open(io.BytesIO(data)).convert("RGB")),
        "tamis, full size": decode,
        "Pillow, header": lambda data: Image.open(io.BytesIO(data)).size,
        "tamis, header": header,
    }


def rates() -> dict[str, object]:
    """Photos in a CPU second by each contender, at each size."""
    found: dict[str, object] = {}
    for name, size in SIZES.items():
        data = photos(size)
        found[f"{name} bytes"] = sum(map(len, data)) / len(data)
        seconds: dict[str, float] = {}
        for _ in range(ROUNDS):
            for contender, function in contenders().items():
                repeats = 40 if "header" in contender else 1
                start = time.thread_time()
                for _ in range(repeats):
                    for item in data:
                        function(item)
                took = (time.thread_time() - start) / repeats / len(data)
                seconds[contender] = min(seconds.get(contender, 1e9), took)
        found[name] = {contender: 1 / took for contender, took in seconds.items()}
    found["torch"] = "torch" in sys.modules
    found["MALLOC"] = {k: v for k, v in os.environ.items() if k.startswith("MALLOC")}
    return found


def here() -> dict[str, object]:
    """The same in a new process with the environment as it is."""
    import json

    code = "import json, decode; print(json.dumps(decode.rates()))"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent,
        env=environment | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def in_worker(media: bool) -> dict[str, object]:
    import tamis

    with tamis.local_cluster(workers=1, media=media) as client:
        client.upload_file(__file__)
        found = client.submit(_rates).result()
        client.shutdown()
    return found


def _rates() -> dict[str, object]:
    import decode

    return decode.rates()


def main() -> None:
    load = os.getloadavg()[0]
    tables = {
        "a plain process": here(),
        "a worker of `local_cluster(media=True)`": in_worker(True),
        "a worker as Dask starts it": in_worker(False),
    }
    lines = ["# Decoding photos", ""]
    lines += [
        f"{datetime.date.today()}, {platform.processor() or platform.machine()}, {os.cpu_count()} "
        f"cores shared with other work (load {load:.1f}), CPU seconds of one thread, "
        f"best of {ROUNDS}. `python benchmarks/image/decode.py`; "
        + ", ".join(f"{name} {version(name)}" for name in PACKAGES) + ".", "",
        "Photos of scikit-image with noise, JPEG q87 4:2:0, to 256 pixels on the short side.",
    ]  # fmt: skip
    for size in SIZES:
        first = tables["a plain process"]
        pixels, kilobytes = "×".join(map(str, SIZES[size])), first[f"{size} bytes"] / 1000
        lines += ["", f"## {size}: {pixels}, {kilobytes:.0f} KB a photo, "
                  "photos in a CPU second (÷ Pillow, bicubic)", ""]  # fmt: skip
        lines += ["| |" + "|".join(tables) + "|", "|---" * (1 + len(tables)) + "|"]
        for contender in first[size]:
            cells = []
            for table in tables.values():
                rate, base = table[size][contender], table[size]["Pillow, bicubic"]
                ratio = (
                    "" if "header" in contender or "full" in contender else f" ({rate / base:.1f}×)"
                )
                cells.append(f"{rate:,.0f}{ratio}")
            lines.append(f"| {contender} | " + " | ".join(cells) + " |")
    plain, worker, _ = tables.values()
    lines += [""]
    for size, goal in (("VGA", 2.5), ("2 MP", 4.0)):
        ratio = plain[size]["tamis"] / plain[size]["Pillow, bicubic"]
        share = worker[size]["tamis"] / plain[size]["tamis"]
        lines.append(
            f"{size}: {ratio:.2f}× Pillow (goal {goal}), a media worker at {share:.2f} of "
            "the plain process (goal 0.9).  "
        )
    imported = any(table["torch"] for table in tables.values())
    lines.append(f"torch imported: {'yes' if imported else 'no'}.")
    text = "\n".join(lines) + "\n"
    print(text)
    (RESULTS / f"image_decode-{datetime.date.today()}.md").write_text(text)


if __name__ == "__main__":
    main()
