"""Texts that are hard to measure: every script and plane, and what the rules look for."""

import random

from reference import BULLETS, ELLIPSES, POLICIES

SPACES = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000 and chr(c).isspace()]
NEAR_SPACES = ["\u200b", "\u2060", "\ufeff", "\u180e", "\u200e", "\u2027", "\u3001", "\xad", "\b"]
SCRIPTS = {
    "latin": (0x61, 0x7A), "capitals": (0x41, 0x5A), "accents": (0xC0, 0x17F),
    "greek": (0x370, 0x3FF), "cyrillic": (0x400, 0x4FF), "armenian": (0x531, 0x58F),
    "hebrew": (0x5D0, 0x5EA), "arabic": (0x600, 0x6FF), "devanagari": (0x900, 0x97F),
    "bengali": (0x980, 0x9FF), "tamil": (0xB80, 0xBFF), "thai": (0xE00, 0xE5B),
    "tibetan": (0xF00, 0xFFF), "georgian": (0x10A0, 0x10FF), "hangul": (0xAC00, 0xD7A3),
    "ethiopic": (0x1200, 0x137F), "khmer": (0x1780, 0x17FF), "mongolian": (0x1800, 0x18AF),
    "hiragana": (0x3040, 0x309F), "katakana": (0x30A0, 0x30FF), "han": (0x4E00, 0x9FFF),
    "private": (0xE000, 0xF8FF), "gothic": (0x10330, 0x1034A), "math": (0x1D400, 0x1D7FF),
    "emoji": (0x1F300, 0x1FAFF), "han2": (0x20000, 0x2A6DF), "tags": (0xE0001, 0xE007F),
    "top": (0x10FFF0, 0x10FFFF), "combining": (0x300, 0x36F), "punctuation": (0x2010, 0x205E),
    "controls": (0x00, 0x1F), "latin1": (0x80, 0xFF), "digits": (0x30, 0x39),
    "other digits": (0x660, 0x669), "fullwidth": (0xFF01, 0xFF60), "ascii": (0x20, 0x7E),
    "symbols": (0x2000, 0x2BFF),
}  # fmt: skip
SNIPPETS = [
    "#", "##", "#a#", "#a#b", "#é#", "# # #", "...", "..", "(...)", "[...]", "[…]", "(…)", "-»",
    "»", "…",
    "Read More", "READ MORE..", "read more...", "read\xa0more", "read\x00more", "eread more",
    "[....]", "{...}", "the", "of the", "with that", "The", "have", "to be or not to be", "be\x00",
    "http://a", "https://", "http://", "https://x.org/%41%zz", "http://a.b/porn~x", "http://a#b~porn",
    "http://http://b", "httpshttp://c;d<e>", "xhttp://y", "http://é", "https://a_b`c", "http://a%4",
    "://",
    "HTTP://A", "ttp://a", "s://a", "https://pornographic.example", "http://q?porn=1&x=%20porn",
    "Lorem Ipsum", "loremipsum", "lorem  ipsum", "PRIVACY POLICY", "coo\u212aie policy",
    "use coo\u212aies", "u\u017fe cookies", "prİvacy policy", "Terms Of Use", "terms\nof use",
    "USES COOKIES", "use  cookies", "\u212a", "cookie", "privacy", "ms", "ok", "ps",
    "⟨", "⟩", "⟪", "()", "[{}]", "👩‍👩‍👧‍👦", "🇫🇷", "e\u0301", "\u0301", "Ã©", "â€™",
    "“quoted”", "it’s", "a\x00b",
    "١٢٣", "１２", "Ⅻ", "ª", "ⓐ", "\U0001d7d8", "ﷺ", "a" * 8, "b" * 16, "c" * 17, "é" * 9,
    "d" * 63, "d" * 64,
    "e" * 65, "日本" * 40, "aaaa", "ababab", "aa aa aa",
    *BULLETS, *(b + " item" for b in BULLETS[:3]), "-", "*", "·", *ELLIPSES, *POLICIES,
]  # fmt: skip
SEPARATORS = [" ", " ", " ", " ", "\n", "\n\n", "\n\n\n", "\r\n", "\r\n\r\n", "\t", "  ", ""]


def some_word(rng):
    low, high = rng.choice(list(SCRIPTS.values()))
    return "".join(chr(rng.randint(low, high)) for _ in range(rng.choice((1, 1, 2, 3, 5, 8, 13))))


def some_text(seed):
    """A text of pieces drawn from a small pool, so that words, lines and n-grams come back."""
    rng = random.Random(seed)
    pool = [rng.choice((some_word, some_word, lambda r: r.choice(SNIPPETS)))(rng)
            for _ in range(rng.choice((1, 2, 3, 6, 20, 60)))]  # fmt: skip
    separators = rng.choice(
        (SEPARATORS, SEPARATORS, [" "], ["\n"], [*SPACES, *NEAR_SPACES], [" ", "\n\n"])
    )
    pieces = []
    for _ in range(rng.choice((1, 2, 3, 5, 10, 30, 100, 300))):
        pieces += [rng.choice(pool), rng.choice(separators)]
    if rng.random() < 0.3:  # repeat a stretch of it
        pieces += pieces[: rng.randint(1, len(pieces))] * rng.randint(1, 3)
    return "".join(pieces)


def fixed_texts():
    """Cases with a reason."""
    plain = "The quick brown fox jumps over the lazy dog and that is the end of it.\n"
    texts = [
        "",
        " ",
        "\n",
        "\n\n",
        "\r\n",
        "\u3000",
        "\x85",
        "\x1c\x1d",
        "a",
        "é",
        "日",
        "👍",
        "\x00",
        "\u200b",
    ]
    texts += [f"{space}one{space}two{space}{space}three{space}" for space in SPACES + NEAR_SPACES]
    texts += [f"ends here{mark}\nnext {mark}" for mark in (*ELLIPSES, *".?!\"'…»]")]
    texts += [f"a {mark.upper()} \u3000\n{mark}x\n {mark}\xa0\n" for mark in ELLIPSES]
    texts += [f" {b}one\n{b}\n-{b}\nx{b}\n" for b in BULLETS] + list(POLICIES) + list(SNIPPETS)
    texts += [
        ("x" * k) + space + "y" for space in ("\u3000", "\xa0", "\u2028") for k in range(58, 70)
    ]
    texts += [("\u3000" * k) + "y z" for k in range(18, 26)] + [
        ("\xa0" * k) + "y" for k in range(30, 34)
    ]
    texts += ["a" * k for k in (62, 63, 64, 65, 127, 128, 129)] + [
        "a " * k for k in (31, 32, 33, 64)
    ]
    texts += [("a" * k) + "http://x.y/porn " + ("b" * k) for k in range(50, 70)]
    texts += [("a" * k) + " uses coo\u212aies" for k in range(50, 66)]
    texts += [("a" * k) + "\n\n" + "b" + "\n" * 3 + "b\n\n" for k in range(60, 66)]
    texts += [
        "".join(SPACES),
        "".join(SPACES) + "x",
        plain * 50,
        "a b " * 500,
        "ha " * 999,
        "aaaa " * 70,
    ]
    texts += ["\n".join(["same line"] * 200), "\n\n".join(["a", "b"] * 100), "\n" * 100 + "x"]
    texts += ["".join(map(chr, range(0x250))), "!?.,;:" * 40, "(" * 100, "#" * 101 + " #", "…" * 60]
    texts += ["日本語のテキスト。" * 30, "это русский текст " * 30, "\u0301" * 70, "word" * 5000]
    return texts
