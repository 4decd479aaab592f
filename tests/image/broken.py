"""Good and broken pictures of every kind, made from a packaged photo, and what is right of each."""

import io
import struct
import zlib
from functools import cache
from typing import NamedTuple

import numpy as np
import skimage.data
from PIL import Image, ImageCms


class Sample(NamedTuple):
    name: str
    data: bytes
    code: str | None
    """The code of the reason, None where the picture is good."""
    mean: tuple[float, ...] | None = None
    """Mean red, green and blue of a good one, from the pixels that were encoded."""
    size: tuple[int, int] | None = None
    """Width and height as displayed."""
    near: float = 1.0
    """How far the decoded mean may be from `mean`."""


WIDTH, HEIGHT = 200, 150


@cache
def photo():
    """A part of the astronaut, [150, 200, 3], in which all four corners differ."""
    return np.ascontiguousarray(skimage.data.astronaut()[20:170, 120:320])


def encoded(picture, kind="JPEG", **settings):
    out = io.BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(out, kind, **settings)
    return out.getvalue()


def mean(picture):
    return tuple(np.asarray(picture, float).reshape(-1, 3).mean(0))


def over_white(picture, alpha):
    share = np.asarray(alpha, float)[..., None] / 255
    return picture * share + 255 * (1 - share)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, rows, colour=2, bits=8, before=b"", interlace=0):
    """A PNG made by hand; `rows` are packed as they are."""
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlace)
    body = chunk(b"IHDR", head) + before + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def rows(picture):
    """Each row with its filter's byte."""
    return b"".join(b"\0" + row.tobytes() for row in picture)


def bmp(picture, alpha):
    """A 32-bit BMP whose header (version 4) has a mask for alpha."""
    height, width = picture.shape[:2]
    body = np.dstack([picture[::-1, :, ::-1], alpha[::-1]]).tobytes()
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000, 0x73524742)
    head = struct.pack("<IiiHHIIiiII", 108, width, height, 1, 32, 3, len(body), 2835, 2835, 0, 0)
    head = (head + struct.pack("<5I", *masks)).ljust(108, b"\0")
    return b"BM" + struct.pack("<IHHI", 122 + len(body), 0, 0, 122) + head + body


def jpeg_says(data, width, height):
    at = data.index(b"\xff\xc0")
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


def flipped(data, count, seed, start=0, end=None):
    """`count` bits turned over between two bytes."""
    rng = np.random.default_rng(seed)
    out = bytearray(data)
    for at in rng.integers(start, end or len(data), count):
        out[at] ^= 1 << rng.integers(8)
    return bytes(out)


def turned(picture, orientation):
    """What is stored so that `picture` is displayed (EXIF 2.3, tag 274), by NumPy alone."""
    undo = {
        1: lambda a: a, 2: lambda a: a[:, ::-1], 3: lambda a: a[::-1, ::-1], 4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2), 6: lambda a: np.rot90(a), 7: lambda a:
        a[::-1, ::-1].transpose(1, 0, 2), 8: lambda a: np.rot90(a, -1),
    }  # fmt: skip
    return np.ascontiguousarray(undo[orientation](picture))


def exif(orientation):
    found = Image.Exif()
    found[274] = orientation
    return found.tobytes()


def three_by_one():
    """A grey JPEG of 24 × 8 pixels, three blocks of luma for one of chroma: a ratio without a name.

    Written by hand: blocks without any coefficient, in the codes of T.81's tables K.3 to K.6.
    """
    data = encoded(np.full((8, 24, 3), 128, np.uint8), subsampling=0)
    frame, scan = data.index(b"\xff\xc0"), data.index(b"\xff\xda") + 14
    bits = "001010" * 3 + "0000" * 2
    bits += "1" * (-len(bits) % 8)
    body = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return data[: frame + 11] + b"\x31" + data[frame + 12 : scan] + body + b"\xff\xd9"


@cache
def good():
    """Pictures that must decode, to a known mean and size."""
    picture = photo()
    image = Image.fromarray(picture)
    grey = np.asarray(image.convert("L"))
    alpha = np.tile(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, 1))
    rgb, level = mean(picture), (grey.mean(),) * 3
    size = (WIDTH, HEIGHT)
    found = []

    def add(name, data, colours=rgb, shape=size, near=1.0):
        found.append(Sample(name, data, None, tuple(colours), shape, near))

    for quality in (30, 60, 95):
        add(f"jpeg-q{quality}", encoded(picture, quality=quality))
    add("jpeg-444-progressive", encoded(picture, subsampling=0, progressive=True))
    add("jpeg-grey", encoded(grey), level)
    add("jpeg-rgb-stored", encoded(picture, keep_rgb=True, quality=90))
    add("jpeg-three-by-one", three_by_one(), (128,) * 3, (24, 8))
    add("jpeg-garbage-after", encoded(picture) + b"\0garbage" * 50)
    add("jpeg-cmyk-adobe", encoded(image.convert("CMYK"), quality=90), near=2.0)
    add("jpeg-icc", encoded(picture, icc_profile=ImageCms.ImageCmsProfile(
        ImageCms.createProfile("sRGB")).tobytes()))  # fmt: skip
    for k in range(1, 9):
        add(f"jpeg-exif-{k}", encoded(turned(picture, k), exif=exif(k), quality=90))
        add(f"png-exif-{k}", encoded(turned(picture, k), "PNG", exif=exif(k)))
    for kind in ("WEBP", "TIFF", "AVIF"):
        lossless = {"lossless": True} if kind == "WEBP" else {}
        data = encoded(turned(picture, 6), kind, exif=exif(6), **lossless)
        add(f"{kind.lower()}-exif-6", data, near=2.0)
    for kind in ("PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"):
        add(kind.lower(), encoded(picture, kind), near=2.0)
    for kind in ("PNG", "WEBP", "TIFF", "AVIF"):
        both = np.dstack([picture, alpha])
        lossless = {"lossless": True, "exact": True} if kind == "WEBP" else {}
        add(f"{kind.lower()}-alpha", encoded(both, kind, **lossless),
            mean(over_white(picture, alpha)), near=2.0)  # fmt: skip
    add("bmp-alpha", bmp(picture, alpha), mean(over_white(picture, alpha)))
    both = over_white(np.repeat(grey[:, :, None], 3, 2), alpha)
    pair = Image.merge("LA", [Image.fromarray(grey), Image.fromarray(alpha)])
    add("png-grey-alpha", encoded(pair, "PNG"), mean(both))
    wide = (grey.astype(np.uint16) << 8) | grey
    add("png-grey-16", encoded(wide, "PNG"), level)
    add("tiff-grey-16", encoded(wide, "TIFF"), level)
    wide = picture.astype(">u2") * 257
    add("png-rgb-16", png(WIDTH, HEIGHT, rows(wide.astype(">u2")), bits=16))
    bits = image.convert("1")
    share = 255 * np.asarray(bits).mean()
    for kind in ("PNG", "TIFF", "BMP"):
        add(f"{kind.lower()}-1-bit", encoded(bits, kind), (share,) * 3)
    add("tiff-fax", encoded(bits, "TIFF", compression="group4"), (share,) * 3)
    add("tiff-cmyk", encoded(image.convert("CMYK"), "TIFF"))
    add("tiff-lzw", encoded(picture, "TIFF", compression="tiff_lzw"))
    palette = np.array([[200, 30, 60], [10, 20, 30]], np.uint8)
    index = (np.arange(WIDTH * HEIGHT) % 2).reshape(HEIGHT, WIDTH).astype(np.uint8)
    flat = Image.fromarray(index, "P")
    flat.putpalette(palette.tobytes())
    half = mean(np.array([[200, 30, 60], [255, 255, 255]]))
    add("png-palette", encoded(flat, "PNG"), mean(palette))
    for kind in ("PNG", "GIF"):
        add(f"{kind.lower()}-palette-clear", encoded(flat, kind, transparency=1), half)
    for name, level16, bits in (("16", 3000, 16), ("8", 77, 8)):
        cell = struct.pack(">H", level16) if bits == 16 else bytes([level16])
        data = png(
            4, 4, (b"\0" + cell * 4) * 4, 0, bits, chunk(b"tRNS", struct.pack(">H", level16))
        )
        add(f"png-grey-{name}-clear", data, (255,) * 3, (4, 4))
    other = Image.fromarray(255 - picture)
    for kind in ("GIF", "WEBP", "PNG"):
        data = encoded(image, kind, save_all=True, append_images=[other, image, other], duration=50)
        add(f"{kind.lower()}-animated", data, near=3.0)
    add("tiff-pages", encoded(image, "TIFF", save_all=True, append_images=[other]))
    add("png-interlaced-black", png(8, 8, bytes(8 * 3 * 8 + 15), interlace=1), (0, 0, 0), (8, 8))
    add("png-black", encoded(np.zeros((9, 7, 3), np.uint8), "PNG"), (0, 0, 0), (7, 9))
    for width, height in ((1, 1), (1, 300), (300, 1), (7, 3)):
        part = np.full((height, width, 3), 90, np.uint8)
        for kind in ("JPEG", "PNG", "WEBP"):
            data = encoded(part, kind)
            add(f"{kind.lower()}-{width}x{height}", data, (90,) * 3, (width, height), 3.0)
    return found


@cache
def broken():
    """Bytes that must be refused, each for its reason."""
    picture = photo()
    jpeg, whole = encoded(picture, quality=87), encoded(picture, "PNG")
    at = whole.index(b"IDAT")
    scan = jpeg.index(b"\xff\xda") + 14
    found = [
        ("empty", b"", "media.empty"),
        ("html", b"<!DOCTYPE html><html><body>404</body></html>", "decode.format"),
        ("svg", b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
         "decode.format"),
        ("json", b'{"error": "not found"}', "decode.format"),
        ("pdf", b"%PDF-1.7\n", "decode.format"),
        ("noise", bytes(range(200, 256)) * 9, "decode.format"),
        ("text-bm", b"BMW builds cars in Munich and elsewhere.", "decode.format"),
        ("jpeg-half", jpeg[: len(jpeg) // 2], "decode.truncated"),
        ("jpeg-no-end-mark", jpeg[:-2], "decode.truncated"),
        ("jpeg-in-header", jpeg[:100], "decode.truncated"),
        ("jpeg-three-bytes", jpeg[:3], "decode.truncated"),
        ("jpeg-progressive-half", encoded(picture, progressive=True)[:4000], "decode.truncated"),
        ("jpeg-flips", flipped(jpeg, 30, 1, scan, len(jpeg) - 2), "decode.corrupt"),
        ("jpeg-zero-wide", jpeg_says(jpeg, 0, 150), "decode.corrupt"),
        ("jpeg-twice-as-high", jpeg_says(jpeg, WIDTH, 2 * HEIGHT), "decode.corrupt"),
        ("jpeg-65500", jpeg_says(jpeg, 65_500, 65_500), "decode.bomb"),
        ("jpeg-scans", _many_scans(picture), "decode.bomb"),
        ("png-half", whole[: len(whole) // 2], "decode.truncated"),
        ("png-cut-20", whole[:-20], "decode.truncated"),
        ("png-no-end-mark", whole[:-12], "decode.truncated"),
        ("png-flip", flipped(whole, 1, 2, at + 100, len(whole) - 30), "decode.corrupt"),
        ("png-crc", whole[:-13] + bytes([whole[-13] ^ 1]) + whole[-12:], "decode.corrupt"),
        ("png-header-crc", whole[:29] + b"abcd" + whole[33:], "decode.corrupt"),
        ("png-few-rows", png(WIDTH, HEIGHT, rows(picture[:70])), "decode.truncated"),
        ("png-bomb-30000", png(30_000, 30_000, bytes(1000)), "decode.bomb"),
        ("png-bomb-13000", _black(13_000), "decode.bomb"),
        ("png-wide-8400000", png(8_400_000, 9, bytes(100)), "decode.bomb"),
        ("png-text-bomb", _with(b"zTXt", b"x\0\0"), "decode.bomb"),
        ("png-icc-bomb", _with(b"iCCP", b"x\0\0"), "decode.bomb"),
        ("tiff-float", encoded(Image.fromarray(picture[:, :, 0].astype(np.float32)), "TIFF"),
         "decode.format"),
        ("tiff-int32", encoded(Image.fromarray(picture[:, :, 0].astype(np.int32)), "TIFF"),
         "decode.format"),
        ("gif-in-header", encoded(picture, "GIF")[:12], "decode.truncated"),
        ("gif-half", encoded(picture, "GIF")[:9000], "decode.truncated"),
        ("gif-65535", b"GIF89a\xff\xff\xff\xff" + encoded(picture, "GIF")[10:], "decode.bomb"),
        ("webp-bomb", _webp_says(16_384, 16_384), "decode.bomb"),
        ("avif-brand-only", b"\0\0\0\x18ftypavif\0\0\0\0avifmif1", "decode.truncated"),
    ]  # fmt: skip
    for kind in ("WEBP", "TIFF", "BMP", "AVIF"):
        data = encoded(picture, kind)
        found.append((f"{kind.lower()}-half", data[: len(data) // 2], "decode.truncated"))
        found.append((f"{kind.lower()}-cut-20", data[:-20], "decode.truncated"))
    lzw = encoded(picture, "TIFF", compression="tiff_adobe_deflate")
    found.append(("tiff-flips", flipped(lzw, 30, 3, 500, len(lzw) - 500), "decode.corrupt"))
    return [Sample(name, data, code) for name, data, code in found]


def _many_scans(picture):
    """A progressive JPEG whose last scan stands there two hundred times."""
    data = encoded(picture[:16, :16], progressive=True)
    at = data.rindex(b"\xff\xda")
    return data[:at] + data[at:-2] * 200 + data[-2:]


def _black(side):
    """A valid PNG of some kilobytes: `side`² black pixels, 1 bit each here and 24 when decoded."""
    return png(side, side, bytes((side // 8 + 1) * side), colour=0, bits=1)


def _with(kind, start):
    """A good PNG with 30 MB of zeros packed into a chunk before its pixels."""
    extra = chunk(kind, start + zlib.compress(bytes(30_000_000)))
    return png(WIDTH, HEIGHT, rows(photo()), before=extra)


def _webp_says(width, height):
    flags = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    inner = encoded(photo(), "WEBP")[12:]
    body = b"WEBPVP8X" + struct.pack("<I", 10) + flags + inner
    return b"RIFF" + struct.pack("<I", len(body)) + body
